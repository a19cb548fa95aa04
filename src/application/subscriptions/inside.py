"""What payments mean for subscriptions, inside the transaction that settles them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from application.errors import NotFound
from application.ports import Clock
from application.subscriptions.bought import buy
from application.subscriptions.ports import PeriodRow, SubscriptionsUnitOfWork
from domain.shared.calendar import Period
from domain.shared.facts import Cause
from domain.shared.ids import (
    AttemptId,
    CustomerId,
    InvoiceId,
    MethodId,
    PriceId,
    SubscriptionId,
)
from domain.shared.money import Money
from domain.subscriptions import events, lifecycle, plan_changes
from domain.subscriptions.model import (
    CardTerms,
    Created,
    Paused,
    Renewal,
    Source,
    Subscription,
)
from domain.subscriptions.renewal import next_period, period_from


class PaidFor(Protocol):
    """An invoice that was paid."""

    @property
    def cause(self) -> Cause:
        """What settled it."""
        ...

    @property
    def subscription_id(self) -> SubscriptionId:
        """Whose period."""
        ...

    @property
    def invoice_id(self) -> InvoiceId:
        """Which invoice."""
        ...

    @property
    def attempt_id(self) -> AttemptId | None:
        """By which attempt."""
        ...

    @property
    def method_id(self) -> MethodId | None:
        """What to charge next time."""
        ...

    @property
    def price_id(self) -> PriceId:
        """At which price."""
        ...

    @property
    def money(self) -> Money:
        """What was asked for."""
        ...


class Unpaid(Protocol):
    """A charge that brought nothing."""

    @property
    def cause(self) -> Cause:
        """What settled it."""
        ...

    @property
    def subscription_id(self) -> SubscriptionId:
        """Whose period."""
        ...

    @property
    def invoice_id(self) -> InvoiceId:
        """Which invoice."""
        ...

    @property
    def reason(self) -> str:
        """Why."""
        ...

    @property
    def retryable(self) -> bool:
        """Whether it may be tried again by itself."""
        ...

    @property
    def by_customer(self) -> bool:
        """Whether it was the customer's own checkout."""
        ...

    @property
    def not_before(self) -> datetime | None:
        """From when on the card schemes allow another try."""
        ...


