"""Queues whose messages are leased from outside: we take over what was let fall, nothing else."""

from dataclasses import replace

from application.carrier.bridge import foreign_queues
from application.messaging.sweep import Sweep
from application.queues import Kind, queue_table
from tests.integration.messages.rig import Remote, Rig

QUEUE = queue_table(["acme"], foreign={"acme_requests"})["acme_requests"]
BRIEF = replace(QUEUE, lease_seconds=30.0, batch_limit=1)


async def sent(rig: Rig, *numbers: int) -> list[int]:
    return await rig.send(*({"n": n} for n in numbers), queue=QUEUE.name, name="t.call.v1")


async def swept(rig: Rig) -> int:
    sweep = Sweep(rig.shop, rig.lanes(QUEUE), rig.ears)
    found = await sweep.once()
    await sweep.settle()
    return sum(len(overdue.ids) for overdue in found)


async def test_no_bell_and_no_sweep_carries_out_what_waits_to_be_leased(rig: Rig) -> None:
    handler = rig.handlers["t.call.v1"] = Remote()
    ids = await sent(rig, 1, 2)
    await rig.do("UPDATE message SET run_at = now() - interval '1 hour'")
    rung = len(rig.ears.rung)

    await rig.lanes(QUEUE).drain(QUEUE.name, ids)
    assert await swept(rig) == 0

    assert handler.calls == []
    assert [row["state"] for row in await rig.messages()] == ["ready", "ready"]
    assert len(rig.ears.rung) == rung, "nobody is rung for it over and over"


async def test_a_lease_that_is_over_is_taken_over_alone(rig: Rig) -> None:
    handler = rig.handlers["t.call.v1"] = Remote()
    ids = await sent(rig, 1, 2, 3)
    await rig.store.lease(BRIEF, ids)
    await rig.store.lease(BRIEF, ids)
    await rig.do("UPDATE message SET lease_until = now() WHERE id = $1", ids[0])

    assert await swept(rig) == 1

    assert handler.calls == [[1]]
    assert [row["state"] for row in await rig.messages()] == ["leased", "ready"]


async def test_what_was_let_fall_too_often_is_dead(rig: Rig) -> None:
    handler = rig.handlers["t.call.v1"] = Remote()
    ids = await sent(rig, 1)
    await rig.store.lease(BRIEF, ids)
    await rig.do("UPDATE message SET lease_until = now(), attempt = $1", QUEUE.attempts)

    await swept(rig)

    assert handler.calls == []
    assert [row["state"] for row in await rig.messages()] == ["dead"]


def test_only_the_requests_of_a_bridged_operator_are_foreign() -> None:
    names = foreign_queues("acme", "bridge", {}) | foreign_queues("other", "plain", {})
    table = queue_table(["acme", "other"], names)

    foreign = {spec.name for spec in table.values() if spec.kind is Kind.FOREIGN}

    assert foreign == {"acme_requests", "acme_sms_requests"}
    assert table["other_requests"].kind is Kind.REMOTE
    assert foreign_queues("acme", "bridge", {"sms": False}) == {"acme_requests"}
