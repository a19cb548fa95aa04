"""What gateways said, and what could not be accounted for."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from adapters.postgres import tables
from adapters.postgres.bulk import insert_many
from application.payments.ports import Discrepancy, Exchange


class PostgresJournal:
    """The journal of one transaction."""

    def __init__(self, driver: asyncpg.Connection) -> None:
        self._driver = driver

    async def note(self, exchanges: Sequence[Exchange]) -> None:
        """Keep exchanges."""
        await insert_many(
            self._driver,
            tables.payments.gateway_exchange,
            [
                {
                    "payment_id": exchange.attempt_id,
                    "provider": exchange.provider,
                    "question": exchange.question,
                    "answer": exchange.answer,
                    "external_id": exchange.external_id,
                    "raw": exchange.raw,
                    "at": exchange.at,
                }
                for exchange in exchanges
            ],
        )

    async def resolve(self, provider: str, external_id: str, kind: str, *, note: str) -> None:
        """Note that a person has dealt with a discrepancy."""
        await self._driver.execute(
            "UPDATE discrepancy SET status = 'resolved', note = $4, resolved_at = now() "
            "WHERE provider = $1 AND external_id = $2 AND kind = $3 AND status = 'open'",
            provider,
            external_id,
            kind,
            note,
        )

    async def report(self, discrepancies: Sequence[Discrepancy]) -> int:
        """Keep discrepancies that are not known yet; return how many were new."""
        new = await insert_many(
            self._driver,
            tables.payments.discrepancy,
            [
                {
                    "provider": found.provider,
                    "external_id": found.external_id,
                    "kind": found.kind,
                    "expected": found.expected,
                    "actual": found.actual,
                    "found_at": found.found_at,
                }
                for found in discrepancies
            ],
            "ON CONFLICT (provider, external_id, kind) DO NOTHING RETURNING id",
        )
        return len(new)


class PostgresNotifications:
    """The inbox of gateways' notifications, in one transaction.

    A notification is handled by the message it leads to, which is written in this transaction.
    """

    def __init__(self, driver: asyncpg.Connection) -> None:
        self._driver = driver

    async def receive(
        self, source: str, external_id: str, body: bytes, *, received_at: datetime
    ) -> bool:
        """Keep one; return False when it is known already."""
        new = await self._driver.fetchval(
            "INSERT INTO inbox (source, external_id, raw, verified, received_at, handled_at, "
            'result) VALUES ($1, $2, $3, true, $4, now(), \'{"led_to": "look-up"}\'::jsonb) '
            "ON CONFLICT (source, external_id) DO NOTHING RETURNING id",
            source,
            external_id,
            body,
            received_at,
        )
        return new is not None
