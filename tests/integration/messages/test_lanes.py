"""Lanes: no bell is missed, no queue keeps the process for itself, order holds."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from adapters.postgres.unit_of_work import PostgresUnitOfWork
from application.messaging import lanes as lanes_module
from application.messaging.sweep import Sweep
from application.ports import Message
from tests.integration.messages.rig import LOCAL, REMOTE, Remote, Rig, write_effects

ONE_LANE = replace(LOCAL, lanes=1)


async def test_a_bell_drains_what_lost_bells_left(rig: Rig) -> None:
    await rig.send(*({"n": n} for n in range(350)))

    await rig.lanes(LOCAL).drain(LOCAL.name)

    assert await rig.effects() == list(range(350))


async def test_a_bell_that_finds_the_lanes_busy_is_not_missed(rig: Rig) -> None:
    inside, go_on = asyncio.Event(), asyncio.Event()

    async def waiting(uow: PostgresUnitOfWork, batch: Sequence[Message]) -> None:
        inside.set()
        await go_on.wait()
        await write_effects(uow, batch)

    rig.handlers["t.effect.v1"] = waiting
    lanes = rig.lanes(ONE_LANE)
    drain = asyncio.create_task(lanes.drain(LOCAL.name, await rig.send({"n": 1})))
    await inside.wait()

    await lanes.drain(LOCAL.name, await rig.send({"n": 2}))
    go_on.set()
    await drain

    assert await rig.effects() == [1, 2]


async def test_messages_of_one_key_follow_each_other_in_one_drain(rig: Rig) -> None:
    order: list[int] = []

    async def noting(uow: PostgresUnitOfWork, batch: Sequence[Message]) -> None:
        order.extend(message.payload["n"] for message in batch)

    rig.handlers["t.effect.v1"] = noting
    await rig.send(*({"n": n} for n in range(6)), order_key="a")

    await rig.lanes(LOCAL).drain(LOCAL.name)

    assert order == [0, 1, 2, 3, 4, 5]


async def test_a_drain_that_takes_long_rings_for_the_rest(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes_module, "DRAIN_SECONDS", -1.0)
    await rig.send({"n": 1})
    rig.ears.rung.clear()

    await rig.lanes(LOCAL).drain(LOCAL.name)

    assert rig.ears.rung == [(LOCAL.name, 0)]


async def test_closed_lanes_end_their_batch_and_begin_no_other(rig: Rig) -> None:
    await rig.send(*({"n": n} for n in range(10)))
    lanes = rig.lanes(replace(ONE_LANE, batch_limit=4))

    async def closing(uow: PostgresUnitOfWork, batch: Sequence[Message]) -> None:
        lanes.close()
        await write_effects(uow, batch)

    rig.handlers["t.effect.v1"] = closing
    await lanes.drain(LOCAL.name)

    assert await rig.effects() == [0, 1, 2, 3]


async def age(rig: Rig, seconds: float) -> None:
    await rig.do("UPDATE message SET run_at = run_at - $1 * interval '1 second'", seconds)


async def test_the_sweep_rings_for_what_is_overdue_and_for_nothing_else(rig: Rig) -> None:
    late = await rig.send({"n": 1})
    await age(rig, 2)
    await rig.send({"n": 2})
    rig.ears.rung.clear()

    await Sweep(rig.shop, rig.lanes(LOCAL, REMOTE), rig.ears).once()

    assert rig.ears.rung == [(LOCAL.name, late[0])]
    assert len(await rig.messages()) == 2


@pytest.mark.parametrize(("heard", "late_seconds"), [(False, 2.0), (True, 4.0)])
async def test_what_no_bell_reaches_is_carried_out_by_the_sweep(
    rig: Rig, heard: bool, late_seconds: float
) -> None:
    rig.ears.heard = heard
    await rig.send({"n": 1})
    await age(rig, late_seconds)
    sweep = Sweep(rig.shop, rig.lanes(LOCAL), rig.ears)

    await sweep.once()
    await sweep.settle()

    assert await rig.effects() == [1]


async def test_the_sweep_takes_over_from_a_process_that_died(rig: Rig) -> None:
    rig.handlers["t.call.v1"] = Remote()
    rig.ears.heard = False
    ids = await rig.send({"n": 1}, queue=REMOTE.name, name="t.call.v1")
    await rig.store.lease(REMOTE, ids)
    await rig.do("UPDATE message SET lease_until = now() - interval '1 second'")
    sweep = Sweep(rig.shop, rig.lanes(REMOTE), rig.ears)

    await sweep.once()
    await sweep.settle()

    assert await rig.effects() == [1]


async def test_an_empty_sweep_looks_at_nothing_but_indexes(rig: Rig) -> None:
    from adapters.postgres.claims import OVERDUE

    await rig.do(
        "INSERT INTO message (queue, name, payload, run_at)"
        " SELECT 'ledger', 'a.b.v1', '{}', now() + interval '1 hour' FROM generate_series(1, 20000)"
    )
    await rig.do("ANALYZE message")
    sql = OVERDUE.replace("$1", "'{ledger,payments,jobs}'").replace("$2", "1").replace("$3", "500")

    (plan,) = await rig.rows(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT json) {sql}")

    touched = plan["QUERY PLAN"][0]["Plan"]["Shared Hit Blocks"]
    assert touched < 60, f"{touched} blocks were touched to find nothing overdue"
