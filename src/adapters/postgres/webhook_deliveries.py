"""Deliveries of events to endpoints: ordered in sets, written in sets, in line per aggregate."""
# ruff: noqa: S608 - the statements are put together from the constants of this file and the feed's

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from adapters.postgres import tables
from adapters.postgres.bulk import insert_many
from adapters.postgres.feed import COLUMNS, Place, Recorded, recorded
from adapters.postgres.feed_reading import FeedReading
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from application.webhooks.ports import (
    Answered,
    Happened,
    NewDelivery,
    NoAnswer,
    Ordered,
    Outgoing,
    Result,
)

READER = "webhooks"
_LONGEST_TEXT = 500
_OPEN = "('queued', 'waiting', 'held')"
_NAMED = "id, endpoint_id, aggregate_id, transaction, position"
_DUE = f"""
UPDATE webhook_delivery SET status = 'queued', next_try_at = NULL WHERE id IN (
    SELECT id FROM webhook_delivery WHERE status = 'waiting' AND next_try_at <= $1
    ORDER BY next_try_at LIMIT $2 FOR UPDATE SKIP LOCKED)
RETURNING {_NAMED}
"""
_LOAD = f"""
SELECT told.*, one.id AS delivery_id, one.endpoint_id, one.tries, endpoint.url,
    endpoint.status = 'enabled' AS is_wanted, EXISTS (
        SELECT FROM webhook_delivery AS earlier
        WHERE earlier.endpoint_id = one.endpoint_id AND earlier.aggregate_id = one.aggregate_id
            AND earlier.status IN {_OPEN}
            AND (earlier.transaction, earlier.position) < (one.transaction, one.position)
    ) AS is_behind, one.event_id AS told_id
FROM webhook_delivery AS one JOIN webhook_endpoint AS endpoint ON endpoint.id = one.endpoint_id
LEFT JOIN LATERAL (
    SELECT {COLUMNS} FROM event
    WHERE event.position = one.position AND event.recorded_at = one.recorded_at) AS told ON true
WHERE one.id = ANY($1::uuid[]) AND one.status = 'queued'
"""
# A result meets only what is on its way: whoever was given up meanwhile stays so.
_WRITE = """
UPDATE webhook_delivery AS kept SET status = given.status, next_try_at = given.next_try_at,
    why = given.why,
    settled_at = CASE WHEN given.status IN ('delivered', 'failed') THEN $10::timestamptz END,
    tries = kept.tries + given.tried, attempts = kept.attempts + given.tried,
    last_try_at = CASE given.tried WHEN 1 THEN $10::timestamptz ELSE kept.last_try_at END,
    last_code = CASE given.tried WHEN 1 THEN given.code ELSE kept.last_code END,
    last_ms = CASE given.tried WHEN 1 THEN given.took ELSE kept.last_ms END,
    last_answer = CASE given.tried WHEN 1 THEN given.answer ELSE kept.last_answer END
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[], $5::integer[], $6::integer[],
    $7::integer[], $8::text[]) AS given(id, status, next_try_at, why, tried, code, took, answer)
WHERE kept.id = given.id AND kept.status = $9
"""
_RELEASE = f"""
UPDATE webhook_delivery AS kept SET status = 'queued' FROM (
    SELECT DISTINCT endpoint_id, aggregate_id FROM webhook_delivery WHERE id = ANY($1::uuid[])
) AS chain CROSS JOIN LATERAL (
    SELECT id FROM webhook_delivery AS one
    WHERE one.endpoint_id = chain.endpoint_id AND one.aggregate_id = chain.aggregate_id
        AND one.status IN {_OPEN}
    ORDER BY one.transaction, one.position LIMIT 1
) AS first WHERE kept.id = first.id AND kept.status = 'held'
RETURNING kept.id, kept.endpoint_id, kept.aggregate_id, kept.transaction, kept.position
"""
_GIVE_UP = f"""
UPDATE webhook_delivery SET status = 'failed', next_try_at = NULL, why = $2, settled_at = $3
WHERE endpoint_id = $1 AND status IN {_OPEN}
"""
_AGAIN = """
UPDATE webhook_delivery SET status = 'queued', tries = 0, next_try_at = NULL, settled_at = NULL,
    kept_since = now()
"""
_ONE = f"{_AGAIN} WHERE id = $1 AND status IN ('delivered', 'failed', 'waiting') RETURNING {_NAMED}"
_FAILED = f"""
{_AGAIN} WHERE id IN (
    SELECT id FROM webhook_delivery
    WHERE endpoint_id = $1 AND status = 'failed' AND created_at >= $2
    ORDER BY created_at, transaction, position LIMIT $3 FOR UPDATE SKIP LOCKED)
RETURNING {_NAMED}
"""


def webhook_reading() -> FeedReading[Happened]:
    """Return the feed as webhooks read it."""
    return FeedReading(READER, _happened)


