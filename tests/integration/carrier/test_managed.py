"""Operators that charge by themselves, and numbers that become other numbers."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from adapters.memory.operator import Billed
from application.carrier.gateway import (
    BroadcastRejected,
    BroadcastTaken,
    ChargeMode,
    ChargeReported,
    NotSent,
    NumberChanged,
    OperatorReceipt,
    OutcomeUnknown,
    Paid,
)
from application.errors import Conflict
from domain.carrier.checks import NumberList
from domain.carrier.service import Texts
from domain.shared.errors import InvalidValue
from domain.subscriptions.model import Active, Canceled, Refused
from tests.integration.billing.house import cause
from tests.integration.carrier.house import NUMBER, OTHER, PRICE, CarrierHouse

TEXTS = Texts(of_the_day="Drink water.")
EIGHT = datetime(2026, 3, 3, 3, 0, tzinfo=UTC)  # in Karachi
RECEIPT = OperatorReceipt(token="77", code="0")


@pytest.fixture
async def managed(home: CarrierHouse) -> CarrierHouse:
    await home.operator(mode=ChargeMode.MANAGED)
    await home.service(texts=TEXTS)
    return home


async def texts(home: CarrierHouse) -> list[tuple[date, str, str]]:
    rows = await home.rows("SELECT day, body, status FROM carrier_broadcast ORDER BY day")
    return [(row["day"], row["body"], row["status"]) for row in rows]


async def run(home: CarrierHouse, at: datetime) -> None:
    home.clock.advance(at - home.clock.now())
    assert not (await home.run("broadcasts")).errors
    await home.carry_out()


async def test_the_text_of_a_day_goes_out_once_from_its_hour_on(managed: CarrierHouse) -> None:
    await run(managed, EIGHT - timedelta(minutes=1))
    assert await texts(managed) == []

    for hours in (0, 1, 15):
        await run(managed, EIGHT + timedelta(hours=hours))
    assert await texts(managed) == [(date(2026, 3, 3), "Drink water.", "taken")]

    await run(managed, EIGHT + timedelta(days=1))
    sent = managed.operators.by_code["mobilink"].broadcasts
    assert [(one.service_code, one.day) for one in sent] == [
        ("tips", date(2026, 3, 3)),
        ("tips", date(2026, 3, 4)),
    ]


async def test_two_runs_at_once_order_one_text(managed: CarrierHouse) -> None:
    managed.clock.advance(EIGHT - managed.clock.now())
    one, two = await managed.run("broadcasts"), await managed.run("broadcasts")
    assert (one.counts, two.counts) == ({"ordered": 1}, {})


async def test_a_planned_text_takes_the_place_of_the_usual_one(managed: CarrierHouse) -> None:
    plan = managed.carrier.broadcasts
    async with managed.open_uow() as uow:
        await plan.plan(uow, "mobilink", "tips", date(2026, 3, 3), "Holiday!")
        await uow.commit()
    await run(managed, EIGHT)
    assert await texts(managed) == [(date(2026, 3, 3), "Holiday!", "taken")]

    async with managed.open_uow() as uow:
        with pytest.raises(Conflict):
            await plan.plan(uow, "mobilink", "tips", date(2026, 3, 3), "Too late")


async def test_a_text_nobody_knows_of_is_sent_again_by_a_person_alone(
    managed: CarrierHouse,
) -> None:
    gateway = managed.operators.by_code["mobilink"]
    gateway.broadcast_script.extend(
        [OutcomeUnknown("the line broke"), BroadcastRejected(RECEIPT, "-10")]
    )
    for _ in range(3):
        await run(managed, EIGHT)
    assert await texts(managed) == [(date(2026, 3, 3), "Drink water.", "unknown")]

    for expected in ("rejected", "taken"):
        async with managed.open_uow() as uow:
            await managed.carrier.broadcasts.again(
                uow, "mobilink", "tips", date(2026, 3, 3), cause("again")
            )
            await uow.commit()
        await managed.carry_out()
        assert [status for _, _, status in await texts(managed)] == [expected]
    async with managed.open_uow() as uow:
        with pytest.raises(Conflict):
            await managed.carrier.broadcasts.again(
                uow, "mobilink", "tips", date(2026, 3, 3), cause("again")
            )


async def test_a_text_that_never_left_is_tried_again(managed: CarrierHouse) -> None:
    gateway = managed.operators.by_code["mobilink"]
    gateway.broadcast_script.append(NotSent("no route"))
    managed.clock.advance(EIGHT - managed.clock.now())
    await managed.run("broadcasts")
    [message] = await managed.open_messages()
    assert [one.why for one in await managed.handle([message])] == ["no route"]
    assert [status for _, _, status in await texts(managed)] == ["queued"]
    assert gateway.broadcasts == []


async def test_a_process_that_died_while_sending_leaves_it_unknown(managed: CarrierHouse) -> None:
    managed.clock.advance(EIGHT - managed.clock.now())
    await managed.run("broadcasts")
    [message] = await managed.open_messages()
    handler = managed.handlers[message.name]
    [first] = await handler.call([message])  # and nobody records it
    assert isinstance(first.outcome, BroadcastTaken)

    await managed.handle([message])
    assert [status for _, _, status in await texts(managed)] == ["unknown"]
    assert len(managed.operators.by_code["mobilink"].broadcasts) == 1


async def test_an_operator_that_is_asked_takes_no_texts(home: CarrierHouse) -> None:
    await home.operator()
    await home.service(texts=TEXTS)
    await run(home, EIGHT)
    assert await texts(home) == []
    async with home.open_uow() as uow:
        with pytest.raises(InvalidValue):
            await home.carrier.broadcasts.plan(uow, "mobilink", "tips", date(2026, 3, 3), "x")


async def test_money_an_operator_took_after_the_end_is_booked_and_opens_nothing(
    managed: CarrierHouse,
) -> None:
    await managed.ordered()
    await managed.stop((await managed.only()).id)
    gateway = managed.operators.by_code["mobilink"]
    paid = Paid(OperatorReceipt(token="d-1", code="200"), PRICE, managed.clock.now())
    gateway.billed.append(Billed("d-1", NUMBER, PRICE))
    told = ChargeReported(event_id="e-1", outcome=paid, token="d-1", msisdn=NUMBER)

    await managed.reported(told)
    await managed.reported(replace(told, event_id="record:d-1"))

    [attempt] = await managed.attempts()
    assert (attempt["status"], attempt["external_id"]) == ("succeeded", "d-1")
    assert isinstance((await managed.only()).state, Canceled)
    assert await managed.value("SELECT count(*) FROM carrier_unresolved") == 0


async def test_money_of_a_number_nobody_knows_waits_for_a_person_once(
    managed: CarrierHouse,
) -> None:
    paid = Paid(OperatorReceipt(token="d-1", code="200"), PRICE)
    told = ChargeReported(event_id="e-1", outcome=paid, token="d-1", msisdn=NUMBER)
    await managed.reported(told, replace(told, event_id="record:d-1"))
    assert await managed.value("SELECT count(*) FROM carrier_unresolved") == 1
    assert await managed.attempts() == []


def changed(event_id: str = "c-1") -> NumberChanged:
    return NumberChanged(event_id=event_id, before=NUMBER, after=OTHER)


@pytest.fixture
async def shop(home: CarrierHouse) -> CarrierHouse:
    await home.operator()
    await home.service()
    return home


async def test_what_a_number_has_follows_it(shop: CarrierHouse) -> None:
    await shop.ordered()
    before = await shop.only()

    await shop.reported(changed(), changed())

    assert await shop.subscriptions(NUMBER) == []
    after = await shop.only(OTHER)
    assert (after.id, type(after.state)) == (before.id, Active)
    assert await shop.value("SELECT count(*) FROM carrier_unresolved") == 0

    shop.clock.advance(timedelta(days=1, hours=1))
    await shop.run("periodic")
    await shop.carry_out()
    asked = shop.operators.by_code["mobilink"].asked
    assert [one.msisdn for one in asked] == [NUMBER, OTHER]

    await shop.ordered(shop.order(NUMBER))  # somebody else has the old number now
    assert (await shop.only(NUMBER)).customer_id != after.customer_id


async def test_lists_follow_a_number(shop: CarrierHouse) -> None:
    await shop.ordered()
    async with shop.open_uow() as uow:
        await uow.numbers.put_on_list(NumberList.BLACKLISTED, [NUMBER], reason="vip", actor="test")
        await uow.commit()
    await shop.reported(changed())
    await shop.ordered(shop.order(OTHER, service_code="tips"))
    assert isinstance((await shop.subscriptions(OTHER))[-1].state, Refused)


async def test_a_number_with_a_past_of_its_own_waits_for_a_person(shop: CarrierHouse) -> None:
    await shop.ordered(shop.order(), shop.order(OTHER))
    await shop.reported(changed())
    assert [str(one.terms.msisdn.digits) for one in await shop.subscriptions(NUMBER)] == [
        NUMBER.digits
    ]
    why = await shop.value("SELECT why FROM carrier_unresolved")
    assert why == "the new number has subscriptions of its own"
