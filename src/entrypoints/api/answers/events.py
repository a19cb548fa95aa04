"""What the door for events, and their feed, answer."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from entrypoints.api.answers.shapes import Answer


class TakenEvents(Struct, kw_only=True):
    """How many events are kept now and were kept before, and which were not taken, and why."""

    accepted: int
    repeated: int
    refused: Sequence[Mapping[str, Any]]


class FedEvent(Answer, frozen=True):
    """An event in its envelope; `data` looks as its schema of this name and version says."""

    place: str
    event_id: UUID
    event_name: str
    event_version: int
    event_time: datetime
    occurred_at: datetime
    producer: str
    aggregate_id: UUID
    aggregate_version: int | None
    correlation_id: UUID
    causation_id: UUID | None
    data: dict[str, Any]


class Feed(Answer, frozen=True):
    """Events in an order that never changes; `after` is where to go on, now or later."""

    events: list[FedEvent]
    after: str
