"""The messages of one transaction: rows inserted by its commit, bells rung after it."""

from collections.abc import Callable, Iterable, Sequence

import asyncpg
import msgspec

from application.ports import NewMessage

Ring = Callable[[Sequence[tuple[str, int]]], None]
"""Is told `(queue, message id)` after a commit; never waits, never raises."""

# Only what is due at once is worth a bell; the sweep finds the rest when its time has come.
_INSERT = """
WITH added AS (
    INSERT INTO message (queue, name, payload, order_key, priority, run_at, correlation_id)
    SELECT queue, name, payload::jsonb, order_key, priority,
           now() + delay_seconds * interval '1 second', correlation_id
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::integer[],
                $6::double precision[], $7::uuid[]) WITH ORDINALITY
         AS given(queue, name, payload, order_key, priority, delay_seconds, correlation_id, place)
    ORDER BY place
    RETURNING queue, id, run_at
)
SELECT queue, id FROM added WHERE run_at <= now()
"""


class PostgresOutbox:
    """Collects messages and writes all of them in one statement."""

    def __init__(self, driver: asyncpg.Connection) -> None:
        self._driver = driver
        self._added: list[NewMessage] = []

    def add(self, messages: Iterable[NewMessage]) -> None:
        """Remember messages; they are written with the commit, in order."""
        self._added.extend(messages)

    async def flush(self) -> Sequence[tuple[str, int]]:
        """Insert what was added and return `(queue, id)` of what is due at once."""
        if not self._added:
            return ()
        added, self._added = self._added, []
        rows = await self._driver.fetch(
            _INSERT,
            [m.queue for m in added],
            [m.name for m in added],
            [msgspec.json.encode(m.payload).decode() for m in added],
            [m.order_key for m in added],
            [m.priority for m in added],
            [m.delay_seconds for m in added],
            [m.correlation_id for m in added],
        )
        return [(row["queue"], row["id"]) for row in rows]
