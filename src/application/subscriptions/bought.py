"""What the money of an invoice buys: by which agreement, and whether it is not too late for it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from application.subscriptions.ports import PeriodRow, SubscriptionsUnitOfWork
from domain.shared.calendar import Period
from domain.shared.ids import AttemptId, InvoiceId, MethodId, PlanId, PriceId
from domain.shared.money import Money
from domain.subscriptions import lifecycle, plan_changes
from domain.subscriptions.events import SubscriptionEvent
from domain.subscriptions.model import Canceled, CarrierTerms, Created, Subscription
from domain.subscriptions.moves import Moved

Bought = tuple[Subscription, PeriodRow | None, Sequence[SubscriptionEvent]]


async def buy(
    uow: SubscriptionsUnitOfWork,
    before: Subscription,
    *,
    invoice_id: InvoiceId,
    attempt_id: AttemptId | None,
    method_id: MethodId | None,
    price_id: PriceId,
    money: Money,
    now: datetime,
    zone: ZoneInfo,
) -> Bought:
    """Return what becomes of a subscription, and the period its money bought; None for nothing.

    Nothing is bought where another subscription has taken its place, where a change of plan comes
    too late, and at the price of a plan it no longer has: that money goes back.
    """
    if await _was_followed(uow, before):
        return _away(before, invoice_id)
    if plan_changes.waits_for(before, invoice_id):
        return await _switched(uow, before, invoice_id, attempt_id, zone)
    agreement = await _agreement(uow, before, price_id, money)
    if agreement is None:
        return _away(before, invoice_id)
    agreed, changed = agreement
    after, period, said = lifecycle.grant(
        agreed, invoice_id, method_id=method_id, now=now, zone=zone
    )
    if period is None:
        return after, None, said
    kind = "initial" if isinstance(before.state, Created | Canceled) else "renewal"
    return after, _row(before, period, kind, invoice_id, attempt_id, money), [*changed, *said]


async def _was_followed(uow: SubscriptionsUnitOfWork, subscription: Subscription) -> bool:
    """Tell whether it is over and the customer has the same plan in another one by now."""
    if subscription.is_live:
        return False
    return await _has(uow, subscription, subscription.plan_id)


async def _has(uow: SubscriptionsUnitOfWork, subscription: Subscription, plan_id: PlanId) -> bool:
    live = await uow.subscriptions.lock_live_of(subscription.customer_id, plan_id)
    return live is not None and live.id != subscription.id


async def _switched(
    uow: SubscriptionsUnitOfWork,
    before: Subscription,
    invoice_id: InvoiceId,
    attempt_id: AttemptId | None,
    zone: ZoneInfo,
) -> Bought:
    assert before.change is not None, "it waits for this invoice"
    change = before.change
    granted = await uow.subscriptions.granted(before.id)
    done = plan_changes.complete(before, granted, zone=zone)
    if done is None or await _has(uow, before, change.plan_id):
        return _away(replace(before, change=None), invoice_id)
    after, period, cut, said = done
    await uow.subscriptions.cut_off(before.id, cut)
    return after, _row(before, period, "change", invoice_id, attempt_id, change.money), said


async def _agreement(
    uow: SubscriptionsUnitOfWork, before: Subscription, price_id: PriceId, money: Money
) -> Moved | None:
    """Return it under the agreement that was paid for, in full; None where there is none.

    Less than the price was asked for by a change of plan alone, which has not waited for it.
    """
    follows = plan_changes.upcoming(before)
    if follows is not before and price_id == follows.price_id:
        has_it = follows.plan_id != before.plan_id and await _has(uow, before, follows.plan_id)
        is_short = money < follows.money
        return None if has_it or is_short else plan_changes.take_effect(before)
    if isinstance(before.terms, CarrierTerms):
        return before, []
    if price_id == before.price_id:
        return (before, []) if money >= before.money else None
    plan, price = await uow.offers.price(price_id)
    return (before, []) if plan.id == before.plan_id and money >= price.money else None


def _away(subscription: Subscription, invoice_id: InvoiceId) -> Bought:
    after, said = lifecycle.turn_away(subscription, invoice_id)
    return after, None, said


def _row(
    subscription: Subscription,
    period: Period,
    kind: str,
    invoice_id: InvoiceId,
    attempt_id: AttemptId | None,
    worth: Money,
) -> PeriodRow:
    return PeriodRow(
        subscription_id=subscription.id,
        period=period,
        kind=kind,
        invoice_id=invoice_id,
        attempt_id=attempt_id,
        worth=worth,
    )
