"""Group commit: concurrent callers share a transaction, and each gets an answer of its own.

A commit costs about the same for one command and for a hundred. While one batch commits, the next
collects, so batches grow with load by themselves and a lonely caller waits for nobody.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from application.errors import ApplicationError, Unavailable
from domain.shared.errors import DomainError

C = TypeVar("C")
R = TypeVar("R")


class TooBusy(Unavailable):
    """More callers wait for a commit than are let in."""

    code = "too_busy"


class GroupCommit(Generic[C, R]):
    """Collects the commands of one event loop and hands them to `enter` in batches.

    `enter` makes a batch durable and answers once per command, in order; an answer that is an
    exception is raised for its caller alone. If `enter` itself raises, nothing of the batch may
    have happened, or repeating it must do no harm: unless the storage is away, the batch is cut
    in halves until the failing command is alone. At most `lanes` batches are open at a time and
    at most `capacity` callers wait; one more is refused with TooBusy.
    """

    def __init__(
        self,
        enter: Callable[[Sequence[C]], Awaitable[Sequence[R | DomainError]]],
        *,
        batch_limit: int = 1000,
        lanes: int = 2,
        capacity: int = 10_000,
    ) -> None:
        self._enter = enter
        self._batch_limit = batch_limit
        self._lanes = lanes
        self._capacity = capacity
        self._waiting: deque[tuple[C, asyncio.Future[R]]] = deque()
        self._open: set[asyncio.Task[None]] = set()

    async def __call__(self, command: C) -> R:
        """Wait until the command is committed and return its answer.

        A caller that is cancelled while it waits is forgotten; once its batch is on its way, the
        command happens all the same.
        """
        if len(self._waiting) >= self._capacity:
            raise TooBusy(f"{self._capacity} commands wait for a commit already")
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((command, answer))
        if len(self._open) < self._lanes:
            lane = asyncio.create_task(self._drain())
            self._open.add(lane)
            lane.add_done_callback(self._open.discard)
        return await answer

    async def idle(self) -> None:
        """Wait until nothing is on its way, for an orderly end."""
        while self._open:
            await asyncio.wait(self._open)

    async def _drain(self) -> None:
        # Callers that were answered a moment ago run first, so that they share the next batch.
        await asyncio.sleep(0)
        while batch := self._next_batch():
            await self._commit(batch)
            await asyncio.sleep(0)

    def _next_batch(self) -> list[tuple[C, asyncio.Future[R]]]:
        batch: list[tuple[C, asyncio.Future[R]]] = []
        while self._waiting and len(batch) < self._batch_limit:
            command, answer = self._waiting.popleft()
            if not answer.cancelled():
                batch.append((command, answer))
        return batch

    async def _commit(self, batch: list[tuple[C, asyncio.Future[R]]]) -> None:
        try:
            answers = await self._enter([command for command, _ in batch])
        except (ApplicationError, OSError) as error:
            _fail(batch, error)
        except asyncio.CancelledError:
            _fail(batch, Unavailable("the process is stopping"))
            raise
        except Exception as error:
            await self._cut(batch, error)
        else:
            for (_, waiting), answer in zip(batch, answers, strict=True):
                _answer(waiting, answer)

    async def _cut(self, batch: list[tuple[C, asyncio.Future[R]]], error: Exception) -> None:
        if len(batch) == 1:
            _fail(batch, error)
            return
        half = len(batch) // 2
        await self._commit(batch[:half])
        await self._commit(batch[half:])


def _answer(waiting: "asyncio.Future[R]", answer: R | DomainError) -> None:
    if waiting.done():
        return
    if isinstance(answer, DomainError):
        waiting.set_exception(answer)
    else:
        waiting.set_result(answer)


def _fail(batch: Sequence[tuple[C, "asyncio.Future[R]"]], error: Exception) -> None:
    for _, waiting in batch:
        if not waiting.done():
            waiting.set_exception(error)
