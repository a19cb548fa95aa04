"""The texts of days, for operators that charge by themselves."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

import asyncpg

from adapters.postgres.unit_of_work import PostgresUnitOfWork
from application.carrier.broadcast import BroadcastRow

_ORDER = """
INSERT INTO carrier_broadcast AS kept (service_id, day, body, status, created_at)
SELECT given.id, $1, coalesce(planned.body, given.body), 'queued', $4
FROM unnest($2::uuid[], $3::text[]) AS given(id, body)
LEFT JOIN carrier_broadcast AS planned ON planned.service_id = given.id AND planned.day = $1
WHERE planned.status = 'planned' OR planned IS NULL AND given.body <> ''
ON CONFLICT (service_id, day) DO UPDATE SET status = 'queued' WHERE kept.status = 'planned'
RETURNING service_id
"""
_PLAN = """
INSERT INTO carrier_broadcast AS kept (service_id, day, body, status, created_at)
VALUES ($1, $2, $3, 'planned', $4)
ON CONFLICT (service_id, day) DO UPDATE SET body = excluded.body WHERE kept.status = 'planned'
RETURNING true
"""
_LEAVE = """
WITH wanted AS (
    SELECT one.*, service.operator, service.code FROM carrier_broadcast AS one
    JOIN carrier_service AS service ON service.id = one.service_id
    JOIN unnest($1::uuid[], $2::date[]) AS given(service_id, day) USING (service_id, day)
    WHERE one.status IN ('queued', 'sent') ORDER BY one.service_id, one.day FOR UPDATE OF one
), moved AS (
    UPDATE carrier_broadcast AS one SET status = 'sent' FROM wanted
    WHERE one.service_id = wanted.service_id AND one.day = wanted.day
        AND wanted.status = 'queued'
)
SELECT service_id, operator, code, day, body, status FROM wanted
"""
_DECIDE = """
UPDATE carrier_broadcast SET status = $3, token = nullif($4, ''), error = $5, decided_at = $6
WHERE service_id = $1 AND day = $2 AND status = 'sent'
"""
_AGAIN = """
UPDATE carrier_broadcast AS one SET status = 'queued', error = NULL
FROM carrier_service AS service
WHERE one.service_id = $1 AND one.day = $2 AND one.status IN ('rejected', 'unknown')
    AND service.id = one.service_id
RETURNING one.service_id, service.operator, service.code, one.day, one.body, one.status
"""


class PostgresBroadcasts:
    """Rows of texts, in the transaction of the unit of work it is given."""

    async def order(
        self, uow: PostgresUnitOfWork, day: date, texts: Mapping[UUID, str], now: datetime
    ) -> Sequence[UUID]:
        """Queue a day's texts; return the services whose text was not queued before."""
        keys = sorted(texts)
        rows = await uow.driver.fetch(_ORDER, day, keys, [texts[key] for key in keys], now)
        return [row["service_id"] for row in rows]

    async def plan(self, uow: PostgresUnitOfWork, service_id: UUID, day: date, text: str) -> bool:
        """Write the text of a day; False when that day's text is on its way or was sent."""
        return bool(await uow.driver.fetchval(_PLAN, service_id, day, text, uow.clock.now()))

    async def leave(
        self, uow: PostgresUnitOfWork, keys: Sequence[tuple[UUID, date]]
    ) -> Mapping[tuple[UUID, date], BroadcastRow]:
        """Return those on their way as they were, and mark queued ones as sent."""
        rows = await uow.driver.fetch(_LEAVE, [key for key, _ in keys], [day for _, day in keys])
        return {one.key: one for one in map(_row, rows)}

    async def decide(
        self,
        uow: PostgresUnitOfWork,
        key: tuple[UUID, date],
        status: str,
        token: str,
        error: str | None,
    ) -> None:
        """Write the end of one that was sent."""
        await uow.driver.execute(_DECIDE, *key, status, token, error, uow.clock.now())

    async def again(self, uow: PostgresUnitOfWork, key: tuple[UUID, date]) -> BroadcastRow | None:
        """Queue one that was rejected or is unknown; None when it is neither."""
        row = await uow.driver.fetchrow(_AGAIN, *key)
        return _row(row) if row else None


def _row(row: asyncpg.Record) -> BroadcastRow:
    return BroadcastRow(
        service_id=row["service_id"],
        operator=row["operator"],
        service_code=row["code"],
        day=row["day"],
        body=row["body"],
        status=row["status"],
    )
