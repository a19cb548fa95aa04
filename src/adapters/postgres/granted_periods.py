"""The periods that subscriptions were granted: never overlapping, shortened only by hand."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import asyncpg

from adapters.postgres import tables
from adapters.postgres.bulk import insert_many
from application.subscriptions.ports import PeriodRow
from domain.shared.calendar import Period
from domain.shared.ids import InvoiceId, SubscriptionId
from domain.shared.money import Money
from domain.subscriptions.granted import Cut, Granted

# What went back of a payment, or is on its way, is no longer worth anything in its period.
_GRANTED = """
SELECT period.period_start, period.period_end, period.kind, period.invoice_id,
    greatest(period.worth_minor - coalesce((
        SELECT sum(refund.amount_minor) FROM refund
        WHERE refund.payment_id = period.payment_id AND refund.status <> 'declined'), 0), 0)::bigint
        AS worth_minor, subscription.currency
FROM subscription_period AS period JOIN subscription ON subscription.id = period.subscription_id
WHERE period.subscription_id = $1 ORDER BY period.period_start
"""


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

    async def last_invoiced(self, subscription_id: SubscriptionId) -> Period | None:
        """Return the last period that an invoice paid for."""
        row = await self._driver.fetchrow(
            "SELECT period_start, period_end FROM subscription_period WHERE subscription_id = $1 "
            "AND invoice_id IS NOT NULL ORDER BY period_start DESC LIMIT 1",
            subscription_id,
        )
        return _period(row) if row else None

    async def granted(self, subscription_id: SubscriptionId) -> Sequence[Granted]:
        """Return all granted periods in order, with what they are still worth."""
        return [
            Granted(
                period=_period(row),
                kind=row["kind"],
                invoice_id=InvoiceId(row["invoice_id"]) if row["invoice_id"] else None,
                worth=Money.of(row["worth_minor"], row["currency"]),
            )
            for row in await self._driver.fetch(_GRANTED, subscription_id)
        ]

    async def cut_off(self, subscription_id: SubscriptionId, cut: Cut) -> None:
        """Remove and shorten granted periods."""
        await self._driver.execute(
            "DELETE FROM subscription_period WHERE subscription_id = $1 "
            "AND period_start = ANY($2) AND invoice_id IS NULL",
            subscription_id,
            [gone.period.start for gone in cut.removed],
        )
        if cut.trimmed is not None:
            await self._driver.execute(
                "UPDATE subscription_period SET period_end = $3, "
                "worth_minor = greatest(worth_minor - $4, 0) "
                "WHERE subscription_id = $1 AND period_start = $2",
                subscription_id,
                cut.trimmed.period.start,
                cut.trimmed.period.end,
                cut.credit.amount_minor,
            )

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
                    "worth_minor": row.worth.amount_minor if row.worth else 0,
                }
                for row in periods
            ],
        )


def _period(row: asyncpg.Record) -> Period:
    return Period(row["period_start"].astimezone(UTC), row["period_end"].astimezone(UTC))
