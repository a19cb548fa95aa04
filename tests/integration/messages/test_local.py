"""Local messages: effect and deletion are one transaction, and culprits stand alone."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from adapters.postgres.unit_of_work import PostgresUnitOfWork
from application.errors import Unavailable
from application.messaging.local import RunLocal
from application.messaging.ports import Verdict
from application.ports import Message
from domain.shared.errors import InvalidValue
from tests.integration.messages.rig import LOCAL, Rig, write_effects


async def test_every_effect_happens_once_and_the_rows_are_gone(rig: Rig) -> None:
    await rig.send(*({"n": n} for n in range(250)))

    await rig.lanes(LOCAL).drain(LOCAL.name)

    assert await rig.effects() == list(range(250))
    assert await rig.messages() == []


def poisoned(numbers: set[int], error: Exception) -> object:
    async def handler(uow: PostgresUnitOfWork, batch: Sequence[Message]) -> None:
        await write_effects(uow, batch)
        if any(message.payload["n"] in numbers for message in batch):
            raise error

    return handler


async def test_poison_is_put_back_and_its_neighbours_are_done(rig: Rig) -> None:
    rig.handlers["t.effect.v1"] = poisoned({13, 77}, ValueError("no such account"))
    await rig.send(*({"n": n} for n in range(100)))

    await RunLocal(rig.shop)(LOCAL, [])

    assert await rig.effects() == [n for n in range(100) if n not in (13, 77)]
    rows = await rig.messages()
    assert [row["payload"]["n"] for row in rows] == [13, 77]
    assert {(row["state"], row["attempt"]) for row in rows} == {("ready", 1)}
    assert {row["error"] for row in rows} == {"ValueError: no such account"}


async def test_poison_dies_after_the_tries_its_queue_allows(rig: Rig) -> None:
    rig.handlers["t.effect.v1"] = poisoned({1}, Unavailable("the rates are away"))
    spec = replace(LOCAL, attempts=3, backoff_seconds=0)
    await rig.send({"n": 1})

    for _ in range(4):
        await RunLocal(rig.shop)(spec, [])

    (row,) = await rig.messages()
    assert (row["state"], row["attempt"]) == ("dead", 3)
    assert row["error"] == "Unavailable: the rates are away"
    assert rig.metrics.counted["messages_dead"] == 1
    assert await rig.violations() == []


async def test_waits_grow_with_the_attempt_and_are_jittered(rig: Rig) -> None:
    rig.handlers["t.effect.v1"] = poisoned(set(range(50)), ValueError("x"))
    spec = replace(LOCAL, backoff_seconds=1000, backoff_cap_seconds=3000)
    await rig.send(*({"n": n} for n in range(50)))
    await rig.do("UPDATE message SET attempt = 1")

    await RunLocal(rig.shop)(spec, [])

    waits = [row["wait"].total_seconds() for row in await rig.messages()]
    assert 0 < min(waits) < 500
    assert 1500 < max(waits) <= 2000


async def test_a_refusal_of_the_domain_is_final(rig: Rig) -> None:
    rig.handlers["t.effect.v1"] = poisoned({1}, InvalidValue("not a currency"))
    await rig.send({"n": 1})

    await RunLocal(rig.shop)(LOCAL, [])

    (row,) = await rig.messages()
    assert (row["state"], row["error"]) == ("dead", "InvalidValue: not a currency")


async def test_a_message_nobody_knows_is_buried_and_the_others_are_done(rig: Rig) -> None:
    await rig.send({"n": 1}, {"n": 2})
    await rig.send({"n": 3}, name="t.from_the_future.v9")

    await rig.lanes(LOCAL).drain(LOCAL.name)

    (row,) = await rig.messages()
    assert row["state"] == "dead"
    assert row["error"] == "this version has no handler for t.from_the_future.v9"
    assert await rig.effects() == [1, 2]


async def test_a_message_that_hangs_does_not_stop_its_neighbours(rig: Rig) -> None:
    async def hanging(uow: PostgresUnitOfWork, batch: Sequence[Message]) -> None:
        await write_effects(uow, batch)
        if any(message.payload["n"] == 5 for message in batch):
            await asyncio.Event().wait()

    rig.handlers["t.effect.v1"] = hanging
    await rig.send(*({"n": n} for n in range(10)))

    await RunLocal(rig.shop)(replace(LOCAL, time_limit_seconds=0.3), [])

    assert await rig.effects() == [n for n in range(10) if n != 5]
    (row,) = await rig.messages()
    assert (row["attempt"], row["error"].partition(":")[0]) == (1, "TimeoutError")


async def test_meeting_another_transaction_is_not_counted(rig: Rig) -> None:
    await rig.do("INSERT INTO effect VALUES (0, 'locked')")
    await rig.send({"n": 1})

    async def locking(uow: PostgresUnitOfWork, batch: Sequence[Message]) -> None:
        await uow.driver.execute("SET LOCAL lock_timeout = '50ms'")
        await uow.driver.fetch("SELECT FROM effect WHERE n = 0 FOR UPDATE")
        await write_effects(uow, batch)

    rig.handlers["t.effect.v1"] = locking
    async with rig.uow() as other:
        await other.driver.fetch("SELECT FROM effect WHERE n = 0 FOR UPDATE")
        await RunLocal(rig.shop)(LOCAL, [])

    (row,) = await rig.messages()
    assert (row["state"], row["attempt"]) == ("ready", 0)
    assert "LockNotAvailable" in row["error"]


async def test_a_database_that_goes_away_is_held_against_nobody(rig: Rig) -> None:
    await rig.send(*({"n": n} for n in range(10)))

    async def losing(uow: PostgresUnitOfWork, batch: Sequence[Message]) -> None:
        await write_effects(uow, batch)
        pid = await uow.driver.fetchval("SELECT pg_backend_pid()")
        async with rig.uow() as other:
            await other.driver.fetch("SELECT pg_terminate_backend($1)", pid)
        await uow.driver.fetchval("SELECT 1")

    rig.handlers["t.effect.v1"] = losing
    with pytest.raises(Exception) as lost:  # noqa: PT011 - which of the driver's it is, is a race
        await RunLocal(rig.shop)(LOCAL, [])

    assert rig.store.judge(lost.value) is Verdict.LOST
    assert {row["attempt"] for row in await rig.messages()} == {0}

    rig.handlers["t.effect.v1"] = write_effects
    await RunLocal(rig.shop)(LOCAL, [])
    assert await rig.effects() == list(range(10))


async def test_two_runners_share_the_work_and_double_nothing(rig: Rig) -> None:
    ids = await rig.send(*({"n": n} for n in range(500)))
    run = RunLocal(rig.shop)

    await asyncio.gather(*(run(LOCAL, ids[k * 40 : k * 40 + 100]) for k in range(8)))
    await rig.lanes(LOCAL).drain(LOCAL.name)

    assert await rig.effects() == list(range(500))
