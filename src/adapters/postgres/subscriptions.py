"""Subscriptions and their periods on PostgreSQL."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg

from adapters.postgres import tables
from adapters.postgres.aggregates import Rows, states
from adapters.postgres.codec import fields_of, restored
from adapters.postgres.granted_periods import GrantedPeriods
from adapters.postgres.terms import terms_from_row, terms_to_row
from application.subscriptions.ports import PeriodRow
from domain.shared.calendar import Interval, Period, Unit
from domain.shared.ids import (
    CustomerId,
    InvoiceId,
    PlanId,
    PriceId,
    SubscriptionId,
)
from domain.shared.money import Money
from domain.shared.msisdn import Msisdn
from domain.subscriptions import model
from domain.subscriptions.agreement import PlanChange
from domain.subscriptions.model import (
    OpenCharge,
    Subscription,
    status_of,
)
from domain.subscriptions.renewal import OPEN_CHARGE_HOLDS, expires_at, renew_at

_LIVE = "status IN ('created', 'active', 'past_due', 'paused')"
# Whoever said stop is welcome again at once: such a subscription holds nobody back.
_LAST_PAID = """
SELECT subscription.msisdn, subscription.operator, subscription.service_code,
    max(payment.captured_at) AS paid_at
FROM subscription
JOIN invoice ON invoice.subscription_id = subscription.id
JOIN payment ON payment.invoice_id = invoice.id AND payment.captured_at > $2
WHERE subscription.msisdn = ANY($1)
    AND NOT (subscription.status = 'canceled'
        AND subscription.state ->> 'why' IN ('unsubscribed', 'purged'))