@dataclass(frozen=True, slots=True)
class PeriodsInside:
    """Grants and refusals of periods; one instance per transaction, never commits."""

    uow: SubscriptionsUnitOfWork
    clock: Clock
    zone: ZoneInfo

    async def grant(self, paid: Sequence[PaidFor]) -> Mapping[InvoiceId, bool]:
        """Grant a period per paid invoice; False where the subscription is over."""
        found = dict(await self.uow.subscriptions.lock_many([p.subscription_id for p in paid]))
        rows: list[PeriodRow] = []
        granted: dict[InvoiceId, bool] = {}
        for item in paid:
            before = found[item.subscription_id]
            after, row, said = await buy(
                self.uow,
                before,
                invoice_id=item.invoice_id,
                attempt_id=item.attempt_id,
                method_id=item.method_id,
                price_id=item.price_id,
                money=item.money,
                now=self.clock.now(),
                zone=self.zone,
            )
            found[before.id] = after
            granted[item.invoice_id] = row is not None
            self.uow.events.record(item.cause, said)
            if row is not None:
                rows.append(row)
        await self.uow.subscriptions.save_many(list(found.values()))
        await self.uow.subscriptions.add_periods(rows)
        return granted

    async def charge_opened(
        self, cause: Cause, subscription_id: SubscriptionId, invoice_id: InvoiceId
    ) -> None:
        """Note that a period's invoice is being paid; what is over already is left alone."""
        found = (await self.uow.subscriptions.lock_many([subscription_id])).get(subscription_id)
        if found is None or found.charge is not None or not found.is_live:
            return
        if isinstance(found.state, Paused):
            return
        opened, said = lifecycle.open_charge(found, invoice_id, now=self.clock.now())
        await self.uow.subscriptions.save_many([opened])
        self.uow.events.record(cause, said)

    async def charge_failed(self, failed: Sequence[Unpaid]) -> None:
        """Move subscriptions to past due, with the next try planned where there is one."""
        found = dict(await self.uow.subscriptions.lock_many([f.subscription_id for f in failed]))
        for item in failed:
            before = found[item.subscription_id]
            if plan_changes.waits_for(before, item.invoice_id):
                found[before.id] = await self._keeps_its_plan(item, before)
                continue
            if item.by_customer:
                found[before.id] = lifecycle.release_charge(before, item.invoice_id)
                continue
            after, said = lifecycle.charge_failed(
                before,
                item.invoice_id,
                item.reason,
                retryable=item.retryable,
                not_before=item.not_before,
                now=self.clock.now(),
                zone=self.zone,
            )
            found[before.id] = after
            self.uow.events.record(item.cause, said)
        await self.uow.subscriptions.save_many(list(found.values()))

    async def _keeps_its_plan(self, item: Unpaid, before: Subscription) -> Subscription:
        """Go on without a change at once that was not paid for; its invoice is not owed."""
        after, said = plan_changes.fail(before, item.invoice_id, item.reason)
        self.uow.events.record(item.cause, said)
        await self.uow.billing.withdraw(item.cause, item.invoice_id, "the plan stays as it is")
        return after

    async def close_unpaid(self, cause: Cause, ids: Sequence[SubscriptionId]) -> None:
        """Cancel subscriptions whose first invoice is closed; others only lose their charge."""
        found = await self.uow.subscriptions.lock_many(ids)
        moved = []
        for subscription in found.values():
            match subscription.state:
                case Created():
                    after, said = lifecycle.give_up(subscription, now=self.clock.now())
                case _ if subscription.charge is not None and plan_changes.waits_for(
                    subscription, subscription.charge.invoice_id
                ):
                    after, said = plan_changes.fail(
                        subscription, subscription.charge.invoice_id, "it was not paid for"
                    )
                case _ if subscription.charge is not None:
                    after = lifecycle.release_charge(subscription, subscription.charge.invoice_id)
                    said = []
                case _:
                    continue
            moved.append(after)
            self.uow.events.record(cause, said)
        await self.uow.subscriptions.save_many(moved)

    async def refunded(self, cause: Cause, invoice_ids: Sequence[InvoiceId]) -> None:
        """Take back the periods that invoices had paid for, and no others.

        The last one paid takes the subscription back to the one before, while that lasts, and
        ends it otherwise; pauses, and free days given after it, make no difference. An earlier
        one is history, and money that paid for none bought nothing.
        """
        paid = await self.uow.subscriptions.periods_of(invoice_ids)
        found = await self.uow.subscriptions.lock_many([key for key, _ in paid.values()])
        now = self.clock.now()
        for key, period in paid.values():
            before = found[key]
            if await self.uow.subscriptions.last_invoiced(key) != period:
                continue
            earlier = await self.uow.subscriptions.period_before(key, period.start)
            moved, said = lifecycle.take_back(before, earlier, now=now)
            await self.uow.subscriptions.save_many([moved])
            self.uow.events.record(cause, said)

    async def restore(
        self,
        cause: Cause,
        *,
        subscription_id: SubscriptionId,
        customer_id: CustomerId,
        price_id: PriceId,
        provider: str,
        starts_at: datetime,
    ) -> Period | None:
        """Make a subscription again that a found payment speaks of; return the period it pays."""
        found = (await self.uow.subscriptions.lock_many([subscription_id])).get(subscription_id)
        if found is not None:
            if found.customer_id != customer_id:
                return None
            return next_period(found, self.zone) or period_from(found, starts_at, self.zone)
        try:
            plan, price = await self.uow.offers.price(price_id)
        except NotFound:
            return None
        if await self.uow.subscriptions.lock_live_of(customer_id, plan.id) is not None:
            return None
        restored = Subscription(
            id=subscription_id,
            customer_id=customer_id,
            plan_id=plan.id,
            price_id=price.id,
            money=price.money,
            interval=plan.interval,
            anchor_day=starts_at.astimezone(self.zone).day,
            terms=CardTerms(
                provider=provider,
                method_id=None,
                retry_days=plan.dunning.retry_days,
                grace=plan.dunning.grace,
            ),
            renewal=Renewal.AUTOMATIC if plan.is_recurring else Renewal.MANUAL,
            source=Source.PURCHASE,
            state=Created(starts_at),
            charge=None,
            created_at=starts_at,
        )
        created = events.Created(
            subscription_id=restored.id, customer_id=customer_id, plan_id=plan.id
        )
        await self.uow.subscriptions.add_many([restored])
        self.uow.events.record(cause, [created])
        return period_from(restored, starts_at, self.zone)
