"""The periods that subscriptions were granted: only ever added, never overlapping."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import asyncpg

from adapters.postgres import tables
from adapters.postgres.bulk import insert_many
from application.subscriptions.ports import PeriodRow
from domain.shared.calendar import Period
from domain.shared.ids import InvoiceId, SubscriptionId


class GrantedPeriods:
    """Granted periods of one transaction."""

    def __init__(self, driver: asyncpg.Connection) -> None:
        self._driver = driver

    async def periods_of(
        self, invoice_ids: Sequence[InvoiceId]
    ) -> Mapping[InvoiceId, tuple[SubscriptionId, Period]]:
        """Return the periods that invoices have paid for."""
        rows = await self._driver.fetch(
            "SELECT invoice_id, subscription_id, period_start, period_end "
            "FROM subscription_period WHERE invoice_id = ANY($1)",
            list(invoice_ids),
        )
        return {
            InvoiceId(row["invoice_id"]): (SubscriptionId(row["subscription_id"]), _period(row))
            for row in rows
        }

    async def period_before(
        self, subscription_id: SubscriptionId, start: datetime
    ) -> Period | None:
        """Return the last period granted before one that begins then."""
        row = await self._driver.fetchrow(
            "SELECT period_start, period_end FROM subscription_period "
            "WHERE subscription_id = $1 AND period_start < $2 ORDER BY period_start DESC LIMIT 1",
            subscription_id,
            start,
        )
        return _period(row) if row else None

    async def add_periods(self, periods: Sequence[PeriodRow]) -> None:
        """Insert granted periods."""
        await insert_many(
            self._driver,
            tables.subscriptions.subscription_period,
            [
                {
                    "subscription_id": row.subscription_id,
                    "period_start": row.period.start,
                    "period_end": row.period.end,
                    "kind": row.kind,
                    "invoice_id": row.invoice_id,
                    "payment_id": row.attempt_id,
                }
                for row in periods
            ],
        )


def _period(row: asyncpg.Record) -> Period:
    return Period(row["period_start"].astimezone(UTC), row["period_end"].astimezone(UTC))
