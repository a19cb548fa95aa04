"""The rows of dead messages."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.connections import borrowed
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from application.messaging.dead_letters import DeadMessage
from application.ports import Listing, Page
from domain.shared.errors import InvalidValue

_LISTED = """
SELECT id, queue, name, payload, attempt, error, correlation_id, created_at, run_at AS died_at
FROM message
WHERE state = 'dead' AND ($1::text IS NULL OR queue = $1) AND id < $2
ORDER BY id DESC LIMIT $3
"""

_REVIVE = """
UPDATE message SET state = 'ready', attempt = 0, run_at = now()
WHERE id = ANY($1::bigint[]) AND state = 'dead'
RETURNING id, queue, name, payload, attempt, error
"""

_REMOVE = """
DELETE FROM message WHERE id = ANY($1::bigint[]) AND state = 'dead'
RETURNING id, queue, name, payload, attempt, error
"""

_NEWEST = 2**63 - 1


class PostgresDeadLetters:
    """Dead messages are rows of the same table that no claim sees."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def listed(self, queue: str | None, page: Page) -> Listing:
        """Return dead messages, newest first, of one queue or of all."""
        before = _before(page.cursor)
        async with borrowed(self._engine) as (_, driver):
            rows = await driver.fetch(_LISTED, queue, before, page.limit + 1)
        shown = rows[: page.limit]
        more = len(rows) > page.limit
        return Listing([dict(row) for row in shown], str(shown[-1]["id"]) if more else None)

    async def revive(self, uow: PostgresUnitOfWork, ids: Sequence[int]) -> list[DeadMessage]:
        """Make those that are dead due again, with all their tries before them."""
        return [_dead(row) for row in await uow.driver.fetch(_REVIVE, list(ids))]

    async def remove(self, uow: PostgresUnitOfWork, ids: Sequence[int]) -> list[DeadMessage]:
        """Remove those that are dead."""
        return [_dead(row) for row in await uow.driver.fetch(_REMOVE, list(ids))]


def _before(cursor: str | None) -> int:
    if cursor is None:
        return _NEWEST
    if not cursor.isascii() or not cursor.isdigit() or int(cursor[:20]) > _NEWEST:
        raise InvalidValue("that cursor was not given out here")
    return int(cursor[:20])


def _dead(row: Any) -> DeadMessage:
    return DeadMessage(
        id=row["id"],
        queue=row["queue"],
        name=row["name"],
        payload=row["payload"],
        attempt=row["attempt"],
        why=row["error"],
    )
