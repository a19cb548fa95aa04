"""The append-only table of events, written in the transaction of what they tell."""

from collections.abc import Iterable
from datetime import datetime

import asyncpg
import msgspec

from application.envelope import Envelope
from application.ports import Clock, Entropy
from domain.shared.facts import Cause, Event

_INSERT = """
INSERT INTO event (event_id, name, version, aggregate_id, occurred_at, correlation_id,
                   causation_id, actor, reason, idempotency_key, data, producer, aggregate_version)
SELECT event_id, name, version, aggregate_id, occurred_at, correlation_id,
       causation_id, actor, reason, idempotency_key, data::jsonb, producer, aggregate_version
FROM unnest($1::uuid[], $2::text[], $3::smallint[], $4::uuid[], $5::timestamptz[], $6::uuid[],
            $7::uuid[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[],
            $13::integer[], $14::integer[])
     AS given(event_id, name, version, aggregate_id, occurred_at, correlation_id, causation_id,
              actor, reason, idempotency_key, data, producer, aggregate_version, place)
ORDER BY place
"""
_OURS = "kazna"


class PostgresChronicle:
    """Collects events with their cause and writes all of them in one statement.

    `occurred_at` is business time; `recorded_at` is the database's own.
    """

    def __init__(self, driver: asyncpg.Connection, *, clock: Clock, entropy: Entropy) -> None:
        self._driver = driver
        self._clock = clock
        self._entropy = entropy
        self._recorded: list[tuple[Cause, Event | Envelope]] = []

    def record(self, cause: Cause, events: Iterable[Event]) -> None:
        """Remember events; they are written with the commit, in order."""
        self._recorded.extend((cause, event) for event in events)

    def tell(self, cause: Cause, envelopes: Iterable[Envelope]) -> None:
        """Remember events that have an envelope already; their ids and instants stay."""
        self._recorded.extend((cause, envelope) for envelope in envelopes)

    async def flush(self) -> None:
        """Insert what was recorded."""
        if not self._recorded:
            return
        recorded, self._recorded = self._recorded, []
        now = self._clock.now()
        told = [
            (
                cause,
                one if isinstance(one, Envelope) else self._envelope(one, cause, now),
            )
            for cause, one in recorded
        ]
        await self._driver.execute(
            _INSERT,
            [one.event_id for _, one in told],
            [one.name for _, one in told],
            [one.version for _, one in told],
            [one.aggregate_id for _, one in told],
            [one.occurred_at for _, one in told],
            [one.correlation_id for _, one in told],
            [one.causation_id for _, one in told],
            [cause.actor for cause, _ in told],
            [cause.reason for cause, _ in told],
            [cause.idempotency_key for cause, _ in told],
            [msgspec.json.encode(one.data).decode() for _, one in told],
            [one.producer for _, one in told],
            [one.aggregate_version for _, one in told],
            list(range(len(told))),
        )

    def _envelope(self, event: Event, cause: Cause, now: datetime) -> Envelope:
        return Envelope.of(
            event,
            event_id=self._entropy.new_id(),
            occurred_at=now,
            producer=_OURS,
            aggregate_version=None,
            cause=cause,
        )
