"""What happens to a task, as everybody reads it: the whole task, each time (version 2)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar
from uuid import NAMESPACE_OID, UUID, uuid5

TRACKER = "kazna.tasks"


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfTask:
    task_id: UUID
    title: str
    jira_id: str | None
    description: str | None
    author_id: UUID

    @property
    def aggregate_id(self) -> UUID:
        """The task."""
        return self.task_id


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCreated(_OfTask):
    """A task exists."""

    name: ClassVar[str] = "TaskCreated"
    version: ClassVar[int] = 2
    status: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskAssigned(_OfTask):
    """A task was given to somebody, for the n-th time, by whatever means."""

    name: ClassVar[str] = "TaskAssigned"
    version: ClassVar[int] = 2
    assignee_id: UUID
    assignment_no: int
    assignation_id: UUID
    previous_assignee_id: UUID | None
    batch_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCompleted(_OfTask):
    """Whoever held the task completed it."""

    name: ClassVar[str] = "TaskCompleted"
    version: ClassVar[int] = 2
    completed_by: UUID
    assignment_no: int
    completed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DayMarker:
    """Everything that happened on a day in a part of a tracker was told before this."""

    name: ClassVar[str] = "DayMarker"
    version: ClassVar[int] = 1
    day: date
    partition: int = 0
    partition_count: int = 1

    @property
    def aggregate_id(self) -> UUID:
        """The day, by name."""
        return uuid5(NAMESPACE_OID, f"kazna:day:{self.day}")


TaskEvent = TaskCreated | TaskAssigned | TaskCompleted
