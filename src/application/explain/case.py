"""What a story is told from: things with their parents, and dated facts about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from application.ports import JsonObject


@dataclass(frozen=True, slots=True)
class Ref:
    """Names a thing: `invoice`, `payment`, `refund`, `subscription`, `operation` or `entry`."""

    kind: str
    id: str

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """Something the story is about: `name` says which, `title` how it stands today.

    `parents` are what it came from.
    """

    ref: Ref
    name: str
    title: str
    facts: JsonObject
    parents: Sequence[Ref] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something that happened: `at` is business time, `recorded_at` the database's own.

    `key` is the key it was done under, so that a repeat does nothing: the caller's for a request,
    the attempt's own id for a charge, the operation's for a posting.
    """

    name: str
    about: Ref
    at: datetime
    recorded_at: datetime
    actor: str | None = None
    reason: str | None = None
    key: str | None = None
    correlation_id: UUID | None = None
    causation_id: UUID | None = None
    data: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFile:
    """Everything known that belongs to one thing, facts in the order they were recorded.

    `runs` are the runs of jobs that set something in motion, by id; `waiting` is work that has
    been ordered for the same stories and is not done, or died.
    """

    subject: Ref
    things: Sequence[Thing]
    facts: Sequence[Fact]
    runs: Mapping[UUID, JsonObject]
    waiting: Sequence[JsonObject]


class Archive(Protocol):
    """Finds a thing by whatever names it, and everything that belongs to it."""

    async def find(self, reference: str) -> Ref | None:
        """Find a thing by its id, an invoice by its number, a payment by the gateway's id."""
        ...

    async def case(self, subject: Ref) -> CaseFile:
        """Collect what belongs to a thing that was found."""
        ...
