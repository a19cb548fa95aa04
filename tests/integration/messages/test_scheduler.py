"""The scheduler looks every second, survives a database that is away, and stops when told."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from adapters.postgres.connections import borrowed
from adapters.postgres.engine import create_engine
from adapters.postgres.feed import make_partitions
from adapters.postgres.schedules import PostgresTimetable
from application.messaging.cadence import Every
from application.messaging.timetable import FireDue, Schedule
from entrypoints.scheduler.run import SchedulerParts, watch
from tests.integration.messages.rig import Rig


async def nothing() -> None:
    return None


def parts(rig: Rig, fire: FireDue) -> SchedulerParts:
    async def upkeep() -> None:
        async with borrowed(rig.engine) as (_, driver):
            await make_partitions(driver, 4)

    return SchedulerParts(fire=fire, upkeep=upkeep, judge=rig.store.judge, close=nothing)


@pytest.fixture
async def outside(database_url: str) -> AsyncIterator[Rig]:
    """The same database over connections that nobody ends."""
    engine = create_engine(database_url, application_name="outside")
    yield Rig(engine)
    await engine.dispose()


async def test_two_schedulers_fire_through_a_lost_connection_and_stop_when_told(
    rig: Rig, outside: Rig
) -> None:
    timetable = PostgresTimetable()
    async with rig.uow() as uow:
        await timetable.put(uow, [Schedule(name="a", cadence=Every(60))], rig.clock.now())
        await uow.commit()
    stop = asyncio.Event()
    fire = FireDue(rig.uow, timetable, rig.clock)
    schedulers = [asyncio.create_task(watch(parts(rig, fire), stop)) for _ in range(2)]

    async def sent(count: int) -> None:
        async with asyncio.timeout(10):
            while len(await outside.messages()) < count:  # noqa: ASYNC110 - others send them
                await asyncio.sleep(0.02)

    rig.clock.advance(timedelta(seconds=61))
    await sent(1)
    await outside.do(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'kazna'"
    )
    rig.clock.advance(timedelta(seconds=60))
    await sent(2)
    stop.set()
    async with asyncio.timeout(5):
        await asyncio.gather(*schedulers)

    assert len(await rig.messages()) == 2
    assert await rig.value("SELECT count(*) FROM tick") == 2
    made = "SELECT count(*) FROM pg_class WHERE relname LIKE 'event\\_2%' AND relkind = 'r'"
    assert await rig.value(made) == 5
