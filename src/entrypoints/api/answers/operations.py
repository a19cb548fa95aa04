"""What operators look at."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from entrypoints.api.answers.shapes import Answer, PageOf


class JobRun(Answer, frozen=True):
    """What one run of a job did."""

    id: UUID
    job: str
    business_time: datetime
    dry_run: bool
    actor: str
    started_at: datetime
    finished_at: datetime | None
    counts: dict[str, int]
    errors: list[str]
    error: str | None


class JobRuns(PageOf[JobRun], frozen=True):
    """A page of runs of jobs."""


class Discrepancy(Answer, frozen=True):
    """Something a gateway shows and our books cannot account for."""

    id: int
    provider: str
    external_id: str
    kind: str
    expected: str
    actual: str
    status: Literal["open", "resolved"]
    note: str | None
    found_at: datetime


class Discrepancies(PageOf[Discrepancy], frozen=True):
    """A page of discrepancies."""


class DeadMessage(Answer, frozen=True):
    """A message that was given up on."""

    id: int
    queue: str
    name: str
    payload: dict[str, Any]
    attempt: int
    error: str | None
    correlation_id: UUID | None
    created_at: datetime
    died_at: datetime


class DeadLetters(PageOf[DeadMessage], frozen=True):
    """A page of messages that were given up on."""


class Replayed(Answer, frozen=True):
    """The messages that will be tried again."""

    replayed: list[int]


class Discarded(Answer, frozen=True):
    """The messages that were given up for good."""

    discarded: list[int]


class Story(Answer, frozen=True):
    """What caused a thing, what happened to it, what it caused, and what is still to be done."""

    subject: dict[str, Any]
    caused_by: list[dict[str, Any]]
    timeline: list[dict[str, Any]]
    caused: list[dict[str, Any]]
    waiting: list[dict[str, Any]]


class Health(Answer, frozen=True):
    """The process is alive."""

    status: Literal["alive"]


class Readiness(Answer, frozen=True):
    """Whether requests may come; work goes on without Redis, only later."""

    status: Literal["ready"]
    redis: Literal["answers", "away"]
