"""Refund tickets over HTTP: one's own payments only, and decided by those who may."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.api.conftest import Api, must_be_problem

MINE = "/api/v1/refund-tickets"
DESK = "/api/v1/admin/refund-tickets"


async def bought(api: Api, name: str = "c-1", amount_minor: int = 30_000) -> tuple[str, str]:
    customer = await api.customer(name)
    return customer, await api.checkout(await api.invoice(customer, amount_minor))


async def ask(api: Api, payment: str, role: str = "service", **more: Any) -> Any:
    subject = more.pop("subject", "shop")
    key = more.pop("key", None)
    body = {"payment_id": payment, "reason": "duplicate", **more}
    return await api.call("POST", MINE, body, role=role, subject=subject, key=key)


async def ticket_of(api: Api, payment: str, **more: Any) -> str:
    answer = await ask(api, payment, **more)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def decide(api: Api, ticket: str, verb: str = "approve", **more: Any) -> Any:
    role, subject = more.pop("role", "manager"), more.pop("subject", "ann")
    idempotency = more.pop("key", None)
    return await api.call(
        "POST",
        f"{DESK}/{ticket}/{verb}",
        {"note": "looked", **more},
        role=role,
        subject=subject,
        key=idempotency,
    )


async def test_a_ticket_of_the_shop_goes_through_the_desk(api: Api) -> None:
    customer, payment = await bought(api)
    key = await ticket_of(api, payment, text="paid twice", amount_minor=20_000)
    must_be_problem(await ask(api, payment), 409)

    done = await decide(api, key, amount_minor=12_000)
    assert (done.status_code, done.json()["status"]) == (200, "approved")
    await api.work()

    shown = await api.must("GET", f"{DESK}/{key}", role="manager")
    assert (shown["status"], shown["amount_minor"]) == ("refunded", 20_000)
    assert (shown["approved_minor"], shown["approved_by"]) == (12_000, "manager:ann")
    mine = await api.must("GET", f"{MINE}/{key}", role="customer", subject=customer)
    assert (mine["status"], mine["note"], mine["approved_by"]) == ("refunded", "looked", None)
    assert (shown["opened_by"], mine["opened_by"]) == ("service:shop", "service")
    paid = await api.must("GET", f"/api/v1/payments/{payment}")
    assert (paid["status"], paid["refunded_minor"]) == ("partially_refunded", 12_000)


async def test_a_customer_solves_a_captcha_for_a_ticket_of_their_own(api: Api) -> None:
    customer, payment = await bought(api)
    other = await api.customer("c-2")
    must_be_problem(await ask(api, payment, "customer", subject=customer), 422)
    wrong = await api.captcha_pass("login")
    must_be_problem(await ask(api, payment, "customer", subject=customer, captcha_token=wrong), 422)
    token = await api.captcha_pass()
    must_be_problem(await ask(api, payment, "customer", subject=other, captcha_token=token), 404)
    assert await api.count("refund_ticket") == 0

    # What was refused left the pass as it was; what is carried out uses it up.
    mine = {"role": "customer", "subject": customer, "captcha_token": token, "key": "k"}
    first, again = await ask(api, payment, **mine), await ask(api, payment, **mine)
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    must_be_problem(await ask(api, payment, **{**mine, "key": "other"}), 422)


async def test_one_pass_used_twice_at_once_opens_one_ticket(api: Api) -> None:
    customer, first = await bought(api)
    payments = [first, await api.checkout(await api.invoice(customer))]
    token = await api.captcha_pass()
    both = await asyncio.gather(
        *(ask(api, one, "customer", subject=customer, captcha_token=token) for one in payments)
    )
    assert sorted(one.status_code for one in both) == [201, 422]
    assert await api.count("refund_ticket") == 1


async def test_what_is_somebody_else_s_does_not_exist(api: Api) -> None:
    customer, payment = await bought(api)
    other = await api.customer("c-2")
    key = await ticket_of(api, payment)

    must_be_problem(await api.call("GET", f"{MINE}/{key}", role="customer", subject=other), 404)
    theirs = await api.must("GET", MINE, role="customer", subject=other)
    assert theirs["items"] == []
    found = await api.must("GET", MINE, role="customer", subject=customer)
    assert [one["id"] for one in found["items"]] == [key]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"amount_minor": 0}, 400),
        ({"amount_minor": 30_001}, 409),
        ({"reason": "boredom"}, 400),
        ({"reason": "other"}, 422),
        ({"colour": "green"}, 400),
    ],
)
async def test_a_wish_that_makes_no_sense_leaves_nothing_behind(
    api: Api, body: dict[str, Any], status: int
) -> None:
    _, payment = await bought(api)
    must_be_problem(await ask(api, payment, **body), status)
    must_be_problem(await ask(api, str(uuid4())), 404)
    assert await api.count("refund_ticket") == 0


async def test_an_unpaid_payment_has_nothing_to_give_back(api: Api) -> None:
    invoice = await api.invoice(await api.customer())
    opened = await api.must(
        "POST",
        f"/api/v1/invoices/{invoice}/pay",
        {"provider": api.gateway.code, "return_url": "http://127.0.0.1:8000/thanks"},
    )
    must_be_problem(await ask(api, opened["payment_id"]), 409)


async def test_a_rejected_ticket_shows_its_note_and_makes_room(api: Api) -> None:
    customer, payment = await bought(api)
    key = await ticket_of(api, payment)
    assert (await decide(api, key, "reject")).json()["status"] == "rejected"
    must_be_problem(await decide(api, key), 409)
    must_be_problem(await decide(api, key, "reject"), 409)
    must_be_problem(await decide(api, str(uuid4())), 404)
    mine = await api.must("GET", f"{MINE}/{key}", role="customer", subject=customer)
    assert (mine["status"], mine["note"], mine["rejected_by"]) == ("rejected", "looked", None)
    assert await ticket_of(api, payment) != key
    assert await api.count("refund") == 0


async def test_managers_at_once_and_the_same_key_again_pay_once(api: Api) -> None:
    _, payment = await bought(api)
    key = await ticket_of(api, payment)
    answers = await asyncio.gather(
        *(decide(api, key, subject=f"m{n}", key="once") for n in range(4))
    )
    assert sorted(one.status_code for one in answers) == [200, 409, 409, 409]
    (who,) = [n for n, one in enumerate(answers) if one.status_code == 200]
    again = await decide(api, key, subject=f"m{who}", key="once")
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (200, "true")
    assert await api.count("refund") == 1


async def test_the_desk_is_listed_filtered_and_paged(api: Api) -> None:
    keys = []
    for n in range(3):
        _, payment = await bought(api, f"c-{n}")
        keys.append(await ticket_of(api, payment))
    await decide(api, keys[1], "reject")

    first = await api.must("GET", f"{DESK}?limit=2", role="manager")
    rest = await api.must("GET", f"{DESK}?limit=2&cursor={first['next_cursor']}", role="manager")
    assert [one["id"] for one in [*first["items"], *rest["items"]]] == keys[::-1]
    open_ = await api.must("GET", f"{DESK}?status=open&reason=duplicate", role="manager")
    assert [one["id"] for one in open_["items"]] == [keys[2], keys[0]]
    must_be_problem(await api.call("GET", f"{DESK}?status=gone", role="manager"), 400)


async def test_a_refund_by_hand_above_the_limit_waits_for_an_administrator(api: Api) -> None:
    limit = api.house.settings().refund_limit_minor
    _, payment = await bought(api, amount_minor=limit + 1)
    path, body = f"/api/v1/admin/payments/{payment}/refund", {"reason": "a broken disc"}
    small = await api.must("POST", path, body | {"amount_minor": 1}, role="manager", subject="ann")
    assert small["status"] == "reserved"
    await api.work()

    large = await api.must("POST", path, body, role="admin", subject="ada")
    assert (large["status"], large["amount_minor"]) == ("awaiting_second", limit)
    must_be_problem(await decide(api, large["refund_id"], role="manager", subject="ada"), 409)
    must_be_problem(await decide(api, large["refund_id"], role="manager"), 409)
    assert await api.count("refund") == 1
    assert (await decide(api, large["refund_id"], role="admin", subject="zoe")).status_code == 200
    await api.work()

    paid = await api.must("GET", f"/api/v1/payments/{payment}")
    assert (paid["status"], paid["refunded_minor"]) == ("refunded", limit + 1)
    shown = await api.must("GET", f"{DESK}/{large['refund_id']}", role="manager")
    assert (shown["approved_by"], shown["seconded_by"]) == ("admin:ada", "admin:zoe")
