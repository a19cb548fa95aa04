"""What came in from outside, kept once, with its raw bytes."""

from datetime import datetime

import asyncpg

_RECEIVE = """
INSERT INTO inbox (source, external_id, raw, verified, received_at, handled_at, result)
VALUES ($1, $2, $3, true, $4, now(), '{"became": "message"}'::jsonb)
ON CONFLICT (source, external_id) DO NOTHING RETURNING id
"""


class PostgresInbox:
    """Notifications whose handling is a message of the same transaction."""

    def __init__(self, driver: asyncpg.Connection) -> None:
        self._driver = driver

    async def receive(
        self, source: str, external_id: str, body: bytes, *, received_at: datetime
    ) -> bool:
        """Keep one; return False when it is known already.

        A repeat waits for the transaction of the first, so only one of two at once is new.
        """
        id_ = await self._driver.fetchval(_RECEIVE, source, external_id, body, received_at)
        return id_ is not None
