"""Callers share commits, and yet each succeeds, fails and gives up alone."""

import asyncio
from collections.abc import Sequence

import pytest

from application.errors import Unavailable
from application.group_commit import GroupCommit, TooBusy
from domain.shared.errors import DomainError


class Odd(DomainError):
    """Odd numbers are refused."""


class Storage:
    """Doubles numbers when it is let; remembers the batches that were entered."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.open = asyncio.Event()
        self.open.set()

    async def enter(self, numbers: Sequence[int]) -> Sequence[int | DomainError]:
        await self.open.wait()
        if -1 in numbers:
            raise ZeroDivisionError("a bug in one of them")
        if -2 in numbers:
            raise ConnectionResetError("the storage is away")
        self.batches.append(list(numbers))
        return [Odd(str(number)) if number % 2 else 2 * number for number in numbers]


async def turns() -> None:
    """Let every task run until it waits for something that only the test can bring about."""
    for _ in range(10):
        await asyncio.sleep(0)


async def answers(call: GroupCommit[int, int], *numbers: int) -> list[object]:
    return await asyncio.gather(*(call(n) for n in numbers), return_exceptions=True)


async def test_callers_at_once_share_one_batch() -> None:
    storage = Storage()

    assert await answers(GroupCommit(storage.enter), 2, 4, 6) == [4, 8, 12]
    assert storage.batches == [[2, 4, 6]]


async def test_a_lonely_caller_waits_for_nobody() -> None:
    storage = Storage()
    call = GroupCommit(storage.enter)

    assert [await call(2), await call(4)] == [4, 8]
    assert storage.batches == [[2], [4]]


async def test_while_one_batch_commits_the_next_collects() -> None:
    storage = Storage()
    storage.open.clear()
    call = GroupCommit(storage.enter, lanes=1)
    first = asyncio.create_task(call(2))
    await turns()
    rest = [asyncio.create_task(call(number)) for number in (4, 6, 8)]
    await turns()

    storage.open.set()
    await asyncio.gather(first, *rest)

    assert storage.batches == [[2], [4, 6, 8]]


async def test_a_batch_has_a_limit_and_nobody_is_left() -> None:
    storage = Storage()

    given = await answers(GroupCommit(storage.enter, batch_limit=4, lanes=2), *range(0, 40, 2))

    assert given == [2 * n for n in range(0, 40, 2)]
    assert sorted(n for batch in storage.batches for n in batch) == list(range(0, 40, 2))
    assert max(len(batch) for batch in storage.batches) == 4


async def test_a_refusal_reaches_its_caller_alone() -> None:
    given = await answers(GroupCommit(Storage().enter), 2, 3, 4)

    assert [given[0], given[2]] == [4, 8]
    assert isinstance(given[1], Odd)


async def test_a_command_that_breaks_its_batch_breaks_nobody_else() -> None:
    storage = Storage()

    given = await answers(GroupCommit(storage.enter), 2, 4, -1, 6, 8, 10)

    assert [type(each) for each in given].count(ZeroDivisionError) == 1
    assert isinstance(given[2], ZeroDivisionError)
    assert [each for each in given if isinstance(each, int)] == [4, 8, 12, 16, 20]
    assert sorted(n for batch in storage.batches for n in batch) == [2, 4, 6, 8, 10]


async def test_a_storage_that_is_away_is_not_asked_again_for_each_caller() -> None:
    storage = Storage()

    given = await answers(GroupCommit(storage.enter), 2, -2, 4)

    assert all(isinstance(each, ConnectionResetError) for each in given)
    assert storage.batches == []


async def test_one_caller_too_many_is_refused_at_once() -> None:
    storage = Storage()
    storage.open.clear()
    call = GroupCommit(storage.enter, lanes=1, capacity=2)
    first = asyncio.create_task(call(0))
    await turns()
    waiting = [asyncio.create_task(call(number)) for number in (2, 4)]
    await turns()

    with pytest.raises(TooBusy):
        await call(6)

    storage.open.set()
    assert await asyncio.gather(first, *waiting) == [0, 4, 8]
    assert await call(6) == 12


async def test_a_caller_that_gave_up_before_its_batch_is_forgotten() -> None:
    storage = Storage()
    storage.open.clear()
    call = GroupCommit(storage.enter, lanes=1)
    first = asyncio.create_task(call(0))
    await turns()
    gone, stays = asyncio.create_task(call(2)), asyncio.create_task(call(4))
    await turns()

    gone.cancel()
    storage.open.set()

    assert await asyncio.gather(first, stays) == [0, 8]
    assert storage.batches == [[0], [4]]


async def test_a_caller_that_gives_up_on_the_way_takes_nobody_along() -> None:
    storage = Storage()
    storage.open.clear()
    call = GroupCommit(storage.enter)
    gone, stays = asyncio.create_task(call(2)), asyncio.create_task(call(4))
    await turns()

    gone.cancel()
    await turns()
    storage.open.set()

    assert await stays == 8
    assert storage.batches == [[2, 4]]


async def test_idle_waits_for_what_is_on_its_way() -> None:
    storage = Storage()
    storage.open.clear()
    call = GroupCommit(storage.enter)
    caller = asyncio.create_task(call(2))
    await turns()
    idle = asyncio.create_task(call.idle())
    await turns()
    assert not idle.done()

    storage.open.set()
    await idle

    assert caller.done() or await caller == 4
    await call.idle()


async def test_callers_are_told_when_the_process_stops() -> None:
    storage = Storage()
    storage.open.clear()
    call = GroupCommit(storage.enter)
    caller = asyncio.create_task(call(2))
    await turns()

    for lane in asyncio.all_tasks() - {asyncio.current_task(), caller}:
        if lane.get_coro().__qualname__ == "GroupCommit._drain":  # type: ignore[union-attr]
            lane.cancel()

    with pytest.raises(Unavailable):
        await caller
