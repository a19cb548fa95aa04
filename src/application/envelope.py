"""What an event travels in: who told it, of what, when, and in which story."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from application.plain import fields_of
from domain.shared.facts import Cause, Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """An event with its envelope, ours or a partner's; `data` is as it was told."""

    event_id: UUID
    name: str
    version: int
    occurred_at: datetime
    producer: str
    aggregate_id: UUID
    aggregate_version: int | None
    correlation_id: UUID
    causation_id: UUID | None
    data: Mapping[str, Any]

    @classmethod
    def of(
        cls,
        event: Event,
        *,
        event_id: UUID,
        occurred_at: datetime,
        producer: str,
        aggregate_version: int | None,
        cause: Cause,
    ) -> Self:
        """Put an event of ours into its envelope."""
        return cls(
            event_id=event_id,
            name=event.name,
            version=event.version,
            occurred_at=occurred_at,
            producer=producer,
            aggregate_id=event.aggregate_id,
            aggregate_version=aggregate_version,
            correlation_id=cause.correlation_id,
            causation_id=cause.causation_id,
            data=fields_of(event),
        )

    @classmethod
    def read(cls, told: Mapping[str, Any], *, producer: str) -> Self:
        """Read an event of somebody else, whose ids and instants were found to be sound.

        What names no story is one of its own; whoever signed is the producer, whatever it says.
        """
        event_id = UUID(told["event_id"])
        return cls(
            event_id=event_id,
            name=told["event_name"],
            version=told["event_version"],
            occurred_at=datetime.fromisoformat(told["occurred_at"]),
            producer=producer,
            aggregate_id=_uuid(told.get("aggregate_id")) or event_id,
            aggregate_version=told.get("aggregate_version"),
            correlation_id=_uuid(told.get("correlation_id")) or event_id,
            causation_id=_uuid(told.get("causation_id")),
            data=told["data"],
        )

    def as_json(self) -> dict[str, Any]:
        """Write it as it is published."""
        instant = self.occurred_at.isoformat()
        return {
            "event_id": str(self.event_id),
            "event_name": self.name,
            "event_version": self.version,
            "event_time": instant,
            "occurred_at": instant,
            "producer": self.producer,
            "aggregate_id": str(self.aggregate_id),
            "aggregate_version": self.aggregate_version,
            "correlation_id": str(self.correlation_id),
            "causation_id": None if self.causation_id is None else str(self.causation_id),
            "data": self.data,
        }


def _uuid(text: object) -> UUID | None:
    try:
        return UUID(text) if isinstance(text, str) else None
    except ValueError:
        return None
