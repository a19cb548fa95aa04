"""What is looked at of webhooks: endpoints as they stand, and the log of deliveries."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.codec import plain
from adapters.postgres.connections import borrowed_driver
from adapters.postgres.queries import cursor_of, read_cursor
from application.errors import NotFound
from application.ports import JsonObject, Listing, Page
from domain.shared.errors import InvalidValue

_ENDPOINTS = """
SELECT id, url, events, description, status, failing_since, disabled_at, disabled_why, created_at,
    (SELECT max(expires_at) FROM webhook_secret WHERE endpoint_id = one.id)
        AS old_secret_valid_until
FROM webhook_endpoint AS one
WHERE disabled_why IS DISTINCT FROM 'deleted'
    AND ($1::uuid IS NULL OR id = $1) AND ($2::uuid IS NULL OR id < $2)
ORDER BY id DESC LIMIT $3
"""
_DELIVERIES = """
SELECT id, endpoint_id, event_id, event_name, aggregate_id, status, attempts, next_try_at,
    last_try_at, last_code, last_ms, last_answer, why, created_at, settled_at
FROM webhook_delivery
WHERE ($1::uuid IS NULL OR endpoint_id = $1) AND ($2::text IS NULL OR status = $2)
    AND ($3::text IS NULL OR event_name = $3) AND ($4::timestamptz IS NULL OR created_at >= $4)
    AND ($5::timestamptz IS NULL OR created_at < $5) AND ($6::uuid IS NULL OR id < $6)
    AND ($7::uuid IS NULL OR event_id = $7)
ORDER BY id DESC LIMIT $8
"""


class PostgresWebhookQueries:
    """Read models of webhooks; secrets are none of them."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def endpoints(self, page: Page) -> Listing:
        """Return endpoints, newest first."""
        async with borrowed_driver(self._engine) as driver:
            rows = await driver.fetch(_ENDPOINTS, None, _key(page.cursor), page.limit + 1)
        return _listing([plain(dict(row)) for row in rows], page.limit)

    async def endpoint(self, key: UUID) -> JsonObject:
        """Return one endpoint; raise NotFound."""
        async with borrowed_driver(self._engine) as driver:
            row = await driver.fetchrow(_ENDPOINTS, key, None, 1)
        if row is None:
            raise NotFound("webhook endpoint", key)
        shown: JsonObject = plain(dict(row))
        return shown

    async def deliveries(
        self,
        page: Page,
        *,
        endpoint_id: UUID | None,
        status: str | None,
        event_name: str | None,
        event_id: UUID | None,
        period: tuple[datetime | None, datetime | None],
    ) -> Listing:
        """Return deliveries, latest first; `period` is half-open and meets `created_at`."""
        async with borrowed_driver(self._engine) as driver:
            rows = await driver.fetch(
                _DELIVERIES,
                endpoint_id,
                status,
                event_name,
                *period,
                _key(page.cursor),
                event_id,
                page.limit + 1,
            )
        return _listing([plain(dict(row)) for row in rows], page.limit)


def _key(cursor: str | None) -> UUID | None:
    text = read_cursor(cursor)
    try:
        return UUID(text) if text is not None else None
    except ValueError as error:
        raise InvalidValue("that cursor was not given out here") from error


def _listing(rows: list[JsonObject], limit: int) -> Listing:
    more = len(rows) > limit
    return Listing(rows[:limit], cursor_of(rows[limit - 1]["id"]) if more else None)
