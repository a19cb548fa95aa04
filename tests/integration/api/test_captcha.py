"""Captcha over HTTP: read once, in time, in three tries, for one purpose; counted by address."""

import asyncio
import base64
from datetime import timedelta
from typing import Any

import pytest

from adapters.captcha.image import ALPHABET, LETTERS, TRIES
from adapters.postgres.captcha import Allowance
from adapters.postgres.connections import borrowed_driver
from adapters.postgres.pruning import prune
from tests.integration.api.conftest import Api, must_be_problem

CHALLENGES = "/api/v1/captcha/challenges"
PURPOSE = "refund_ticket"
WRONG = "WRONG1"
_YEAR = timedelta(days=365)


async def put(api: Api, purpose: str = PURPOSE) -> Any:
    return await api.must("POST", CHALLENGES, {"purpose": purpose}, role=None)


async def answer(api: Api, key: str, read: str, purpose: str = PURPOSE) -> Any:
    body = {"answer": read, "purpose": purpose}
    return await api.call("POST", f"{CHALLENGES}/{key}/answer", body, role=None)


async def late(api: Api, table: str) -> None:
    async with borrowed_driver(api.house.engine()) as driver:
        await driver.execute(f"UPDATE {table} SET expires_at = now()")


async def test_a_picture_is_drawn_of_letters_that_cannot_be_mistaken(api: Api) -> None:
    made = await put(api)
    picture = base64.b64decode(made["image"])
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(picture) > 1000
    (text,) = api.drawn
    assert (len(text), set(text) - set(ALPHABET)) == (LETTERS, set())
    [row] = await api.rows("SELECT captcha_challenge::text AS written FROM captcha_challenge")
    written = bytes(row["written"], "ascii")
    assert text.encode() not in written
    assert text.encode().hex() not in row["written"]
    assert b"127.0.0.1" not in written


async def test_what_was_read_counts_once_whatever_its_case(api: Api) -> None:
    key = (await put(api))["id"]
    text = api.drawn[-1]
    spelt = " ".join(text.lower())
    answers = await asyncio.gather(*(answer(api, key, spelt) for _ in range(4)))
    assert sorted(one.status_code for one in answers) == [200, 422, 422, 422]
    must_be_problem(await answer(api, key, text), 422)
    assert await api.count("captcha_pass") == 1


async def test_three_wrong_answers_end_it_also_at_once(api: Api) -> None:
    key = (await put(api))["id"]
    text = api.drawn[-1]
    wrong = await asyncio.gather(*(answer(api, key, WRONG) for _ in range(TRIES + 2)))
    assert {one.status_code for one in wrong} == {422}
    [row] = await api.rows("SELECT tries FROM captcha_challenge")
    assert row["tries"] == TRIES
    must_be_problem(await answer(api, key, text), 422)

    key = (await put(api))["id"]
    for _ in range(TRIES - 1):
        must_be_problem(await answer(api, key, WRONG), 422)
    assert (await answer(api, key, api.drawn[-1])).status_code == 200


async def test_a_late_answer_another_purpose_and_another_challenge_are_told_apart_by_nobody(
    api: Api,
) -> None:
    key = (await put(api))["id"]
    text = api.drawn[-1]
    seen = [
        await answer(api, "00000000-0000-7000-8000-000000000000", text),
        await answer(api, key, text, "login"),
        await answer(api, key, WRONG),
    ]
    await late(api, "captcha_challenge")
    seen.append(await answer(api, key, text))
    assert {one.status_code for one in seen} == {422}
    assert len({one.content for one in seen}) == 1
    assert await api.count("captcha_pass") == 0


async def test_a_challenge_is_answered_from_where_it_was_asked_for(api: Api) -> None:
    key = (await put(api))["id"]
    text = api.drawn[-1]
    async with borrowed_driver(api.house.engine()) as driver:
        await driver.execute("UPDATE captcha_challenge SET address_code = '\\x00'")
    must_be_problem(await answer(api, key, text), 422)


async def test_a_pass_that_is_over_opens_nothing_and_is_swept_away(api: Api) -> None:
    customer = await api.customer()
    payment = await api.checkout(await api.invoice(customer))
    token = await api.captcha_pass()
    await late(api, "captcha_pass")
    body = {"payment_id": payment, "reason": "duplicate", "captcha_token": token}
    asked = await api.call(
        "POST", "/api/v1/refund-tickets", body, role="customer", subject=customer
    )
    must_be_problem(asked, 422)
    async with borrowed_driver(api.house.engine()) as driver:
        await driver.execute(
            "UPDATE captcha_challenge SET created_at = created_at - interval '2 days'"
        )
        assert await prune(driver, older_than=_YEAR, most=10) == 2
    assert await api.count("captcha_pass") == 0


async def test_an_address_asks_only_so_often(api: Api) -> None:
    most = Allowance().challenges
    answers = await asyncio.gather(
        *(api.call("POST", CHALLENGES, {"purpose": PURPOSE}, role=None) for _ in range(most + 5))
    )
    refused = [one for one in answers if one.status_code == 429]
    assert len(refused) == 5
    must_be_problem(refused[0], 429)
    assert refused[0].headers["Retry-After"] == "60"
    assert await api.count("captcha_challenge") == most
    async with borrowed_driver(api.house.engine()) as driver:
        await driver.execute(
            "UPDATE captcha_challenge SET created_at = created_at - interval '11 minutes'"
        )
    await put(api)


async def test_an_address_that_guesses_is_not_asked_again(api: Api) -> None:
    for _ in range(-(-Allowance().wrong_answers // TRIES)):
        key = (await put(api))["id"]
        for _ in range(TRIES):
            await answer(api, key, WRONG)
    refused = await api.call("POST", CHALLENGES, {"purpose": PURPOSE}, role=None)
    must_be_problem(refused, 429)


@pytest.mark.parametrize("body", [{}, {"purpose": "everything"}, {"purpose": PURPOSE, "x": 1}])
async def test_a_challenge_is_asked_for_a_purpose_there_is(api: Api, body: Any) -> None:
    must_be_problem(await api.call("POST", CHALLENGES, body, role=None), 400)
    assert await api.count("captcha_challenge") == 0


async def test_without_a_site_there_is_no_recaptcha(api: Api) -> None:
    body = {"purpose": PURPOSE, "response": "token"}
    must_be_problem(await api.call("POST", "/api/v1/captcha/recaptcha", body, role=None), 404)
