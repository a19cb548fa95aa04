"""Events: kept with their cause, never changed, and read so that none is missed."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

import asyncpg
import pytest

from adapters.postgres.codec import money, restored
from adapters.postgres.feed import Place, make_partitions, read_feed
from domain.shared.facts import Cause
from domain.shared.money import Money
from tests.integration.messages.rig import NOW, Rig

CAUSE = Cause(
    actor="job:autopayments",
    reason="the period ended",
    correlation_id=UUID(int=1),
    causation_id=UUID(int=2),
    idempotency_key="k",
)


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    amount: Money
    colour: Colour


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoicePaid:
    name: ClassVar[str] = "test.invoice_paid"
    version: ClassVar[int] = 3

    invoice_id: UUID
    lines: tuple[Line, ...] = ()
    paid_at: datetime = NOW
    day: date = date(2026, 3, 1)
    note: str | None = None

    @property
    def aggregate_id(self) -> UUID:
        return self.invoice_id


async def recorded(rig: Rig, *numbers: int) -> None:
    async with rig.uow() as uow:
        uow.events.record(CAUSE, [InvoicePaid(invoice_id=UUID(int=n)) for n in numbers])
        await uow.commit()


async def test_an_event_is_kept_with_its_envelope_and_comes_back_as_it_was(rig: Rig) -> None:
    event = InvoicePaid(
        invoice_id=UUID(int=9), lines=(Line(amount=Money.of(1170, "RUB"), colour=Colour.RED),)
    )
    async with rig.uow() as uow:
        uow.events.record(CAUSE, [event])
        await uow.commit()

    async with rig.uow() as uow:
        (kept,) = await read_feed(uow.driver)
    assert (kept.name, kept.version, kept.aggregate_id) == ("test.invoice_paid", 3, UUID(int=9))
    assert (kept.actor, kept.reason) == (CAUSE.actor, CAUSE.reason)
    assert (kept.correlation_id, kept.causation_id) == (UUID(int=1), UUID(int=2))
    assert (kept.idempotency_key, kept.occurred_at) == ("k", NOW)
    assert kept.data["lines"] == [
        {"amount": {"amount_minor": 1170, "currency": "RUB"}, "colour": "red"}
    ]
    assert money(kept.data["lines"][0]["amount"]) == Money.of(1170, "RUB")
    assert restored(InvoicePaid, kept.data) == event


async def test_events_need_the_commit(rig: Rig) -> None:
    async with rig.uow() as uow:
        uow.events.record(CAUSE, [InvoicePaid(invoice_id=UUID(int=1))])
        await uow.events.flush()

    assert await rig.value("SELECT count(*) FROM event") == 0


@pytest.mark.parametrize(
    "change", ["UPDATE event SET reason = 'x'", "DELETE FROM event", "TRUNCATE event"]
)
async def test_events_are_never_changed(rig: Rig, change: str) -> None:
    await recorded(rig, 1)

    with pytest.raises(asyncpg.RestrictViolationError):
        await rig.do(change)

    partition = await rig.value("SELECT tableoid::regclass::text FROM event")
    if not change.startswith("TRUNCATE"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await rig.do(change.replace("event", partition))


async def test_a_reader_never_misses_an_event_of_a_slow_transaction(rig: Rig) -> None:
    """The earlier transaction writes its event later, and the later one its event earlier."""
    seen: list[int] = []
    place = Place()

    async def read() -> None:
        nonlocal place
        async with rig.uow() as uow:
            for kept in await read_feed(uow.driver, place, limit=2):
                seen.append(kept.aggregate_id.int)
                place = Place.parsed(str(kept.place))

    async with rig.uow() as early, rig.uow() as late:
        await early.driver.fetchval("SELECT pg_current_xact_id()")
        late.events.record(CAUSE, [InvoicePaid(invoice_id=UUID(int=1))])
        await late.events.flush()
        early.events.record(CAUSE, [InvoicePaid(invoice_id=UUID(int=2))])
        await early.commit()
        await read()
        assert seen == [2]

        await recorded(rig, 3)
        await read()
        assert seen == [2]

        await late.commit()
    await read()

    assert seen == [2, 1, 3]
    await read()
    assert seen == [2, 1, 3]


async def test_a_page_that_ends_between_two_transactions_loses_neither(rig: Rig) -> None:
    async with rig.uow() as early, rig.uow() as late:
        await early.driver.fetchval("SELECT pg_current_xact_id()")
        late.events.record(CAUSE, [InvoicePaid(invoice_id=UUID(int=1))])
        await late.commit()
        early.events.record(CAUSE, [InvoicePaid(invoice_id=UUID(int=2))])
        await early.commit()

    async with rig.uow() as uow:
        (first,) = await read_feed(uow.driver, limit=1)
        rest = await read_feed(uow.driver, first.place, limit=5)

    assert [kept.aggregate_id.int for kept in (first, *rest)] == [2, 1]


async def test_a_long_feed_is_read_in_pages_without_gap_or_repeat(rig: Rig) -> None:
    for start in range(0, 100, 10):
        await recorded(rig, *range(start, start + 10))

    seen: list[int] = []
    place = Place()
    async with rig.uow() as uow:
        while page := await read_feed(uow.driver, place, limit=7):
            seen += [kept.aggregate_id.int for kept in page]
            place = page[-1].place

    assert seen == list(range(100))


async def test_months_are_made_ahead_once_and_take_the_rows(rig: Rig) -> None:
    async with rig.uow() as uow:
        assert await make_partitions(uow.driver, 3) == 0
        assert await make_partitions(uow.driver, 5) == 2
        assert await make_partitions(uow.driver, 5) == 0
        await uow.commit()
    await recorded(rig, 1)

    month = f"event_{datetime.now(UTC):%Y_%m}"
    assert await rig.value("SELECT tableoid::regclass::text FROM event") == month


async def test_a_month_nobody_made_goes_to_the_default_partition(rig: Rig) -> None:
    await rig.do(f"DROP TABLE event_{datetime.now(UTC):%Y_%m}")
    await recorded(rig, 1)

    async with rig.uow() as uow:
        assert await make_partitions(uow.driver, 0) == 0

    assert await rig.value("SELECT tableoid::regclass::text FROM event") == "event_default"
