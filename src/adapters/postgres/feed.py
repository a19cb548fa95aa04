"""Read the events behind the safe horizon, so that a reader never misses one.

Positions are given out before the commit: a transaction that began earlier may commit a lower
position after a higher one was read. What every transaction below `pg_snapshot_xmin` wrote is
final, therefore the feed shows only those, ordered by `(transaction, position)`, and a reader
remembers both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.connections import borrowed_driver
from application.ports import JsonObject
from domain.shared.errors import InvalidValue

COLUMNS = """
xid::text::bigint AS transaction, position, event_id, name, version, aggregate_id, occurred_at,
recorded_at, correlation_id, causation_id, actor, reason, idempotency_key, data, producer,
aggregate_version
"""
"""What `recorded` reads of the table of events."""
_READ = f"""
SELECT {COLUMNS} FROM event
WHERE (xid, position) > ($1::text::xid8, $2::bigint)
  AND xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY xid, position
LIMIT $3
"""  # noqa: S608 - no value is in it


_MOST = 2**63


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a reader stopped; the first place is before everything."""

    transaction: int = 0
    position: int = 0

    def __str__(self) -> str:
        return f"{self.transaction}.{self.position}"

    @classmethod
    def parsed(cls, text: str) -> "Place":
        """Read a place from the text a client kept; refuse with `ValueError` what is none."""
        transaction, _, position = text.partition(".")
        place = cls(int(transaction), int(position))
        if str(place) != text or place.transaction >= _MOST or place.position >= _MOST:
            raise ValueError("that place was not given out here")
        return place


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One event as it was recorded, with its envelope."""

    place: Place
    event_id: UUID
    name: str
    version: int
    aggregate_id: UUID
    occurred_at: datetime
    recorded_at: datetime
    correlation_id: UUID
    causation_id: UUID | None
    actor: str
    reason: str
    idempotency_key: str | None
    data: dict[str, Any]
    producer: str
    aggregate_version: int | None

    def as_json(self) -> dict[str, Any]:
        """Write it as it is published, with the place to go on from."""
        return {"place": str(self.place), **self.envelope()}

    def envelope(self) -> dict[str, Any]:
        """Write it as it is published."""
        return {
            "event_id": str(self.event_id),
            "event_name": self.name,
            "event_version": self.version,
            "event_time": self.recorded_at.isoformat(),
            "occurred_at": self.occurred_at.isoformat(),
            "producer": self.producer,
            "aggregate_id": str(self.aggregate_id),
            "aggregate_version": self.aggregate_version,
            "correlation_id": str(self.correlation_id),
            "causation_id": None if self.causation_id is None else str(self.causation_id),
            "data": self.data,
        }


async def read_feed(
    driver: asyncpg.Connection, after: Place = Place(), limit: int = 500
) -> Sequence[Recorded]:
    """Return at most `limit` events after a place, in an order that never changes again."""
    rows = await driver.fetch(_READ, str(after.transaction), after.position, limit)
    return [recorded(row) for row in rows]


def recorded(row: Mapping[str, Any]) -> Recorded:
    """Read one row of `COLUMNS`."""
    return Recorded(
        place=Place(row["transaction"], row["position"]),
        event_id=row["event_id"],
        name=row["name"],
        version=row["version"],
        aggregate_id=row["aggregate_id"],
        occurred_at=row["occurred_at"],
        recorded_at=row["recorded_at"],
        correlation_id=row["correlation_id"],
        causation_id=row["causation_id"],
        actor=row["actor"],
        reason=row["reason"],
        idempotency_key=row["idempotency_key"],
        data=row["data"],
        producer=row["producer"],
        aggregate_version=row["aggregate_version"],
    )


class PostgresFeed:
    """The feed over a pool, for whoever reads it over HTTP."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def page(self, after: str | None, limit: int) -> tuple[list[JsonObject], str]:
        """Return events after a place, and the place to go on from; raises InvalidValue."""
        try:
            place = Place.parsed(after) if after else Place()
        except ValueError as error:
            raise InvalidValue("that place was not given out here") from error
        async with borrowed_driver(self._engine) as driver:
            found = await read_feed(driver, place, limit)
        return [one.as_json() for one in found], str(found[-1].place if found else place)


async def make_partitions(driver: asyncpg.Connection, months_ahead: int = 3) -> int:
    """Create the event table's missing months, this one included; return how many were made."""
    made: int = await driver.fetchval("SELECT make_event_partitions($1)", months_ahead)
    return made
