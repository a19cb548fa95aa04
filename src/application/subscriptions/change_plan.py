"""A manager moves a subscription to another plan: with its next period, or at once."""

from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from application.errors import Conflict, NotFound
from application.ports import Clock
from application.subscriptions.manage import keep, locked
from application.subscriptions.ports import (
    AlreadyPaid,
    ChargeImpossible,
    ChargeOpened,
    PeriodCharge,
    PeriodRow,
    SubscriptionsUnitOfWork,
)
from domain.catalog.plan import Plan, Price, offer
from domain.shared.calendar import Period
from domain.shared.errors import InvalidValue
from domain.shared.facts import Cause
from domain.shared.ids import InvoiceId, PriceId, SubscriptionId
from domain.subscriptions import plan_changes
from domain.subscriptions.agreement import AtOnce, PlanChange
from domain.subscriptions.granted import Cut
from domain.subscriptions.model import Subscription
from domain.subscriptions.proration import Prorated
from domain.subscriptions.renewal import next_period


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePlanCommand:
    """Which subscription, and the price of the other plan."""

    cause: Cause
    subscription_id: SubscriptionId
    price_id: PriceId


@dataclass(frozen=True, slots=True)
class PlanChangeQuote:
    """What a change at once comes to: the credit, what is due, and the period it begins."""

    prorated: Prorated
    period: Period


@dataclass(frozen=True, slots=True)
class PlanChangedAtOnce:
    """A change at once; with an invoice that is being collected, it waits for that payment."""

    subscription: Subscription
    quote: PlanChangeQuote
    invoice_id: InvoiceId


def change_to(plan: Plan, price: Price, now: datetime) -> PlanChange:
    """Copy what a plan and its price promise, as they are sold now; refuse what is not sold."""
    offer(plan, price, now=now)
    return PlanChange(
        plan_id=plan.id,
        price_id=price.id,
        money=price.money,
        interval=plan.interval,
        retry_days=plan.dunning.retry_days,
        grace_seconds=int(plan.dunning.grace.total_seconds()),
        is_recurring=plan.is_recurring,
    )


async def _wanted(
    uow: SubscriptionsUnitOfWork, subscription: Subscription, price_id: PriceId, now: datetime
) -> PlanChange:
    plan, price = await uow.offers.price(price_id)
    if plan.id != subscription.plan_id:
        other = await uow.subscriptions.lock_live_of(subscription.customer_id, plan.id)
        if other is not None or await uow.subscriptions.is_to_become(
            subscription.customer_id, plan.id, besides=subscription.id
        ):
            raise Conflict(f"the customer has, or is about to get, {plan.name!r} elsewhere")
    return change_to(plan, price, now)


@dataclass(frozen=True, slots=True)
class ChangePlanLater:
    """Let another plan follow with the next period, at its own price."""

    clock: Clock
    zone: ZoneInfo

    async def within(
        self, uow: SubscriptionsUnitOfWork, command: ChangePlanCommand
    ) -> Subscription:
        """Agree on it inside the caller's transaction; what was agreed on before is replaced.

        Raises Conflict where the next period has its invoice already: no period has two.
        """
        now = self.clock.now()
        before = await locked(uow, command.subscription_id, command.cause, now)
        if before.change is not None and before.change.price_id == command.price_id:
            return before
        without = replace(before, change=None)
        change = await _wanted(uow, without, command.price_id, now)
        moved = plan_changes.agree(before, change)
        follows = next_period(before, self.zone)
        if follows and await uow.billing.is_invoiced(before.id, follows.start):
            raise Conflict(f"the period from {follows.start:%Y-%m-%d} is invoiced already")
        return await keep(uow, command.cause, before, moved)


@dataclass(frozen=True, slots=True)
class KeepPlan:
    """Take back a change that was to follow with the next period."""

    clock: Clock

    async def within(
        self, uow: SubscriptionsUnitOfWork, key: SubscriptionId, cause: Cause
    ) -> Subscription:
        """Drop it inside the caller's transaction; without one nothing changes."""
        before = await locked(uow, key, cause, self.clock.now())
        return await keep(uow, cause, before, plan_changes.drop(before, cause.reason))


