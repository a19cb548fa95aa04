"""The wire to the database is cut at every message of the client, before and after it is heard."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from adapters.entropy import SeededEntropy
from adapters.postgres.engine import create_engine
from application.messaging.local import RunLocal
from application.messaging.ports import Verdict
from application.messaging.remote import RunRemote
from application.ports import Message
from application.queues import QueueSpec
from tests.integration.messages.cut import Wire, wire_to
from tests.integration.messages.rig import LOCAL, REMOTE, Remote, Rig, write_effects

COUNT = 5


class Impatient(SeededEntropy):
    """Never waits: every jitter is nothing."""

    def fraction(self) -> float:
        return 0.0


@pytest.fixture
async def wire(database_url: str) -> AsyncIterator[Wire]:
    async with wire_to(database_url) as wire:
        yield wire


@pytest.fixture
async def cut_rig(rig: Rig, wire: Wire) -> AsyncIterator[Rig]:
    """The engine under test, behind the wire; `rig` looks at the same database from outside."""
    engine = create_engine(wire.url, pool_size=3)
    cut_rig = Rig(engine, entropy=Impatient(3))
    cut_rig.handlers["t.effect.v1"] = write_effects
    yield cut_rig
    await engine.dispose()


async def crashed(rig: Rig, wire: Wire, spec: QueueSpec, cut_at: int, *, heard: bool) -> bool:
    """Run a batch with the wire cut; tell whether the cut was reached."""
    run = RunLocal(rig.shop) if spec.name == LOCAL.name else RunRemote(rig.shop)
    wire.arm(cut_at, heard=heard)
    (ended,) = await asyncio.gather(run(spec, []), return_exceptions=True)
    wire.disarm()
    if isinstance(ended, BaseException):
        assert rig.store.judge(ended) is Verdict.LOST, repr(ended)
    return wire.cut


async def recovered(rig: Rig, cut_rig: Rig, spec: QueueSpec) -> None:
    """Do what the sweep of another process does once the leases are over."""
    await rig.do("UPDATE message SET lease_until = now() - interval '1 s' WHERE lease IS NOT NULL")
    await rig.do("UPDATE message SET run_at = now()")
    late = await cut_rig.store.overdue([spec.name], -1.0)
    await cut_rig.lanes(spec).drain(spec.name, late[0].ids if late else ())


@pytest.mark.parametrize("heard", [False, True], ids=["before", "after"])
async def test_a_local_batch_cut_anywhere_happens_once(
    rig: Rig, cut_rig: Rig, wire: Wire, heard: bool
) -> None:
    points = 0
    while True:
        await rig.do("TRUNCATE effect")
        await rig.send(*({"n": n} for n in range(COUNT)))
        reached = await crashed(cut_rig, wire, LOCAL, points + 1, heard=heard)
        await recovered(rig, cut_rig, LOCAL)

        assert await rig.effects() == list(range(COUNT)), f"cut at {points + 1}"
        assert await rig.violations() == []
        if not reached:
            break
        points += 1
    assert points >= 4, "the batch has a beginning, a claim, an effect and a commit"


class Gateway(Remote):
    """Reserves, calls a world outside that counts what it hears under each key, records."""

    def __init__(self, rig: Rig) -> None:
        super().__init__()
        self.rig = rig
        self.heard: Counter[int] = Counter()

    async def call(self, batch: Sequence[Message]) -> Sequence[Any]:
        numbers = [message.payload["n"] for message in batch]
        async with self.rig.uow() as uow:
            await uow.driver.execute(
                "INSERT INTO reserved SELECT n FROM unnest($1::integer[]) n ON CONFLICT DO NOTHING",
                numbers,
            )
            await uow.commit()
        self.heard.update(set(numbers) - set(self.heard))
        return numbers


@pytest.mark.parametrize("heard", [False, True], ids=["before", "after"])
async def test_a_remote_batch_cut_anywhere_is_recorded_once(
    rig: Rig, cut_rig: Rig, wire: Wire, heard: bool
) -> None:
    await rig.do("CREATE TABLE reserved (n integer PRIMARY KEY)")
    spec = replace(REMOTE, attempts=100)
    points = 0
    while True:
        await rig.do("TRUNCATE effect, reserved")
        gateway = cut_rig.handlers["t.call.v1"] = Gateway(cut_rig)
        await rig.send(*({"n": n} for n in range(COUNT)), queue=spec.name, name="t.call.v1")
        reached = await crashed(cut_rig, wire, spec, points + 1, heard=heard)
        await recovered(rig, cut_rig, spec)

        assert await rig.effects() == list(range(COUNT)), f"cut at {points + 1}"
        assert gateway.heard == Counter(range(COUNT))
        assert await rig.violations() == []
        if not reached:
            break
        points += 1
    assert points >= 7, "lease, reserve and record have their statements"
