"""The timetable fires each tick once, whoever looks and however often."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from adapters.postgres.schedules import PostgresTimetable
from application.messaging.cadence import Daily, Every
from application.messaging.timetable import FireDue, Misfire, Schedule
from tests.integration.messages.rig import NOW, Rig

MINUTES = Schedule(name="match", cadence=Every(120), order_key="match")
MOSCOW = ZoneInfo("Europe/Moscow")


def fire_due(rig: Rig) -> FireDue:
    return FireDue(rig.uow, PostgresTimetable(), rig.clock)


async def put(rig: Rig, *schedules: Schedule) -> None:
    async with rig.uow() as uow:
        await PostgresTimetable().put(uow, schedules, rig.clock.now())
        await uow.commit()


async def dues(rig: Rig) -> Sequence[str]:
    return [row["payload"]["due"] for row in await rig.messages()]


async def test_a_tick_becomes_one_message_that_says_which_and_when(rig: Rig) -> None:
    await put(rig, MINUTES)
    assert await fire_due(rig)() == 0
    rig.clock.advance(timedelta(seconds=130))

    assert await fire_due(rig)() == 1
    assert await fire_due(rig)() == 0

    (row,) = await rig.messages()
    assert (row["queue"], row["name"], row["order_key"]) == ("jobs", "jobs.run.v1", "match")
    assert row["payload"] == {
        "job": "match",
        "due": (NOW + timedelta(seconds=120)).isoformat(),
        "now": (NOW + timedelta(seconds=130)).isoformat(),
    }
    assert rig.ears.rung == [("jobs", row["id"])]


async def test_a_day_of_missed_ticks_is_merged_into_one(rig: Rig) -> None:
    await put(rig, MINUTES)
    rig.clock.advance(timedelta(days=1, seconds=30))

    assert await fire_due(rig)() == 1

    assert await dues(rig) == [(NOW + timedelta(days=1)).isoformat()]
    assert await rig.value("SELECT next_due FROM schedule") == NOW + timedelta(days=1, seconds=120)


async def test_missed_ticks_are_replayed_where_the_schedule_says_so(rig: Rig) -> None:
    replayed = Schedule(name="days", cadence=Every(3600), misfire=Misfire.REPLAY)
    await put(rig, replayed)
    rig.clock.advance(timedelta(hours=1200))

    assert await fire_due(rig)() == 1200

    expected = [(NOW + timedelta(hours=hour)).isoformat() for hour in range(1, 1201)]
    assert await dues(rig) == expected


async def test_many_schedulers_fire_a_tick_once(rig: Rig) -> None:
    await put(rig, *(Schedule(name=f"job{n}", cadence=Every(60)) for n in range(20)))
    rig.clock.advance(timedelta(seconds=61))

    sent = await asyncio.gather(*(fire_due(rig)() for _ in range(6)))

    assert sum(sent) == 20
    assert len(await rig.messages()) == 20


async def test_a_tick_that_fired_before_does_not_fire_again(rig: Rig) -> None:
    await put(rig, MINUTES)
    await rig.do("INSERT INTO tick VALUES ('match', $1)", NOW + timedelta(seconds=120))
    rig.clock.advance(timedelta(seconds=130))

    assert await fire_due(rig)() == 0
    assert await rig.messages() == []


async def test_a_disabled_schedule_is_silent(rig: Rig) -> None:
    await put(rig, Schedule(name="off", cadence=Every(60), enabled=False))
    rig.clock.advance(timedelta(hours=1))

    assert await fire_due(rig)() == 0


async def test_writing_a_schedule_again_keeps_its_next_tick_unless_the_cadence_changed(
    rig: Rig,
) -> None:
    await put(rig, MINUTES, Schedule(name="daily", cadence=Daily(time(3), MOSCOW)))
    rig.clock.advance(timedelta(seconds=100))

    await put(rig, MINUTES, Schedule(name="daily", cadence=Daily(time(4), MOSCOW)))

    rows = {row["name"]: row["next_due"] for row in await rig.rows("SELECT * FROM schedule")}
    assert rows["match"] == NOW + timedelta(seconds=120)
    assert rows["daily"] == datetime(2026, 3, 2, 1, tzinfo=UTC)


async def test_old_ticks_are_forgotten(rig: Rig) -> None:
    await put(rig, MINUTES)
    await rig.do("INSERT INTO tick VALUES ('match', $1)", NOW - timedelta(days=61))
    rig.clock.advance(timedelta(seconds=130))

    await fire_due(rig)()

    assert await rig.value("SELECT count(*) FROM tick") == 1
