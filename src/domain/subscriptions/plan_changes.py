"""Another plan: at the end of the period, or at once with what is left of the old one as credit.

A change waits in the subscription until its time comes. From the next period on it takes effect
with the payment of that period, which is asked for at its price. At once, it takes effect with the
payment of its own invoice, or right away where the credit pays for all of it; a charge that brings
nothing leaves everything as it was.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from domain.shared.calendar import Period
from domain.shared.errors import InvalidValue
from domain.shared.ids import InvoiceId
from domain.shared.money import Money
from domain.subscriptions import events
from domain.subscriptions import renewal as rules
from domain.subscriptions.agreement import AtOnce, PlanChange
from domain.subscriptions.by_hand import refuse_numbers, refuse_open_charge
from domain.subscriptions.granted import Cut, Granted, cut_off
from domain.subscriptions.model import (
    Active,
    CardTerms,
    OpenCharge,
    Paused,
    Renewal,
    Subscription,
)
from domain.subscriptions.moves import IllegalSubscriptionMove, Moved, moved_to
from domain.subscriptions.proration import Prorated, prorate

_CHANGE = "change its plan"


def agree(subscription: Subscription, change: PlanChange) -> Moved:
    """Let another plan follow with the next period; one that was agreed on before is replaced.

    Refuses where no period follows, where the next one may have an invoice by now, and a plan that
    does not renew for a subscription that does.
    """
    _refuse(subscription, change)
    if subscription.renewal is Renewal.STOPPING:
        raise IllegalSubscriptionMove(subscription, f"{_CHANGE}: it stops")
    if not isinstance(subscription.state, Active | Paused):
        raise IllegalSubscriptionMove(subscription, _CHANGE)
    agreed = _agreed(subscription, change)
    return moved_to(replace(subscription, change=change), subscription.state), [agreed]


def follow_price(subscription: Subscription, change: PlanChange) -> Moved:
    """Let another price of the same plan follow, as its price list says."""
    agreed = _agreed(subscription, change)
    return moved_to(replace(subscription, change=change), subscription.state), [agreed]


def drop(subscription: Subscription, why: str) -> Moved:
    """Let the other plan not follow after all; refuses while its invoice is being collected."""
    change = subscription.change
    if change is None:
        return subscription, []
    if change.at_once is not None:
        raise IllegalSubscriptionMove(subscription, "keep its plan while the change is being paid")
    return _dropped(subscription, change, why)


def upcoming(subscription: Subscription) -> Subscription:
    """Return it as the next period will find it: under the agreement that follows, if any."""
    change = subscription.change
    if change is None or change.at_once is not None:
        return subscription
    return _under(subscription, change)


def take_effect(subscription: Subscription) -> Moved:
    """Put the agreement that follows in force, with the period that is granted next."""
    after = upcoming(subscription)
    return (subscription, []) if after is subscription else (after, [_changed(subscription, after)])


def quote(
    subscription: Subscription,
    change: PlanChange,
    granted: Sequence[Granted],
    *,
    now: datetime,
    zone: ZoneInfo,
) -> tuple[Prorated, Period, Cut]:
    """Return what a change at once costs, the period it begins, and what goes of the old ones.

    Refuses with `PaidAhead` where a whole period was paid ahead, and where nothing is running.
    """
    _refuse(subscription, change)
    match subscription.state:
        case Active(paid, since) if (since or paid.start) < now < paid.end:
            pass
        case _:
            raise IllegalSubscriptionMove(subscription, f"{_CHANGE} at once")
    cut = cut_off(granted, paid.end - now, Money.zero(subscription.money.currency))
    after = replace(_under(subscription, change), anchor_day=now.astimezone(zone).day)
    period = rules.period_from(after, now, zone)
    prorated = prorate(cut.credit, change.money, period.end - period.start)
    return prorated, Period(period.start, period.end + prorated.extra), cut


def await_payment(
    subscription: Subscription, change: PlanChange, at_once: AtOnce, *, now: datetime
) -> Moved:
    """Note that a change at once is being paid: nothing else may be charged or changed till then.

    It takes the place of a change that was to follow with the next period.
    """
    waiting = replace(change, at_once=at_once)
    agreed = _agreed(subscription, waiting)
    charge = OpenCharge(at_once.invoice_id, now)
    noted = replace(subscription, change=waiting, charge=charge)
    return moved_to(noted, subscription.state), [agreed]


def waits_for(subscription: Subscription, invoice_id: InvoiceId) -> bool:
    """Tell whether this invoice pays for a change at once."""
    at_once = subscription.change.at_once if subscription.change else None
    return at_once is not None and at_once.invoice_id == invoice_id


def begin(
    subscription: Subscription, change: PlanChange, period: Period, *, zone: ZoneInfo
) -> Moved:
    """Put a change at once in force, over the period that its credit or its payment is for."""
    after = replace(
        _under(subscription, change),
        anchor_day=period.start.astimezone(zone).day,
        charge=None,
        not_before=None,
    )
    return moved_to(after, Active(period)), [_changed(subscription, after)]


def complete(
    subscription: Subscription, granted: Sequence[Granted], *, zone: ZoneInfo
) -> tuple[Subscription, Period, Cut, list[events.SubscriptionEvent]] | None:
    """Put a change at once in force that was paid for; None where it is too late for that.

    The period begins when the change was made: what was left of the old one then is its credit.
    """
    change, state = subscription.change, subscription.state
    assert change is not None, "only what waits for a payment is completed"
    assert change.at_once is not None, "what follows with the next period takes effect with it"
    since = change.at_once.since
    if not isinstance(state, Active):
        return None
    cut = cut_off(granted, state.period.end - since, Money.zero(change.money.currency))
    after = replace(_under(subscription, change), anchor_day=since.astimezone(zone).day)
    period = rules.period_from(after, since, zone)
    moved, said = begin(subscription, change, period, zone=zone)
    return moved, period, cut, said


def fail(subscription: Subscription, invoice_id: InvoiceId, why: str) -> Moved:
    """Go on as before: the change at once was not paid for. A decline of it is no dunning."""
    change = subscription.change
    assert change is not None, "only what waits for the invoice fails with it"
    charge = subscription.charge
    kept = None if charge is not None and charge.invoice_id == invoice_id else charge
    return _dropped(replace(subscription, charge=kept), change, why)


def _refuse(subscription: Subscription, change: PlanChange) -> None:
    refuse_numbers(subscription)
    refuse_open_charge(subscription, _CHANGE)
    if change.money.currency != subscription.money.currency:
        raise InvalidValue(f"the subscription is paid in {subscription.money.currency}")
    if change.price_id == subscription.price_id:
        raise IllegalSubscriptionMove(subscription, f"{_CHANGE} to the price it has")
    if subscription.renewal is Renewal.AUTOMATIC and not change.is_recurring:
        raise InvalidValue("the subscription renews by itself, and the other plan does not")


def _under(subscription: Subscription, change: PlanChange) -> Subscription:
    terms = subscription.terms
    assert isinstance(terms, CardTerms), "numbers keep their plan"
    return replace(
        subscription,
        plan_id=change.plan_id,
        price_id=change.price_id,
        money=change.money,
        interval=change.interval,
        terms=replace(terms, retry_days=change.retry_days, grace=change.grace),
        change=None,
    )


def _agreed(subscription: Subscription, change: PlanChange) -> events.PlanChangeAgreed:
    return events.PlanChangeAgreed(
        subscription_id=subscription.id,
        plan_id=change.plan_id,
        price_id=change.price_id,
        money=change.money,
        credit=change.at_once.credit if change.at_once else None,
        invoice_id=change.at_once.invoice_id if change.at_once else None,
    )


def _dropped(subscription: Subscription, change: PlanChange, why: str) -> Moved:
    event = events.PlanChangeDropped(
        subscription_id=subscription.id, plan_id=change.plan_id, why=why
    )
    return moved_to(replace(subscription, change=None), subscription.state), [event]


def _changed(before: Subscription, after: Subscription) -> events.PlanChanged:
    return events.PlanChanged(
        subscription_id=before.id,
        was=before.plan_id,
        plan_id=after.plan_id,
        price_id=after.price_id,
        money=after.money,
    )
