"""Remote messages: called with nothing open, recorded once, culprits alone."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from adapters.postgres.unit_of_work import PostgresUnitOfWork
from application.messaging.remote import RunRemote
from application.ports import Done, Failed, Message
from domain.shared.errors import InvalidValue
from tests.integration.messages.rig import REMOTE, Remote, Rig


async def sent(rig: Rig, *numbers: int) -> list[int]:
    return await rig.send(*({"n": n} for n in numbers), queue=REMOTE.name, name="t.call.v1")


def handled(rig: Rig, **functions: Any) -> Remote:
    handler = rig.handlers["t.call.v1"] = Remote(**functions)
    return handler


async def test_answers_are_recorded_once_and_the_rows_are_gone(rig: Rig) -> None:
    handler = handled(rig)
    ids = await sent(rig, 1, 2, 3)

    await rig.lanes(REMOTE).drain(REMOTE.name, ids)

    assert handler.calls == [[1, 2, 3]]
    assert await rig.effects() == [1, 2, 3]
    assert await rig.messages() == []


async def test_no_transaction_is_open_and_the_try_is_counted_during_the_call(rig: Rig) -> None:
    seen: list[Any] = []

    async def looking(batch: Sequence[Message]) -> Sequence[Any]:
        seen.extend(await rig.messages())
        seen.append(
            await rig.value(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND state LIKE 'idle in transaction%' AND pid <> pg_backend_pid()"
            )
        )
        return [Done() for _ in batch]

    handled(rig, calling=looking)
    await sent(rig, 1)

    await RunRemote(rig.shop)(REMOTE, [])

    row, open_transactions = seen
    assert (row["state"], row["attempt"]) == ("leased", 1)
    assert open_transactions == 0
    assert await rig.effects() == []


async def test_failures_wait_at_least_as_long_as_they_were_told_to(rig: Rig) -> None:
    async def throttled(batch: Sequence[Message]) -> Sequence[Any]:
        return [Failed("429", retry_after_seconds=500), Failed("card lost", final=True), 3]

    handled(rig, calling=throttled)
    await sent(rig, 1, 2, 3)

    await RunRemote(rig.shop)(REMOTE, [])

    later, dead = await rig.messages()
    assert (later["state"], later["attempt"], later["error"]) == ("ready", 1, "429")
    assert 490 < later["wait"].total_seconds() <= 502
    assert (dead["state"], dead["error"]) == ("dead", "card lost")
    assert await rig.effects() == [3]


async def test_a_call_that_raises_is_repeated_one_by_one_and_its_culprit_stands_alone(
    rig: Rig,
) -> None:
    async def raising(batch: Sequence[Message]) -> Sequence[Any]:
        if any(message.payload["n"] == 2 for message in batch):
            raise RuntimeError("a bug")
        return [message.payload["n"] for message in batch]

    handler = handled(rig, calling=raising)
    await sent(rig, 1, 2, 3)

    await RunRemote(rig.shop)(REMOTE, [])

    assert handler.calls == [[1, 2, 3], [1], [2], [3]]
    assert await rig.effects() == [1, 3]
    (row,) = await rig.messages()
    assert (row["state"], row["attempt"], row["error"]) == ("ready", 1, "RuntimeError: a bug")


async def test_too_few_answers_are_refused(rig: Rig) -> None:
    async def forgetful(batch: Sequence[Message]) -> Sequence[Any]:
        return []

    handled(rig, calling=forgetful)
    await sent(rig, 1)

    await RunRemote(rig.shop)(REMOTE, [])

    (row,) = await rig.messages()
    assert row["error"] == "ValueError: 0 answers were given to 1 messages"


async def test_a_call_without_end_is_cancelled_and_tried_later(rig: Rig) -> None:
    cancelled: list[int] = []

    async def hanging(batch: Sequence[Message]) -> Sequence[Any]:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(batch[0].payload["n"])
            raise
        return []

    handled(rig, calling=hanging)
    await sent(rig, 1)

    await RunRemote(rig.shop)(replace(REMOTE, time_limit_seconds=0.2), [])

    (row,) = await rig.messages()
    assert cancelled == [1]
    assert (row["state"], row["error"]) == ("ready", "TimeoutError: no end after 0.2 s")


async def test_an_answer_that_cannot_be_recorded_is_tried_alone(rig: Rig) -> None:
    async def recording(uow: PostgresUnitOfWork, batch: Sequence[Any]) -> None:
        if any(answer == 2 for _, answer in batch):
            raise InvalidValue("two of them")

    handled(rig, recording=recording)
    await sent(rig, 1, 2, 3, 4, 5)

    await RunRemote(rig.shop)(REMOTE, [])

    assert await rig.effects() == [1, 3, 4, 5]
    (row,) = await rig.messages()
    assert (row["state"], row["error"]) == ("dead", "InvalidValue: two of them")


async def test_answers_survive_a_database_that_is_away_for_a_moment(rig: Rig) -> None:
    lost: list[int] = []

    async def recording(uow: PostgresUnitOfWork, batch: Sequence[Any]) -> None:
        if not lost:
            lost.append(await uow.driver.fetchval("SELECT pg_backend_pid()"))
            await rig.do("SELECT pg_terminate_backend($1)", lost[0])

    handler = handled(rig, recording=recording)
    await sent(rig, 1)

    await RunRemote(rig.shop)(REMOTE, [])

    assert handler.calls == [[1]]
    assert await rig.effects() == [1]


async def test_names_of_one_batch_are_called_side_by_side(rig: Rig) -> None:
    both = asyncio.Barrier(2)

    async def meeting(batch: Sequence[Message]) -> Sequence[Any]:
        async with asyncio.timeout(5):
            await both.wait()
        return [Done() for _ in batch]

    handled(rig, calling=meeting)
    rig.handlers["t.other.v1"] = Remote(calling=meeting)
    await sent(rig, 1)
    await rig.send({"n": 2}, queue=REMOTE.name, name="t.other.v1")

    await RunRemote(rig.shop)(REMOTE, [])

    assert await rig.messages() == []


async def test_a_local_handler_in_a_remote_queue_is_named_and_buried(rig: Rig) -> None:
    await rig.send({"n": 1}, queue=REMOTE.name)

    await RunRemote(rig.shop)(REMOTE, [])

    (row,) = await rig.messages()
    assert row["state"] == "dead"
    assert row["error"] == "the handler of t.effect.v1 does not fit the remote queue payments"
