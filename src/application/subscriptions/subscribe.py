"""Subscribe a customer to a plan, at the price on offer."""

from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from application.errors import Conflict
from application.ports import Clock, Entropy
from application.subscriptions.free_period import grant_free
from application.subscriptions.migrate_price import with_migrations
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
from domain.shared.ids import CustomerId, InvoiceId, MethodId, PriceId, SubscriptionId
from domain.subscriptions import events, lifecycle, plan_changes
from domain.subscriptions.model import (
    Active,
    CardTerms,
    Created,
    Renewal,
    Source,
    Subscription,
    grace_of,
)
from domain.subscriptions.renewal import LAST_DAY, next_period


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscribeCommand:
    """What the customer wants; `method_id` None takes their newest saved method, if any is asked.

    `charge_saved` pays the first period with the saved method in the background; otherwise an
    invoice is issued for the customer to pay.
    """

    cause: Cause
    customer_id: CustomerId
    price_id: PriceId
    provider: str
    auto_renewal: bool
    charge_saved: bool = False
    method_id: MethodId | None = None
    starts_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Subscribed:
    """The subscription, and the invoice to pay where there is one."""

    subscription: Subscription
    invoice_id: InvoiceId | None


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Start a subscription, or extend the one there is.

    The same plan again while it runs pays the next period; another plan begins where what is
    paid ends. Somebody who never had the plan gets its trial, which needs a saved method when it
    is to renew, because nobody would be charged at its end otherwise.
    """

    clock: Clock
    entropy: Entropy
    zone: ZoneInfo

    async def within(self, uow: SubscriptionsUnitOfWork, command: SubscribeCommand) -> Subscribed:
        """Subscribe inside the caller's transaction; never commits."""
        now = self.clock.now()
        plan, price = await uow.offers.price(command.price_id)
        offer(plan, price, now=now)
        method_id = await self._method(uow, command)
        if command.auto_renewal and not plan.is_recurring:
            raise InvalidValue(f"plan {plan.name!r} does not renew")
        live = await uow.subscriptions.lock_live_of(command.customer_id, plan.id)
        if live is not None:
            ((migrated, said),) = await with_migrations(uow, [live], self.zone)
            uow.events.record(command.cause, said)
            wanted = _as_wanted(migrated, command, price)
            if wanted is not live:
                await uow.subscriptions.save_many([wanted])
            return await self._next_period(uow, command, wanted, plan.name, method_id)
        if await uow.subscriptions.is_to_become(command.customer_id, plan.id):
            raise Conflict(f"another subscription of the customer is to become {plan.name!r}")
        begins = command.starts_at or await uow.subscriptions.paid_until(command.customer_id)
        start = max(begins or now, now)
        subscription = Subscription(
            id=SubscriptionId(self.entropy.new_id()),
            customer_id=command.customer_id,
            plan_id=plan.id,
            price_id=price.id,
            money=price.money,
            interval=plan.interval,
            anchor_day=start.astimezone(self.zone).day,
            terms=CardTerms(
                provider=command.provider,
                method_id=method_id,
                retry_days=plan.dunning.retry_days,
                grace=plan.dunning.grace,
            ),
            renewal=Renewal.AUTOMATIC if command.auto_renewal else Renewal.MANUAL,
            source=Source.PURCHASE,
            state=Created(start),
            charge=None,
            created_at=now,
        )
        created = events.Created(
            subscription_id=subscription.id, customer_id=command.customer_id, plan_id=plan.id
        )
        uow.events.record(command.cause, [created])
        if await self._deserves_trial(uow, command, plan):
            return await self._trial(uow, command, subscription, plan)
        await uow.subscriptions.add_many([subscription])
        return await self._next_period(uow, command, subscription, plan.name, method_id)

    async def _method(
        self, uow: SubscriptionsUnitOfWork, command: SubscribeCommand
    ) -> MethodId | None:
        if command.method_id is None and not (command.charge_saved or command.auto_renewal):
            return None
        found = await uow.billing.usable_method(
            command.customer_id, command.provider, command.method_id
        )
        if found is None and (command.charge_saved or command.method_id):
            raise InvalidValue("the customer has no such saved payment method that can be charged")
        return found

    async def _deserves_trial(
        self, uow: SubscriptionsUnitOfWork, command: SubscribeCommand, plan: Plan
    ) -> bool:
        return plan.trial_days > 0 and not await uow.subscriptions.had_plan(
            command.customer_id, plan.id
        )

    async def _trial(
        self,
        uow: SubscriptionsUnitOfWork,
        command: SubscribeCommand,
        subscription: Subscription,
        plan: Plan,
    ) -> Subscribed:
        if command.auto_renewal and subscription.terms.method_id is None:
            raise InvalidValue("a trial that renews needs a saved payment method")
        trying, said = lifecycle.start_trial(subscription, plan.trial_days, now=self.clock.now())
        assert isinstance(trying.state, Active)
        trial = trying.state
        trying = replace(trying, anchor_day=trial.period.end.astimezone(self.zone).day, version=1)
        uow.events.record(command.cause, said)
        await uow.subscriptions.add_many([trying])
        period = PeriodRow(subscription_id=trying.id, period=trial.period, kind="trial")
        await uow.subscriptions.add_periods([period])
        return Subscribed(trying, None)

    async def _next_period(
        self,
        uow: SubscriptionsUnitOfWork,
        command: SubscribeCommand,
        subscription: Subscription,
        plan_name: str,
        checked: MethodId | None,
    ) -> Subscribed:
        """Ask for the next period's money; a charge that is open already stays the only one."""
        if subscription.charge is not None:
            return Subscribed(subscription, subscription.charge.invoice_id)
        subscription, changed = plan_changes.take_effect(before := subscription)
        period = next_period(subscription, self.zone)
        assert period is not None, "a live subscription has a next period"
        description = f"{plan_name}, from {period.start.astimezone(self.zone):%Y-%m-%d}"
        if subscription.money.is_zero:
            uow.events.record(command.cause, changed)
            granted, invoice_id = await grant_free(
                uow,
                command.cause,
                subscription,
                period,
                description=description,
                now=self.clock.now(),
                zone=self.zone,
            )
            await uow.subscriptions.save_many([granted])
            return Subscribed(granted, invoice_id)
        named = checked if command.method_id else None
        method_id = named or subscription.terms.method_id or checked
        if not command.charge_saved or method_id is None:
            invoice_id = await uow.billing.invoice(
                command.cause,
                subscription_id=subscription.id,
                customer_id=subscription.customer_id,
                price_id=subscription.price_id,
                period=period,
                money=subscription.money,
                description=description,
                due_at=_due_at(subscription, period),
            )
            return Subscribed(before, invoice_id)
        charge = PeriodCharge(
            cause=command.cause,
            subscription_id=subscription.id,
            customer_id=subscription.customer_id,
            price_id=subscription.price_id,
            period=period,
            money=subscription.money,
            provider=subscription.terms.provider,
            method_id=method_id,
            description=description,
            due_at=_due_at(subscription, period),
        )
        (result,) = await uow.billing.charge([charge])
        match result:
            case ChargeOpened(invoice_id):
                opened, said = lifecycle.open_charge(before, invoice_id, now=self.clock.now())
                await uow.subscriptions.save_many([opened])
                uow.events.record(command.cause, said)
                return Subscribed(opened, invoice_id)
            case AlreadyPaid(invoice_id):
                return Subscribed(before, invoice_id)
            case ChargeImpossible(why):
                raise InvalidValue(why)


def _due_at(subscription: Subscription, period: Period) -> datetime:
    """Say until when the next period may be paid for: as long as access outlives the last one."""
    return period.start + grace_of(subscription) + LAST_DAY


def _as_wanted(live: Subscription, command: SubscribeCommand, price: Price) -> Subscription:
    """Hold what is wanted against what there is: renewal may begin now, the currency never change.

    Refuses with `InvalidValue` a price of another currency than the one that was agreed on.
    """
    if price.money.currency != live.money.currency:
        raise InvalidValue(
            f"the subscription is paid in {live.money.currency}; stop it before another currency"
        )
    if command.auto_renewal and live.renewal is not Renewal.AUTOMATIC:
        return replace(live, renewal=Renewal.AUTOMATIC, version=live.version + 1)
    return live
