"""A task: created with an assignee, given to others by the shuffle only, completed by its assignee.

Assignments are counted from 1, and each has an id of its own: two assignments to the same person
are two facts. A completed task is never opened again.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from domain.shared.errors import DomainError, InvalidValue
from domain.tasks.events import TaskAssigned, TaskCompleted, TaskCreated, TaskEvent
from domain.tasks.title import Title

LONGEST_DESCRIPTION = 20_000


class NoEligibleAssignee(DomainError):
    """Nobody could be given a task: all are managers, administrators, or gone."""

    code = "no_eligible_assignee"


class NotTheAssignee(DomainError):
    """Only whoever holds a task completes it; there is no override for anybody."""

    code = "not_the_assignee"


class UnknownAuthor(DomainError):
    """Only people who work here create tasks."""

    code = "unknown_author"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """Who holds a task, since which count."""

    no: int
    assignation_id: UUID
    assignee_id: UUID


@dataclass(frozen=True, slots=True)
class Open:
    """It is still to be done."""


@dataclass(frozen=True, slots=True)
class Completed:
    """It is done, for ever."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task; `version` counts its events."""

    id: UUID
    title: Title
    description: str | None
    author_id: UUID
    assignment: Assignment
    state: Open | Completed
    version: int
    created_at: datetime


def create(
    *,
    id: UUID,
    title: Title,
    description: str | None,
    author_id: UUID,
    assignee_id: UUID,
    assignation_id: UUID,
    now: datetime,
) -> tuple[Task, tuple[TaskEvent, ...]]:
    """Create a task that is somebody's at once; refuse a description without end."""
    if description is not None and (
        len(description) > LONGEST_DESCRIPTION or "\x00" in description
    ):
        raise InvalidValue(f"a description is text of at most {LONGEST_DESCRIPTION} characters")
    task = Task(
        id=id,
        title=title,
        description=description,
        author_id=author_id,
        assignment=Assignment(no=1, assignation_id=assignation_id, assignee_id=assignee_id),
        state=Open(),
        version=2,
        created_at=now,
    )
    created = TaskCreated(
        task_id=id,
        title=title.text,
        jira_id=title.jira_id,
        description=description,
        author_id=author_id,
        status="OPEN",
        created_at=now,
    )
    return task, (created, _assigned(task, None, None))


def reassign(
    task: Task, assignee_id: UUID, assignation_id: UUID, batch_id: UUID
) -> tuple[Task, TaskAssigned] | None:
    """Give an open task to whoever was drawn, the same person included; None when it is done."""
    if isinstance(task.state, Completed):
        return None
    given = replace(
        task,
        assignment=Assignment(
            no=task.assignment.no + 1, assignation_id=assignation_id, assignee_id=assignee_id
        ),
        version=task.version + 1,
    )
    return given, _assigned(given, task.assignment.assignee_id, batch_id)


def complete(task: Task, by: UUID, now: datetime) -> tuple[Task, TaskCompleted] | None:
    """Complete a task; None when the same person has already. Raises NotTheAssignee."""
    if task.assignment.assignee_id != by:
        raise NotTheAssignee(
            "the task is done already, by somebody else"
            if isinstance(task.state, Completed)
            else "somebody else holds this task now"
        )
    if isinstance(task.state, Completed):
        return None
    done = replace(task, state=Completed(now), version=task.version + 1)
    return done, TaskCompleted(
        task_id=task.id,
        title=task.title.text,
        jira_id=task.title.jira_id,
        description=task.description,
        author_id=task.author_id,
        completed_by=by,
        assignment_no=task.assignment.no,
        completed_at=now,
    )


def _assigned(task: Task, previous: UUID | None, batch_id: UUID | None) -> TaskAssigned:
    return TaskAssigned(
        task_id=task.id,
        title=task.title.text,
        jira_id=task.title.jira_id,
        description=task.description,
        author_id=task.author_id,
        assignee_id=task.assignment.assignee_id,
        assignment_no=task.assignment.no,
        assignation_id=task.assignment.assignation_id,
        previous_assignee_id=previous,
        batch_id=batch_id,
    )
