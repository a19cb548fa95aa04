"""What the routes of people and tasks answer."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from entrypoints.api.answers.shapes import Answer, PageOf


class Person(Answer, frozen=True):
    """Somebody who works for the company."""

    id: UUID
    name: str
    email: str | None
    role: Literal["worker", "accountant", "manager", "admin"]
    language: str
    is_active: bool
    role_version: int
    created_at: datetime


class People(PageOf[Person], frozen=True):
    """A page of people."""


class PayoutDestination(Answer, frozen=True):
    """Where a person's payouts go, by the last four digits of the wallet's number."""

    person_id: UUID
    account_tail: str


class Task(Answer, frozen=True):
    """A task; its prices are there as soon as the books know it."""

    id: UUID
    title: str
    jira_id: str | None
    description: str | None
    author_id: UUID
    assignee_id: UUID
    assignee_name: str | None
    assignment_no: int
    status: Literal["open", "completed"]
    created_at: datetime
    completed_at: datetime | None
    fee_minor: int | None
    reward_minor: int | None
    currency: str | None


class Tasks(PageOf[Task], frozen=True):
    """A page of tasks."""


class CreatedTask(Answer, frozen=True):
    """A task that exists now, and whom it was given to."""

    id: UUID
    assignee_id: UUID
    assignation_id: UUID


class TaskDone(Answer, frozen=True):
    """A task that is completed."""

    id: UUID
    completed_by: UUID
    completed_at: datetime


class TaskAssignment(Answer, frozen=True):
    """Who was given a task, for the n-th time; `batch_id` is the shuffle that did."""

    assignment_no: int
    assignation_id: UUID
    assignee_id: UUID
    previous_assignee_id: UUID | None
    batch_id: UUID | None
    occurred_at: datetime


class TaskAssignments(PageOf[TaskAssignment], frozen=True):
    """A page of who was given a task."""


class ShuffleAsked(Answer, frozen=True):
    """A shuffle of so many tasks is under way; look at it by its id."""

    batch_id: UUID
    tasks: int


class Shuffle(Answer, frozen=True):
    """How far a shuffle is; tasks completed meanwhile are skipped."""

    id: UUID
    status: Literal["running", "done"]
    tasks: int
    reassigned: int
    skipped: int
    requested_by: str
    requested_at: datetime
    done_at: datetime | None
