"""The append-only table of events, written in the transaction of what they tell."""

from collections.abc import Iterable

import asyncpg
import msgspec

from adapters.postgres.codec import fields_of
from application.ports import Clock, Entropy
from domain.shared.facts import Cause, Event

_INSERT = """
INSERT INTO event (event_id, name, version, aggregate_id, occurred_at, correlation_id,
                   causation_id, actor, reason, idempotency_key, data)
SELECT event_id, name, version, aggregate_id, $12, correlation_id,
       causation_id, actor, reason, idempotency_key, data::jsonb
FROM unnest($1::uuid[], $2::text[], $3::smallint[], $4::uuid[], $5::uuid[], $6::uuid[],
            $7::text[], $8::text[], $9::text[], $10::text[], $11::integer[])
     AS given(event_id, name, version, aggregate_id, correlation_id, causation_id,
              actor, reason, idempotency_key, data, place)
ORDER BY place
"""


class PostgresChronicle:
    """Collects events with their cause and writes all of them in one statement.

    `occurred_at` is business time; `recorded_at` is the database's own.
    """

    def __init__(self, driver: asyncpg.Connection, *, clock: Clock, entropy: Entropy) -> None:
        self._driver = driver
        self._clock = clock
        self._entropy = entropy
        self._recorded: list[tuple[Cause, Event]] = []

    def record(self, cause: Cause, events: Iterable[Event]) -> None:
        """Remember events; they are written with the commit, in order."""
        self._recorded.extend((cause, event) for event in events)

    async def flush(self) -> None:
        """Insert what was recorded."""
        if not self._recorded:
            return
        recorded, self._recorded = self._recorded, []
        await self._driver.execute(
            _INSERT,
            [self._entropy.new_id() for _ in recorded],
            [event.name for _, event in recorded],
            [event.version for _, event in recorded],
            [event.aggregate_id for _, event in recorded],
            [cause.correlation_id for cause, _ in recorded],
            [cause.causation_id for cause, _ in recorded],
            [cause.actor for cause, _ in recorded],
            [cause.reason for cause, _ in recorded],
            [cause.idempotency_key for cause, _ in recorded],
            [msgspec.json.encode(fields_of(event)).decode() for _, event in recorded],
            list(range(len(recorded))),
            self._clock.now(),
        )