GROUP BY 1, 2, 3
"""
_STATES = states(
    model.Created,
    model.Active,
    model.PastDue,
    model.Paused,
    model.Canceled,
    model.Expired,
    model.Refused,
)


def to_row(subscription: Subscription) -> dict[str, Any]:
    """Write an aggregate as a row."""
    period = getattr(subscription.state, "period", None)
    charge = subscription.charge
    return {
        "id": subscription.id,
        "customer_id": subscription.customer_id,
        "plan_id": subscription.plan_id,
        "price_id": subscription.price_id,
        "amount_minor": subscription.money.amount_minor,
        "currency": subscription.money.currency.code,
        "interval_count": subscription.interval.count,
        "interval_unit": subscription.interval.unit.value,
        "anchor_day": subscription.anchor_day,
        "provider": subscription.terms.provider,
        "method_id": subscription.terms.method_id,
        **terms_to_row(subscription.terms),
        "renewal": subscription.renewal.value,
        "source": subscription.source.value,
        "status": status_of(subscription.state),
        "state": fields_of(subscription.state),
        "period_start": period.start if period else None,
        "period_end": period.end if period else None,
        "charge_invoice_id": charge.invoice_id if charge else None,
        "charge_since": charge.since if charge else None,
        "renew_at": renew_at(subscription),
        "expires_at": expires_at(subscription),
        "not_before": subscription.not_before,
        "plan_change": fields_of(subscription.change) if subscription.change else None,
        "created_at": subscription.created_at,
        "version": subscription.version,
    }


def from_row(row: Mapping[str, Any]) -> Subscription:
    """Read a row back."""
    since = row["charge_since"]
    return Subscription(
        id=SubscriptionId(row["id"]),
        customer_id=CustomerId(row["customer_id"]),
        plan_id=PlanId(row["plan_id"]),
        price_id=PriceId(row["price_id"]),
        money=Money.of(row["amount_minor"], row["currency"]),
        interval=Interval(row["interval_count"], Unit(row["interval_unit"])),
        anchor_day=row["anchor_day"],
        terms=terms_from_row(row),
        renewal=model.Renewal(row["renewal"]),
        source=model.Source(row["source"]),
        state=restored(_STATES[row["status"]], row["state"]),
        charge=OpenCharge(InvoiceId(row["charge_invoice_id"]), utc(since)) if since else None,
        created_at=utc(row["created_at"]),
        not_before=utc(row["not_before"]) if row["not_before"] else None,
        change=restored(PlanChange, row["plan_change"]) if row["plan_change"] else None,
        version=row["version"],
    )


def utc(instant: datetime) -> datetime:
    """Give an instant of the driver the one UTC that periods insist on."""
    return instant.astimezone(UTC)


class PostgresSubscriptions(GrantedPeriods):
    """Subscriptions of one transaction."""

    def __init__(self, driver: asyncpg.Connection) -> None:
        super().__init__(driver)
        self._rows = Rows(driver, tables.subscriptions.subscription, to_row, from_row)

    async def lock_many(
        self, ids: Sequence[SubscriptionId]
    ) -> Mapping[SubscriptionId, Subscription]:
        """Load for change."""
        return await self._rows.by_id(ids, lock=True)

    async def lock_due(
        self, renew_before: datetime, limit: int, leave_out: Collection[UUID] = ()
    ) -> Sequence[Subscription]:
        """Load for change what is due; skips rows locked by others."""
        return await self._rows.load(
            "renew_at < $1 AND operator IS NULL AND id <> ALL($3::uuid[]) "
            "ORDER BY renew_at, id LIMIT $2 FOR UPDATE SKIP LOCKED",
            renew_before,
            limit,
            list(leave_out),
        )

    async def lock_ending(
        self, now: datetime, limit: int, leave_out: Collection[UUID] = ()
    ) -> Sequence[Subscription]:
        """Load for change what lapses; an open charge holds a subscription back for a day."""
        return await self._rows.load(
            "expires_at <= $1 AND (charge_since IS NULL OR charge_since <= $2) "
            "AND id <> ALL($4::uuid[]) ORDER BY expires_at, id LIMIT $3 FOR UPDATE SKIP LOCKED",
            now,
            now - OPEN_CHARGE_HOLDS,
            limit,
            list(leave_out),
        )

    async def lock_paused(
        self, now: datetime, limit: int, leave_out: Collection[UUID] = ()
    ) -> Sequence[Subscription]:
        """Load for change what was paused until now."""
        return await self._rows.load(
            "expires_at <= $1 AND status = 'paused' AND id <> ALL($3::uuid[]) "
            "ORDER BY expires_at, id LIMIT $2 FOR UPDATE SKIP LOCKED",
            now,
            limit,
            list(leave_out),
        )

    async def count_paused(self, now: datetime) -> int:
        """Count what was paused until now, without locks."""
        return await self._count("expires_at <= $1 AND status = 'paused'", now)

    async def is_to_become(
        self,
        customer_id: CustomerId,
        plan_id: PlanId,
        *,
        besides: SubscriptionId | None = None,
    ) -> bool:
        """Tell whether a live subscription of the customer, besides one, is to change to it."""
        return bool(
            await self._driver.fetchval(
                "SELECT EXISTS (SELECT FROM subscription WHERE customer_id = $1 "  # noqa: S608
                f"AND plan_change ->> 'plan_id' = $2 AND plan_id::text <> $2 "
                f"AND id IS DISTINCT FROM $3::uuid AND {_LIVE})",
                customer_id,
                str(plan_id),
                besides,
            )
        )

    async def count_due(self, renew_before: datetime) -> int:
        """Count what is due, without locks."""
        return await self._count("renew_at < $1 AND operator IS NULL", renew_before)

    async def count_ending(self, now: datetime) -> int:
        """Count what lapses, without locks."""
        waiting = "expires_at <= $1 AND (charge_since IS NULL OR charge_since <= $2)"
        return await self._count(waiting, now, now - OPEN_CHARGE_HOLDS)

    async def lock_number_due(
        self,
        operator: str,
        status: str,
        now: datetime,
        limit: int,
        leave_out: Collection[UUID] = (),
    ) -> Sequence[Subscription]:
        """Load for change an operator's that are due, oldest first; skips rows others hold."""
        return await self._rows.load(
            "operator = $1 AND status = $2 AND renew_at <= $3 AND id <> ALL($5::uuid[]) "
            "ORDER BY renew_at, id LIMIT $4 FOR UPDATE SKIP LOCKED",
            operator,
            status,
            now,
            limit,
            list(leave_out),
        )

    async def count_number_due(self, operator: str, status: str, now: datetime) -> int:
        """Count an operator's that are due, without locks."""
        due = "operator = $1 AND status = $2 AND renew_at <= $3"
        return await self._count(due, operator, status, now)

    async def _count(self, where: str, *values: Any) -> int:
        sql = f"SELECT count(*) FROM subscription WHERE {where}"  # noqa: S608
        return int(await self._driver.fetchval(sql, *values))

    async def of_numbers(
        self, numbers: Collection[Msisdn], *, live: bool
    ) -> Sequence[Subscription]:
        """Load all subscriptions of numbers, or those that are not over; without locks."""
        tail = f"AND {_LIVE}" if live else ""
        return await self._rows.load(
            f"msisdn = ANY($1) {tail} ORDER BY id", [number.digits for number in numbers]
        )

    async def last_paid(
        self, numbers: Collection[Msisdn], since: datetime
    ) -> Mapping[tuple[Msisdn, str, str], datetime]:
        """Return when services were last charged for, unless the subscriber ended them."""
        rows = await self._driver.fetch(_LAST_PAID, [one.digits for one in numbers], since)
        return {
            (Msisdn(row["msisdn"]), row["operator"], row["service_code"]): utc(row["paid_at"])
            for row in rows
        }

    async def add_trials(self, trials: Sequence[tuple[SubscriptionId, Period]]) -> None:
        """Insert free periods."""
        await self.add_periods(
            [PeriodRow(subscription_id=key, period=period, kind="trial") for key, period in trials]
        )

    async def lock_live_of(self, customer_id: CustomerId, plan_id: PlanId) -> Subscription | None:
        """Load for change the live subscription of a customer to a plan."""
        found = await self._rows.load(
            f"customer_id = $1 AND plan_id = $2 AND {_LIVE} FOR UPDATE", customer_id, plan_id
        )
        return found[0] if found else None

    async def paid_until(self, customer_id: CustomerId) -> datetime | None:
        """Return the latest end of what a customer's live subscriptions have paid."""
        latest = await self._driver.fetchval(
            f"SELECT max(period_end) FROM subscription WHERE customer_id = $1 AND {_LIVE}",  # noqa: S608
            customer_id,
        )
        return utc(latest) if latest else None

    async def had_plan(self, customer_id: CustomerId, plan_id: PlanId) -> bool:
        """Tell whether the customer ever had a period of the plan."""
        return bool(
            await self._driver.fetchval(
                "SELECT EXISTS (SELECT 1 FROM subscription JOIN subscription_period "
                "ON subscription_id = subscription.id WHERE customer_id = $1 AND plan_id = $2)",
                customer_id,
                plan_id,
            )
        )

    async def add_many(self, subscriptions: Sequence[Subscription]) -> None:
        """Insert."""
        await self._rows.add(subscriptions)

    async def save_many(self, subscriptions: Sequence[Subscription]) -> None:
        """Update; raise StaleVersion."""
        await self._rows.save(subscriptions)
