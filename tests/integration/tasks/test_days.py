"""A day is closed when everything of it has come, or without it, and then it says so."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from application.ledger.envelopes import DayOver, Unreadable, read_envelope
from application.ledger.task_events import TASK_EVENT
from domain.tasks.title import upcast
from tests.integration.tasks.exchange import START, Task, TaskExchange, day, hours, messages
from tests.integration.tasks.tracker import TrackedExchange


def marker(producer: str = "elsewhere", number: int = 2, part: Any = 0, of: Any = 1) -> Any:
    return {
        "event_id": str(uuid4()),
        "event_name": "DayMarker",
        "event_version": 1,
        "event_time": START.isoformat(),
        "occurred_at": START.isoformat(),
        "producer": producer,
        "aggregate_id": str(uuid4()),
        "correlation_id": str(uuid4()),
        "causation_id": None,
        "data": {"day": day(number).isoformat(), "partition": part, "partition_count": of},
    }


async def test_days_that_are_over_are_marked_once_in_order(tracked: TrackedExchange) -> None:
    (worker,) = await tracked.hire()
    assert (await tracked.mark()).counts == {}
    await tracked.create(worker)
    assert (await tracked.mark()).counts == {}
    tracked.clock.advance(hours(72))
    assert (await tracked.mark()).counts == {"marked": 3}
    assert (await tracked.mark()).counts == {}
    told = await tracked.rows("SELECT data FROM event WHERE name = 'DayMarker' ORDER BY position")
    assert [row["data"]["day"] for row in told] == [str(day(n)) for n in (2, 3, 4)]
    await tracked.digest_all()
    assert await tracked.value("SELECT count(*) FROM day_marker") == 3


async def somebody_waits(tracked: TrackedExchange) -> bool:
    sql = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    return bool(await tracked.value(sql))


async def test_whoever_marks_a_day_waits_for_what_happens_on_it(
    tracked: TrackedExchange,
) -> None:
    (worker,) = await tracked.hire()
    await tracked.create(worker)
    tracked.clock.advance(hours(24))
    async with tracked.open_uow() as uow:
        await tracked.creating.tracker.share_day(uow)
        marking = asyncio.create_task(tracked.mark())
        async with asyncio.timeout(10):
            # Only the database knows who waits there.
            while not await somebody_waits(tracked):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert not marking.done()
        await uow.commit()
    assert (await marking).counts == {"marked": 1}


async def test_a_strict_run_waits_for_trackers_that_mark_their_days(
    exchange: TaskExchange,
) -> None:
    strict = exchange.runner(strict=True)
    task = Task(1)
    await exchange.hear(task.created(), task.assigned(1), task.completed())
    await exchange.hear(marker(number=1))
    exchange.clock.advance(hours(24))

    assert (await exchange.pay(strict)).counts == {"waits_for_trackers": 1}
    await exchange.hear(marker(part=0, of=2))
    assert (await exchange.pay(strict)).counts == {"waits_for_trackers": 1}
    await exchange.hear(marker(part=1, of=2), marker(part=1, of=2))
    assert (await exchange.pay(strict)).counts["paid"] == 1


async def test_a_marker_counts_when_what_was_told_before_is_digested(
    exchange: TaskExchange,
) -> None:
    strict = exchange.runner(strict=True)
    task = Task(1)
    await exchange.hear(task.created(), task.assigned(1))
    exchange.clock.advance(hours(24))
    open_id = await exchange.value(
        "INSERT INTO message (queue, name, payload) VALUES ('ledger', $1, '{}') RETURNING id",
        TASK_EVENT,
    )
    (late,) = messages([marker()])
    async with exchange.open_uow() as uow:
        await exchange.days.mark(
            uow,
            [(over, open_id + 1)]
            if isinstance(over := read_envelope(late.payload, uuid4(), upcast), DayOver)
            else [],
        )
        await uow.commit()

    assert (await exchange.pay(strict)).counts == {"waits_for_trackers": 1}
    await exchange.value("DELETE FROM message WHERE id = $1 RETURNING id", open_id)
    assert (await exchange.pay(strict)).counts["settled"] == 1


async def test_a_lenient_run_closes_the_day_and_says_without_whom(
    exchange: TaskExchange,
) -> None:
    task = Task(1)
    await exchange.hear(task.created(), task.assigned(1), task.completed(), marker(number=1))
    exchange.clock.advance(hours(24))
    counts = (await exchange.pay()).counts
    assert (counts["closed_without_trackers"], counts["paid"]) == (1, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"day": "yesterday"},
        {"partition": 1},
        {"partition": -1},
        {"partition": True},
        {"partition_count": 0},
        {"partition_count": 10**6},
    ],
)
async def test_a_marker_that_marks_nothing_is_refused(wrong: dict[str, Any]) -> None:
    envelope = marker()
    envelope["data"] |= wrong
    assert isinstance(read_envelope(envelope, uuid4(), upcast), Unreadable)