@dataclass(frozen=True, slots=True)
class ChangePlanNow:
    """Move to another plan at once, with what is left of the old period as credit.

    What the credit does not pay is charged to the saved method, and the other plan begins with
    that payment, counted from now. A credit that pays for all of it begins the other plan right
    away, with an invoice of nothing, and what remains of it makes the period longer.
    """

    clock: Clock
    zone: ZoneInfo

    async def quote(
        self, uow: SubscriptionsUnitOfWork, key: SubscriptionId, price_id: PriceId
    ) -> PlanChangeQuote:
        """Say what it would come to right now; changes nothing."""
        before = (await uow.subscriptions.lock_many([key])).get(key)
        if before is None:
            raise NotFound("subscription", key)
        now = self.clock.now()
        change = await _wanted(uow, before, price_id, now)
        prorated, period, _ = await self._quoted(uow, before, change, now)
        return PlanChangeQuote(prorated, period)

    async def within(
        self, uow: SubscriptionsUnitOfWork, command: ChangePlanCommand
    ) -> PlanChangedAtOnce:
        """Change inside the caller's transaction.

        Raises InvalidValue where something is due and there is no saved method to charge.
        """
        now, cause = self.clock.now(), command.cause
        before = await locked(uow, command.subscription_id, cause, now)
        change = await _wanted(uow, replace(before, change=None), command.price_id, now)
        prorated, period, cut = await self._quoted(uow, before, change, now)
        quote = PlanChangeQuote(prorated, period)
        if prorated.due.is_zero:
            return await self._begin(uow, cause, before, change, quote, cut)
        invoice_id = await self._charge(uow, cause, before, change, quote)
        await uow.billing.close(cause, [before.id])
        at_once = AtOnce(now, prorated.credit, invoice_id)
        moved = plan_changes.await_payment(before, change, at_once, now=now)
        return PlanChangedAtOnce(await keep(uow, cause, before, moved), quote, invoice_id)

    async def _quoted(
        self,
        uow: SubscriptionsUnitOfWork,
        subscription: Subscription,
        change: PlanChange,
        now: datetime,
    ) -> tuple[Prorated, Period, Cut]:
        granted = await uow.subscriptions.granted(subscription.id)
        return plan_changes.quote(subscription, change, granted, now=now, zone=self.zone)

    async def _charge(
        self,
        uow: SubscriptionsUnitOfWork,
        cause: Cause,
        before: Subscription,
        change: PlanChange,
        quote: PlanChangeQuote,
    ) -> InvoiceId:
        method_id = await uow.billing.usable_method(
            before.customer_id, before.terms.provider, before.terms.method_id
        )
        if method_id is None:
            raise InvalidValue(
                f"{quote.prorated.due} are due at once and there is no saved payment method; "
                "change the plan at the end of the period"
            )
        charge = PeriodCharge(
            cause=cause,
            subscription_id=before.id,
            customer_id=before.customer_id,
            price_id=change.price_id,
            period=quote.period,
            money=quote.prorated.due,
            provider=before.terms.provider,
            method_id=method_id,
            description=_description(quote),
        )
        (result,) = await uow.billing.charge([charge])
        match result:
            case ChargeOpened(invoice_id):
                return invoice_id
            case AlreadyPaid():
                raise Conflict("the change is paid already")
            case ChargeImpossible(why):
                raise InvalidValue(why)

    async def _begin(
        self,
        uow: SubscriptionsUnitOfWork,
        cause: Cause,
        before: Subscription,
        change: PlanChange,
        quote: PlanChangeQuote,
        cut: Cut,
    ) -> PlanChangedAtOnce:
        await uow.billing.close(cause, [before.id])
        invoice_id = await uow.billing.invoice(
            cause,
            subscription_id=before.id,
            customer_id=before.customer_id,
            price_id=change.price_id,
            period=quote.period,
            money=quote.prorated.due,
            description=_description(quote),
        )
        row = PeriodRow(
            subscription_id=before.id,
            period=quote.period,
            kind="change",
            invoice_id=invoice_id,
            worth=quote.prorated.worth,
        )
        await uow.subscriptions.cut_off(before.id, cut)
        await uow.subscriptions.add_periods([row])
        moved = plan_changes.begin(before, change, quote.period, zone=self.zone)
        return PlanChangedAtOnce(await keep(uow, cause, before, moved), quote, invoice_id)


def _description(quote: PlanChangeQuote) -> str:
    return f"Another plan from {quote.period.start:%Y-%m-%d}, less {quote.prorated.credit} unused"
