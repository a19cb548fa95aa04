"""Work through what is due in chunks, and around what fails.

A chunk is one transaction. One that fails is rolled back and tried again at half its size, until
the item that breaks it stands alone: it is reported and left out, and the run goes on.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol
from uuid import UUID

from application.errors import Unreadable
from application.jobs import JobReport

NO_LIMIT = 1_000_000_000


class ChunkFailed(Exception):
    """A chunk could not be carried out; `ids` are what it had claimed."""

    def __init__(self, ids: Sequence[UUID], why: str) -> None:
        super().__init__(why)
        self.ids = ids


class Chunk(Protocol):
    """Claims at most so many items in one transaction, leaving some out, and does their work."""

    async def __call__(self, limit: int, leave_out: Collection[UUID]) -> int:
        """Return how many were done; raise ChunkFailed."""
        ...


@contextmanager
def carrying_out(ids: Sequence[UUID]) -> Iterator[None]:
    """Name the items that were claimed when their work fails; without any the failure is as is."""
    try:
        yield
    except Exception as error:  # the boundary of an item: it is isolated and reported
        if not ids:
            raise
        raise ChunkFailed(ids, f"{type(error).__name__}: {error}") from error


async def work_through(
    chunk: Chunk, report: JobReport, *, size: int, limit: int | None = None
) -> None:
    """Repeat a chunk until nothing is left or the limit is reached."""
    left = limit or NO_LIMIT
    most, broken = size, set[UUID]()
    while left > 0:
        try:
            done = await chunk(min(size, left), broken)
        except Unreadable as unreadable:
            broken.add(unreadable.key)
            report.fail(f"{unreadable}: {unreadable.__cause__}")
            left -= 1
            continue
        except ChunkFailed as failure:
            if len(failure.ids) > 1:
                size = len(failure.ids) // 2
            else:
                broken.update(failure.ids)
                report.fail(f"{failure.ids[0]}: {failure}")
                left -= 1
            continue
        if done == 0:
            return
        left -= done
        size = min(most, size * 2)
