"""What the tracker asks of storage, and whom it tells."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from application.ports import Listener as Listener
from application.ports import U_contra
from domain.tasks.task import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An assignment as it is kept: the task after it, who held it before, by which shuffle."""

    task: Task
    previous_assignee_id: UUID | None
    batch_id: UUID | None
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A part of a shuffle: tasks that were open when the button was pressed."""

    batch_id: UUID
    number: int


class Roster(Protocol[U_contra]):
    """People whom tasks may be drawn for."""

    async def draw(self, uow: U_contra, fraction: float) -> UUID | None:
        """Return one of them, each as likely as any other, by a number from 0 to 1."""
        ...

    async def works_here(self, uow: U_contra, person_id: UUID) -> bool:
        """Tell whether somebody is registered and active."""
        ...

    async def eligible(self, uow: U_contra) -> Sequence[UUID]:
        """Return all of them, in an order that does not change by itself."""
        ...


class Tracker(Protocol[U_contra]):
    """Rows of tasks, their assignments, and shuffles."""

    async def add(self, uow: U_contra, tasks: Sequence[Task]) -> None:
        """Insert new tasks."""
        ...

    async def lock(self, uow: U_contra, ids: Collection[UUID]) -> Mapping[UUID, Task]:
        """Lock tasks in the order of their ids, and return those that exist."""
        ...

    async def save(self, uow: U_contra, tasks: Sequence[Task]) -> None:
        """Write tasks down; their rows are locked."""
        ...

    async def keep_given(self, uow: U_contra, given: Sequence[Given]) -> None:
        """Append assignments; an assignation id is there once for ever."""
        ...

    async def open_batch(
        self, uow: U_contra, batch_id: UUID, requested_by: str, now: datetime, chunk: int
    ) -> tuple[int, int]:
        """Remember every open task in parts of so many; return the numbers of tasks and parts."""
        ...

    async def take_chunks(
        self, uow: U_contra, chunks: Sequence[Chunk]
    ) -> Mapping[Chunk, Sequence[UUID]]:
        """Take the tasks of parts out, so that nobody shuffles them again for this batch."""
        ...

    async def count_done(
        self, uow: U_contra, done: Mapping[UUID, tuple[int, int, int]], now: datetime
    ) -> None:
        """Add (reassigned, skipped, parts) to batches; the last part ends one."""
        ...

    async def share_day(self, uow: U_contra) -> None:
        """Hold the day open: nobody marks its end while this transaction lives."""
        ...