class PostgresDeliveries:
    """Rows of deliveries, in the transaction of the unit of work it is given."""

    async def add_many(
        self, uow: PostgresUnitOfWork, rows: Sequence[NewDelivery]
    ) -> Sequence[Ordered]:
        """Insert; return, in the feed's order, those whose endpoint had no such event."""
        now = uow.clock.now()
        new = await insert_many(
            uow.driver,
            tables.webhooks.webhook_delivery,
            [_row(one, now) for one in rows],
            f"ON CONFLICT (endpoint_id, event_id) DO NOTHING RETURNING {_NAMED}",
        )
        return _ordered(new)

    async def take_due(
        self, uow: PostgresUnitOfWork, now: datetime, limit: int
    ) -> Sequence[Ordered]:
        """Take those whose next try has come, oldest first; they are on their way then."""
        return _ordered(await uow.driver.fetch(_DUE, now, limit))

    async def load(self, uow: PostgresUnitOfWork, ids: Collection[UUID]) -> Sequence[Outgoing]:
        """Return those of these that are on their way."""
        return [
            Outgoing(
                id=row["delivery_id"],
                endpoint_id=row["endpoint_id"],
                event_id=row["told_id"],
                url=row["url"],
                tries=row["tries"],
                is_behind=row["is_behind"],
                is_wanted=row["is_wanted"],
                body=msgspec.json.encode(recorded(row).envelope()) if row["event_id"] else None,
            )
            for row in await uow.driver.fetch(_LOAD, list(ids))
        ]

    async def write(self, uow: PostgresUnitOfWork, results: Sequence[Result]) -> None:
        """Write down what came of those that were on their way."""
        replies = [one.reply for one in results]
        await uow.driver.execute(
            _WRITE,
            [one.id for one in results],
            [one.status for one in results],
            [one.next_try_at for one in results],
            [one.why for one in results],
            [0 if reply is None else 1 for reply in replies],
            [reply.code if isinstance(reply, Answered) else None for reply in replies],
            [reply and reply.milliseconds for reply in replies],
            [_text(reply) for reply in replies],
            "queued",
            uow.clock.now(),
        )

    async def release(
        self, uow: PostgresUnitOfWork, settled: Collection[UUID]
    ) -> Sequence[Ordered]:
        """Send on their way those that were held behind deliveries that have come to an end."""
        if not settled:
            return []
        return _ordered(await uow.driver.fetch(_RELEASE, list(settled)))

    async def give_up(self, uow: PostgresUnitOfWork, endpoint_id: UUID, why: str) -> None:
        """End whatever is open of an endpoint."""
        await uow.driver.execute(_GIVE_UP, endpoint_id, why, uow.clock.now())

    async def endpoint_of(self, uow: PostgresUnitOfWork, key: UUID) -> UUID | None:
        """Return whose a delivery is."""
        found: UUID | None = await uow.driver.fetchval(
            "SELECT endpoint_id FROM webhook_delivery WHERE id = $1", key
        )
        return found

    async def again(self, uow: PostgresUnitOfWork, key: UUID) -> Ordered | None:
        """Begin a delivery anew, unless it is on its way; None then."""
        found = _ordered(await uow.driver.fetch(_ONE, key))
        return found[0] if found else None

    async def again_failed(
        self, uow: PostgresUnitOfWork, endpoint_id: UUID, since: datetime, limit: int
    ) -> Sequence[Ordered]:
        """Begin anew what failed since then, in the feed's order."""
        return _ordered(await uow.driver.fetch(_FAILED, endpoint_id, since, limit))


def _row(one: NewDelivery, now: datetime) -> dict[str, Any]:
    place = Place.parsed(one.event.place)
    return {
        "id": one.id,
        "endpoint_id": one.endpoint_id,
        "event_id": one.event.event_id,
        "event_name": one.event.name,
        "aggregate_id": one.event.aggregate_id,
        "transaction": place.transaction,
        "position": place.position,
        "recorded_at": one.event.recorded_at,
        "status": "queued",
        "created_at": now,
    }


def _ordered(rows: Sequence[Any]) -> list[Ordered]:
    """Return rows in the feed's order, which messages keep."""
    rows = sorted(rows, key=lambda row: (row["transaction"], row["position"]))
    return [Ordered(row["id"], row["endpoint_id"], row["aggregate_id"]) for row in rows]


def _text(reply: Answered | NoAnswer | None) -> str | None:
    """Return how an answer begins, as the database can keep it."""
    if not isinstance(reply, Answered):
        return None
    return reply.text.replace("\x00", "")[:_LONGEST_TEXT]


def _happened(event: Recorded) -> Happened:
    return Happened(
        event_id=event.event_id,
        name=event.name,
        aggregate_id=event.aggregate_id,
        recorded_at=event.recorded_at,
        place=str(event.place),
    )
