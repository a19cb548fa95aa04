"""Leases: renewed while a call lives, taken over when its process died, fenced against zombies."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from application.messaging.remote import RunRemote
from application.ports import Failed, Message
from tests.integration.messages.rig import REMOTE, Remote, Rig

SHORT = replace(REMOTE, lease_seconds=0.3)


async def sent(rig: Rig, *numbers: int) -> list[int]:
    return await rig.send(*({"n": n} for n in numbers), queue=REMOTE.name, name="t.call.v1")


def handled(rig: Rig, **functions: Any) -> Remote:
    handler = rig.handlers["t.call.v1"] = Remote(**functions)
    return handler


async def test_a_long_call_keeps_its_lease(rig: Rig) -> None:
    async def slow(batch: Sequence[Message]) -> Sequence[Any]:
        for _ in range(5):
            await asyncio.sleep(SHORT.lease_seconds / 2)
            assert (await rig.store.lease(SHORT, ids)).batch == []
        return [message.payload["n"] for message in batch]

    handler = handled(rig, calling=slow)
    ids = await sent(rig, 1)

    await RunRemote(rig.shop)(SHORT, ids)

    assert handler.calls == [[1]]
    assert await rig.effects() == [1]


async def expire_leases(rig: Rig) -> None:
    await rig.do(
        "UPDATE message SET lease_until = now() - interval '1 second' WHERE lease IS NOT NULL"
    )


async def test_the_record_of_a_zombie_changes_nothing(rig: Rig) -> None:
    ids = await sent(rig, 1)

    async def overtaken(batch: Sequence[Message]) -> Sequence[Any]:
        if len(handler.calls) == 1:
            await expire_leases(rig)
            await RunRemote(rig.shop)(REMOTE, ids)
        return [message.payload["n"] for message in batch]

    handler = handled(rig, calling=overtaken)

    await RunRemote(rig.shop)(REMOTE, ids)

    assert handler.calls == [[1], [1]]
    assert await rig.effects() == [1]
    assert await rig.messages() == []


async def test_a_zombie_takes_nothing_from_whoever_holds_the_message_now(rig: Rig) -> None:
    ids = await sent(rig, 1)

    async def overtaken(batch: Sequence[Message]) -> Sequence[Any]:
        await expire_leases(rig)
        await rig.store.lease(REMOTE, ids)
        return [message.payload["n"] for message in batch]

    handled(rig, calling=overtaken)

    await RunRemote(rig.shop)(REMOTE, ids)

    assert await rig.effects() == []
    (row,) = await rig.messages()
    assert (row["state"], row["attempt"]) == ("leased", 2)


async def test_the_failure_of_a_zombie_changes_nothing(rig: Rig) -> None:
    ids = await sent(rig, 1)

    async def overtaken(batch: Sequence[Message]) -> Sequence[Any]:
        await expire_leases(rig)
        await rig.store.lease(REMOTE, ids)
        return [Failed("too late", final=True)]

    handled(rig, calling=overtaken)

    await RunRemote(rig.shop)(REMOTE, ids)

    (row,) = await rig.messages()
    assert (row["state"], row["attempt"], row["error"]) == ("leased", 2, None)


async def test_a_call_whose_lease_was_lost_is_cancelled(rig: Rig) -> None:
    ids = await sent(rig, 1)

    async def overtaken(batch: Sequence[Message]) -> Sequence[Any]:
        await expire_leases(rig)
        await rig.store.lease(REMOTE, ids)
        await asyncio.Event().wait()
        return []

    handled(rig, calling=overtaken)

    async with asyncio.timeout(5):
        await RunRemote(rig.shop)(SHORT, ids)

    (row,) = await rig.messages()
    assert (row["state"], row["attempt"]) == ("leased", 2)


async def test_a_message_whose_every_try_killed_its_process_is_buried(rig: Rig) -> None:
    ids = await sent(rig, 1)
    for _ in range(REMOTE.attempts):
        assert await rig.store.bury_exhausted(REMOTE) == 0
        assert (await rig.store.lease(REMOTE, ids)).batch
        await expire_leases(rig)

    assert await rig.store.bury_exhausted(REMOTE) == 1

    (row,) = await rig.messages()
    assert row["state"] == "dead"
    assert row["error"] == f"its process died during try {REMOTE.attempts}"


async def test_an_expired_lease_is_taken_over_with_its_try_counted(rig: Rig) -> None:
    ids = await sent(rig, 1)
    await rig.store.lease(REMOTE, ids)
    assert await rig.store.overdue([REMOTE.name], 1.0) == []
    await expire_leases(rig)

    (late,) = await rig.store.overdue([REMOTE.name], 1.0)
    leased = await rig.store.lease(REMOTE, late.ids)

    assert [message.attempt for message in leased.batch] == [2]
