"""Autopayments: open a charge for every subscription that is due today."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never
from uuid import UUID
from zoneinfo import ZoneInfo

from application.chunks import carrying_out, work_through
from application.jobs import JobOrder, JobReport
from application.ports import Entropy, UnitsOfWork
from application.subscriptions.free_period import grant_free
from application.subscriptions.migrate_price import with_migrations
from application.subscriptions.ports import (
    AlreadyPaid,
    ChargeImpossible,
    ChargeOpened,
    ChargeResult,
    PeriodCharge,
    SubscriptionsUnitOfWork,
)
from domain.shared.calendar import Period, start_of_tomorrow
from domain.shared.facts import Cause
from domain.subscriptions import lifecycle, plan_changes
from domain.subscriptions.model import Subscription, grace_of
from domain.subscriptions.renewal import LAST_DAY, Blocked, Deferred, Due, NotDue, due

_CHUNK = 1000


@dataclass(frozen=True, slots=True)
class RenewDue:
    """Claim what is due in chunks, and reserve its charges; the gateway is called by workers.

    A chunk locks its rows and skips those of another runner; a charged subscription has no
    renewal date until its charge is decided, so a second run on the same day finds nothing.
    """

    units_of_work: UnitsOfWork[SubscriptionsUnitOfWork]
    entropy: Entropy
    zone: ZoneInfo
    name: str = "autopayments"

    async def __call__(self, order: JobOrder) -> JobReport:
        """Open charges until nothing is due or the limit is reached."""
        report = JobReport()
        before = start_of_tomorrow(order.now, self.zone)

        async def chunk(limit: int, leave_out: Collection[UUID]) -> int:
            async with self.units_of_work() as uow:
                claimed = await uow.subscriptions.lock_due(before, limit, leave_out)
                with carrying_out([subscription.id for subscription in claimed]):
                    counts = await self._chunk(uow, claimed, order)
                    await uow.commit()
            for word, count in counts.items():
                report.add(word, count)
            return len(claimed)

        if order.dry_run:
            async with self.units_of_work() as uow:
                due_now = await uow.subscriptions.count_due(before)
            report.add("would_charge", min(due_now, order.limit or due_now))
            return report
        await work_through(chunk, report, size=_CHUNK, limit=order.limit)
        return report

    async def _chunk(
        self,
        uow: SubscriptionsUnitOfWork,
        claimed: Sequence[Subscription],
        order: JobOrder,
    ) -> Counter[str]:
        counts: Counter[str] = Counter()
        charges: list[tuple[Subscription, PeriodCharge]] = []
        moved: list[Subscription] = []
        for subscription, said in await with_migrations(uow, claimed, self.zone):
            cause = self._story(order.cause, subscription)
            uow.events.record(cause, said)
            # What is asked for is the next period: by the agreement that follows, where one does.
            agreed, changed = plan_changes.take_effect(subscription)
            match due(agreed, now=order.now, zone=self.zone):
                case Due(period) if agreed.money.is_zero:
                    uow.events.record(cause, changed)
                    renewed, _ = await grant_free(
                        uow,
                        cause,
                        agreed,
                        period,
                        description=f"Renewal from {period.start:%Y-%m-%d}",
                        now=order.now,
                        zone=self.zone,
                    )
                    moved.append(renewed)
                    counts["free"] += 1
                case Due(period):
                    charges.append((subscription, _charge(cause, agreed, period)))
                case Blocked(why):
                    moved.append(self._blocked(uow, cause, subscription, why, order))
                    counts["blocked"] += 1
                case NotDue() | Deferred():
                    raise AssertionError("claimed by the same rule that says it is not due")
        results = await uow.billing.charge([charge for _, charge in charges])
        for (subscription, charge), result in zip(charges, results, strict=True):
            moved.append(self._follow(uow, subscription, charge, result, order, counts))
        await uow.subscriptions.save_many(moved)
        return counts

    def _story(self, cause: Cause, subscription: Subscription) -> Cause:
        """Give every renewal a story of its own; the run is what set it in motion."""
        return replace(
            cause,
            reason=f"renewal of subscription {subscription.id} is due",
            correlation_id=self.entropy.new_id(),
        )

    def _follow(
        self,
        uow: SubscriptionsUnitOfWork,
        subscription: Subscription,
        charge: PeriodCharge,
        result: ChargeResult,
        order: JobOrder,
        counts: Counter[str],
    ) -> Subscription:
        match result:
            case ChargeOpened(invoice_id):
                counts["charged"] += 1
                opened, said = lifecycle.open_charge(subscription, invoice_id, now=order.now)
                uow.events.record(charge.cause, said)
                return opened
            case AlreadyPaid():
                counts["blocked"] += 1
                why = "the period is paid and was not granted"
                return self._blocked(uow, charge.cause, subscription, why, order)
            case ChargeImpossible(why, not_before):
                counts["blocked"] += 1
                return self._blocked(uow, charge.cause, subscription, why, order, not_before)
            case _:
                assert_never(result)

    def _blocked(
        self,
        uow: SubscriptionsUnitOfWork,
        cause: Cause,
        subscription: Subscription,
        why: str,
        order: JobOrder,
        not_before: datetime | None = None,
    ) -> Subscription:
        """Move on without a charge; what is blocked today is not claimed again today."""
        blocked, said = lifecycle.charge_failed(
            subscription,
            None,
            why,
            retryable=not_before is not None,
            not_before=not_before,
            now=order.now,
            zone=self.zone,
        )
        uow.events.record(cause, said)
        return blocked


def _charge(cause: Cause, subscription: Subscription, period: Period) -> PeriodCharge:
    method_id = subscription.terms.method_id
    assert method_id is not None, "a subscription without a method is blocked, not due"
    return PeriodCharge(
        cause=cause,
        subscription_id=subscription.id,
        customer_id=subscription.customer_id,
        price_id=subscription.price_id,
        period=period,
        money=subscription.money,
        provider=subscription.terms.provider,
        method_id=method_id,
        due_at=period.start + grace_of(subscription) + LAST_DAY,
        description=f"Renewal from {period.start:%Y-%m-%d}",
    )
