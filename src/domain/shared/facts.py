"""Facts: what happened, told once, with who moved it and why."""

from dataclasses import dataclass
from typing import ClassVar, Protocol
from uuid import UUID


class Event(Protocol):
    """A fact in the past tense: plain values and ids, never an aggregate.

    A concrete event is a frozen dataclass with these two class attributes and an `aggregate_id`
    property that names what it happened to.
    """

    name: ClassVar[str]
    version: ClassVar[int]

    @property
    def aggregate_id(self) -> UUID:
        """The thing it happened to."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why a change was made: who did it, for what reason, and what it answers.

    `actor` reads `kind:name` (`customer:…`, `manager:…`, `job:autopayments`, `gateway:yookassa`).
    `correlation_id` is shared by everything one command set in motion; `causation_id` is the
    message, attempt or event that this change answers.
    """

    actor: str
    reason: str
    correlation_id: UUID
    causation_id: UUID | None = None
    idempotency_key: str | None = None
