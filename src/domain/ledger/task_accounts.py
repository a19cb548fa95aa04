"""What the facts of a task mean to the books, in whatever order they come.

A fee is owed for every assignment, a reward for the one completion. Facts may come twice and in any
order: a fact that is on the books already is an operation with the same key, which the ledger
enters once; one that came too early is parked; one that contradicts what is known moves nothing.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from domain.ledger.pricing import Prices
from domain.shared.money import Money


class TaskState(StrEnum):
    """How far the books know a task."""

    PRICED = "priced"
    ASSIGNED = "assigned"
    COMPLETED = "completed"


class Kind(StrEnum):
    """What moves money between a person and the company."""

    FEE = "ASSIGN_FEE"
    REWARD = "TASK_REWARD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What a task is called; the highest version of the task's own count wins."""

    version: int = 0
    title: str = ""
    jira_id: str | None = None
    description: str | None = None
    author_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskAccount:
    """A task as the books know it; `completed_no` is the assignment it was completed under."""

    task_id: UUID
    prices: Prices
    state: TaskState = TaskState.PRICED
    assignee_id: UUID | None = None
    last_no: int = 0
    completed_by: UUID | None = None
    completed_no: int | None = None
    completed_at: datetime | None = None
    details: Details = Details()


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """The task exists."""

    task_id: UUID
    details: Details


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """The task was given to somebody, for the n-th time; the previous assignee is the event's."""

    task_id: UUID
    assignation_id: UUID
    assignment_no: int
    assignee_id: UUID
    previous_assignee_id: UUID | None
    occurred_at: datetime
    details: Details


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """Whoever the n-th assignment gave it to completed the task."""

    task_id: UUID
    completed_by: UUID
    assignment_no: int
    occurred_at: datetime
    details: Details


Fact = Created | Assigned | Completed


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """An operation a fact asks for; `amount` is positive, and `key` makes it one for ever."""

    kind: Kind
    key: str
    person_id: UUID
    amount: Money
    task_id: UUID
    assignation_id: UUID | None
    occurred_at: datetime

    @property
    def delta_minor(self) -> int:
        """What it does to the person's balance."""
        sign = 1 if self.kind is Kind.REWARD else -1
        return sign * self.amount.amount_minor


@dataclass(frozen=True, slots=True)
class Applied:
    """The task as it stands, with what is owed."""

    account: TaskAccount
    owed: Owed | None = None


@dataclass(frozen=True, slots=True)
class TooEarly:
    """The task is not known yet: the fact waits until it is."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """The fact cannot be true beside what is known; a person decides."""

    why: str


Verdict = Applied | TooEarly | Contradiction


def apply(
    account: TaskAccount | None,
    fact: Fact,
    prices: Prices,
    *,
    charge_same_assignee: bool = True,
) -> Verdict:
    """Apply a fact; `prices` are the task's, and used where it was not known before.

    With `charge_same_assignee` off, an assignment to whom the event itself calls the previous
    assignee is free; what the books know never decides that, or order would.
    """
    if account is None:
        if isinstance(fact, Completed):
            return TooEarly()
        account = TaskAccount(task_id=fact.task_id, prices=prices)
    known = replace(account, details=_newer(account.details, fact.details))
    match fact:
        case Created():
            return Applied(known)
        case Assigned():
            return _assigned(known, fact, charge_same_assignee)
        case Completed():
            return _completed(known, fact)
        case _:
            assert_never(fact)


def _assigned(account: TaskAccount, fact: Assigned, charge_same: bool) -> Verdict:
    done = account.completed_no
    if done is not None and fact.assignment_no > done:
        return Contradiction(
            f"assignment {fact.assignment_no} of a task that was completed under number {done}"
        )
    moved = account
    if fact.assignment_no > account.last_no:
        moved = replace(account, last_no=fact.assignment_no, assignee_id=fact.assignee_id)
    if moved.state is TaskState.PRICED:
        moved = replace(moved, state=TaskState.ASSIGNED)
    if not charge_same and fact.previous_assignee_id == fact.assignee_id:
        return Applied(moved)
    fee = Owed(
        kind=Kind.FEE,
        key=f"fee:{fact.task_id}:{fact.assignation_id}",
        person_id=fact.assignee_id,
        amount=account.prices.fee,
        task_id=fact.task_id,
        assignation_id=fact.assignation_id,
        occurred_at=fact.occurred_at,
    )
    return Applied(moved, fee)


def _completed(account: TaskAccount, fact: Completed) -> Verdict:
    if account.state is TaskState.COMPLETED:
        if (account.completed_by, account.completed_no) == (fact.completed_by, fact.assignment_no):
            return Applied(account)
        return Contradiction("the task was completed by somebody else, or under another number")
    if account.last_no > fact.assignment_no:
        return Contradiction(
            f"completed under number {fact.assignment_no} after assignment {account.last_no}"
        )
    reward = Owed(
        kind=Kind.REWARD,
        key=f"reward:{fact.task_id}",
        person_id=fact.completed_by,
        amount=account.prices.reward,
        task_id=fact.task_id,
        assignation_id=None,
        occurred_at=fact.occurred_at,
    )
    done = replace(
        account,
        state=TaskState.COMPLETED,
        completed_by=fact.completed_by,
        completed_no=fact.assignment_no,
        completed_at=fact.occurred_at,
    )
    return Applied(done, reward)


def _newer(known: Details, told: Details) -> Details:
    return told if told.version > known.version else known
