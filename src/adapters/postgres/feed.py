"""Read the events behind the safe horizon, so that a reader never misses one.

Positions are given out before the commit: a transaction that began earlier may commit a lower
position after a higher one was read. What every transaction below `pg_snapshot_xmin` wrote is
final, therefore the feed shows only those, ordered by `(transaction, position)`, and a reader
remembers both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

_READ = """
SELECT xid::text::bigint AS transaction, position, event_id, name, version, aggregate_id,
       occurred_at, recorded_at, correlation_id, causation_id, actor, reason, idempotency_key, data
FROM event
WHERE (xid, position) > ($1::text::xid8, $2::bigint)
  AND xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY xid, position
LIMIT $3
"""


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
        return cls(int(transaction), int(position))


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


async def read_feed(
    driver: asyncpg.Connection, after: Place = Place(), limit: int = 500
) -> Sequence[Recorded]:
    """Return at most `limit` events after a place, in an order that never changes again."""
    rows = await driver.fetch(_READ, str(after.transaction), after.position, limit)
    return [
        Recorded(
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
        )
        for row in rows
    ]


async def make_partitions(driver: asyncpg.Connection, months_ahead: int = 3) -> int:
    """Create the event table's missing months, this one included; return how many were made."""
    made: int = await driver.fetchval("SELECT make_event_partitions($1)", months_ahead)
    return made
