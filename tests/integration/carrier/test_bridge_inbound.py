"""What a foreign program says by itself, and the texts it sends."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from domain.carrier.service import Texts
from domain.subscriptions.model import Active, Canceled
from tests.integration.carrier.bridged import (
    RESPONSES,
    TEXT_RESPONSES,
    TEXTS,
    Bridged,
    bridged,
)
from tests.integration.carrier.house import NUMBER, OTHER, CarrierHouse

ORDERS = "mobilink_new_subscriptions"


@pytest.fixture
async def program(home: CarrierHouse, database_url: str, redis_url: str) -> AsyncIterator[Bridged]:
    async with bridged(home, database_url, redis_url) as one:
        await home.service(code="news", keyword="NEWS", texts=Texts(on_subscribe="Welcome"))
        await one.house.carrier().references.reload()
        yield one


async def said(
    program: Bridged, queue: str, event_name: str, *, id_: str = "e-1", **record: Any
) -> tuple[int, str]:
    message: dict[str, Any] = {"id": id_, "event_name": event_name, "event_data": record}
    if token := record.pop("handed_out", None):
        message["token"] = token
    told = await program.must(queue, "messages", {"messages": [message]})
    await program.work()
    [result] = told["results"]
    return result["status"], result.get("detail", "")


async def paid(program: Bridged) -> None:
    await program.pay(await program.claim())
    await program.work()


async def test_an_order_becomes_one_subscription_with_its_evidence(program: Bridged) -> None:
    order = {
        "msisdn": f"+{NUMBER.digits}",
        "service_code": "tips",
        "tid": "1=2=3",
        "sent_at": "2026-03-02T14:59:00+05:00",
        "channel": "shop",
        "sms_text": "yes",
        "created_at": "0001-01-01T00:00:00Z",
    }

    for _ in range(2):
        assert await said(program, ORDERS, "new_subscription", **order) == (200, "")
    await paid(program)

    assert isinstance((await program.home.only()).state, Active)
    [row] = await program.home.rows("SELECT * FROM carrier_order")
    assert row["tid"] == "1=2=3"
    assert row["consent"]["source"] == "shop"
    assert row["consent"]["said_at"].startswith("2026-03-02T09:59:00")


async def test_an_order_may_name_its_campaign(program: Bridged) -> None:
    status, _ = await said(
        program, ORDERS, "new_subscription", msisdn=NUMBER.digits, campaign_id="mobilink-news"
    )
    assert status == 200
    assert (await program.home.only()).terms.service_code == "news"


@pytest.mark.parametrize(
    ("queue", "event_name", "record", "why"),
    [
        (ORDERS, "new_subscription", {"service_code": "tips"}, "msisdn"),
        (ORDERS, "new_subscription", {"msisdn": NUMBER.digits}, "service_code or a campaign_id"),
        (
            ORDERS,
            "new_subscription",
            {"msisdn": "49301234567", "service_code": "tips"},
            "number of",
        ),
        (ORDERS, "new_subscription", {"msisdn": "0300 1234567", "service_code": "tips"}, "digits"),
        (ORDERS, "mo", {"msisdn": NUMBER.digits, "service_code": "tips"}, "new_subscription"),
        (RESPONSES, "charge", {"msisdn": NUMBER.digits}, "takes operator_response"),
        (RESPONSES, "purge", {}, "msisdn"),
        (RESPONSES, "unreg", {"msisdn": NUMBER.digits, "campaign_id": "x"}, "campaign"),
        (RESPONSES, "operator_response", {"paid": True, "price": 250}, "operator_token"),
        (RESPONSES, "operator_response", {"paid": True, "msisdn": NUMBER.digits}, "price"),
        (RESPONSES, "purge", {"msisdn": NUMBER.digits, "operator_code": 1}, "operator_code"),
        (TEXT_RESPONSES, "sms_response", {"operator_token": "x"}, "no text"),
    ],
)
async def test_what_makes_no_sense_is_refused_alone(
    program: Bridged, queue: str, event_name: str, record: dict[str, Any], why: str
) -> None:
    status, detail = await said(program, queue, event_name, **record)

    assert status == 422
    assert why in detail
    inbox = "SELECT count(*) FROM inbox WHERE source LIKE 'queue:%'"
    assert await program.home.value(inbox) == 0, "it may be put right and sent again"


async def test_good_messages_are_taken_beside_bad_ones(program: Bridged) -> None:
    messages = [
        {"id": "a", "event_name": "new_subscription", "event_data": {"msisdn": NUMBER.digits}},
        {
            "id": "b",
            "event_name": "new_subscription",
            "event_data": {"msisdn": NUMBER.digits, "service_code": "tips"},
        },
    ]

    told = await program.must(ORDERS, "messages", {"messages": messages})
    await program.work()

    assert [(one["id"], one["status"]) for one in told["results"]] == [("a", 422), ("b", 200)]
    assert (await program.home.only()).is_live


async def test_a_stop_ends_one_service_and_a_purge_all(program: Bridged) -> None:
    await program.ordered(program.home.order(), program.home.order(service_code="news"))

    await said(program, RESPONSES, "unreg", msisdn=NUMBER.digits, campaign_id="mobilink-tips")

    codes = {one.terms.service_code for one in await _live(program)}
    assert codes == {"news"}
    await said(program, RESPONSES, "purge", id_="e-2", msisdn=NUMBER.digits, outflow_reason="left")
    assert await _live(program) == []
    states = [one.state for one in await program.home.subscriptions()]
    assert all(isinstance(state, Canceled) for state in states)


async def _live(program: Bridged) -> Sequence[Any]:
    return [one for one in await program.home.subscriptions() if one.is_live]


async def test_a_late_answer_finds_its_charge_by_the_number_too(program: Bridged) -> None:
    await program.ordered()
    claimed = await program.claim()
    [token] = program.bill(claimed)
    await program.fail(claimed, sent=True)
    await program.work()
    record = claimed["messages"][0]["event_data"]

    await said(
        program,
        RESPONSES,
        "operator_response",
        **{**record, "paid": True, "operator_token": token},
    )

    assert await program.statuses() == ["succeeded"]


async def test_an_answer_about_nobody_waits_for_a_person(program: Bridged) -> None:
    await said(
        program,
        RESPONSES,
        "operator_response",
        msisdn=OTHER.digits,
        operator_token="op-404",
        paid=True,
        price=250,
    )
    assert await program.home.value("SELECT count(*) FROM carrier_unresolved") == 1


async def test_a_refusal_that_comes_late_is_a_refusal(program: Bridged) -> None:
    await program.ordered()
    claimed = await program.claim()
    await program.fail(claimed, sent=True)
    await program.work()

    await said(program, RESPONSES, "operator_response", **claimed["messages"][0]["event_data"])

    assert await program.statuses() == ["declined"]


async def _text(program: Bridged) -> Any:
    await program.ordered(program.home.order(service_code="news"))
    claimed = await program.claim(TEXTS)
    [message] = claimed["messages"]
    assert message["event_name"] == "send_sms"
    assert message["event_data"]["sms_text"] == "Welcome"
    assert message["event_data"]["msisdn"] == NUMBER.digits
    return claimed


async def _sms(program: Bridged) -> Any:
    [row] = await program.home.rows("SELECT status, token, error FROM carrier_sms")
    return row["status"], row["token"], row["error"]


async def test_a_text_is_claimed_and_sent(program: Bridged) -> None:
    claimed = await _text(program)

    assert await program.ack(claimed, TEXTS, "sms_response", operator_token="s-1") == [200]
    await program.work()

    assert await _sms(program) == ("sent", "s-1", None)
    assert (await program.claim(TEXTS))["messages"] == []


async def test_a_text_that_was_refused_has_failed(program: Bridged) -> None:
    claimed = await _text(program)

    assert await program.ack(claimed, TEXTS, "sms_response", opertor_err="barred") == [200]
    await program.work()

    assert (await _sms(program))[::2] == ("failed", "barred")


async def test_a_text_whose_program_died_is_handed_out_again(program: Bridged) -> None:
    first = await _text(program)
    await program.let_fall()

    second = await program.claim(TEXTS)

    assert second["messages"][0]["redelivered"] is True
    assert await program.ack(first, TEXTS, "sms_response") == [409]
    assert await program.ack(second, TEXTS, "sms_response") == [200]
    await program.work()
    assert (await _sms(program))[0] == "sent"


async def test_a_text_nobody_knows_the_end_of_is_not_sent_again(program: Bridged) -> None:
    assert await program.fail(await _text(program), TEXTS, sent=True) == [200]
    await program.work()

    assert (await _sms(program))[0] == "unknown"
    assert (await program.claim(TEXTS))["messages"] == []


async def test_the_end_of_a_text_may_come_by_itself(program: Bridged) -> None:
    record = (await _text(program))["messages"][0]["event_data"]
    answer = {**record, "operator_token": "s-1", "handed_out": record["operator_token"]}

    for _ in range(2):
        assert await said(program, TEXT_RESPONSES, "sms_response", **answer) == (200, "")

    assert await _sms(program) == ("sent", "s-1", None)
    await program.let_fall()
    assert (await program.claim(TEXTS))["messages"] == [], "it was sent already"


async def test_where_the_program_sends_no_texts_they_fail_here(
    home: CarrierHouse, database_url: str, redis_url: str
) -> None:
    async with bridged(home, database_url, redis_url, sms=False) as program:
        await home.service(code="news", keyword="NEWS", texts=Texts(on_subscribe="Welcome"))
        await program.house.carrier().references.reload()
        await program.ordered(home.order(service_code="news"))

        assert (await _sms(program))[0] == "failed"
        assert (await program.call(TEXTS, "claim", {})).status_code == 404
