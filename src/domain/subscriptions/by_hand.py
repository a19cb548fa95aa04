"""What managers do to a subscription by hand: give one away, and move the end of one.

A number's subscription is its operator's to charge and to pause: these refuse it.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from domain.shared.calendar import Period
from domain.shared.errors import DomainError, InvalidValue
from domain.shared.money import Money
from domain.subscriptions import events
from domain.subscriptions.granted import Cut, Granted, cut_off
from domain.subscriptions.model import (
    Active,
    CarrierTerms,
    Created,
    PastDue,
    Paused,
    Subscription,
)
from domain.subscriptions.moves import IllegalSubscriptionMove, Moved, moved_to
from domain.subscriptions.proration import unused

MOST_FREE_DAYS = 366
FARTHEST_END = timedelta(days=3660)


class PaidTimeLost(DomainError):
    """Time that somebody paid for would be taken away, and nobody said that this is meant."""

    code = "paid_time_lost"


def refuse_numbers(subscription: Subscription) -> None:
    """Refuse what is charged through an operator, whose calendar is not ours to move."""
    if isinstance(subscription.terms, CarrierTerms):
        raise InvalidValue("a number's subscription is changed through its operator")


def refuse_open_charge(subscription: Subscription, move: str) -> None:
    """Refuse while a charge is under way: its answer decides what there is to change."""
    if subscription.charge is not None:
        raise IllegalSubscriptionMove(subscription, f"{move} while a charge is open")


def issue(subscription: Subscription, days: int, *, now: datetime) -> Moved:
    """Begin with free days, from now on; nothing is charged at their end."""
    if not 1 <= days <= MOST_FREE_DAYS:
        raise InvalidValue(f"free days are from 1 to {MOST_FREE_DAYS}")
    if not isinstance(subscription.state, Created):
        raise IllegalSubscriptionMove(subscription, "be issued")
    free = Period(now, now + timedelta(days=days))
    event = events.IssuedByHand(
        subscription_id=subscription.id,
        customer_id=subscription.customer_id,
        plan_id=subscription.plan_id,
        source=subscription.source.value,
        period=free,
    )
    return replace(subscription, state=Active(free)), [event]


def move_end(
    subscription: Subscription,
    end: datetime,
    granted: Sequence[Granted],
    *,
    gives_up_paid_time: bool = False,
    now: datetime,
) -> tuple[Subscription, Cut | Period, list[events.SubscriptionEvent]]:
    """Let what is paid end later, by a free period, or earlier, by a cut of what was granted.

    Refuses with `PaidTimeLost` to take paid time away unless told that it is meant, and an end
    that is not ahead: what is to be over now is canceled. What has run out may be given more time,
    while it is past due.
    """
    refuse_numbers(subscription)
    refuse_open_charge(subscription, "be moved")
    if not now < end <= now + FARTHEST_END:
        raise InvalidValue("the new end lies ahead, by ten years at most")
    match subscription.state:
        case Active(paid, since) if end > (since or paid.start):
            start = paid.start if paid.start < end else since or paid.start
            state = Active(Period(start, end), since)
        case PastDue(paid) if paid is not None and end > paid.end:
            state = Active(Period(paid.start, end))
        case _:
            raise IllegalSubscriptionMove(subscription, "have its end moved")
    nothing = Money.zero(subscription.money.currency)
    what: Cut | Period
    if end > paid.end:
        what, lost = Period(paid.end, end), nothing
    elif end == paid.end:
        return subscription, Cut((), None, nothing), []
    else:
        what = cut_off(granted, paid.end - end, nothing)
        lost = what.credit
        if what.takes_paid_time and not gives_up_paid_time:
            raise PaidTimeLost(
                f"{lost} were paid for the time from {end:%Y-%m-%d %H:%M} to "
                f"{paid.end:%Y-%m-%d %H:%M} UTC; say that it is given up, or refund it"
            )
    event = events.EndMoved(subscription_id=subscription.id, was=paid.end, now=end, lost=lost)
    return moved_to(subscription, state), what, [event]


def unused_worth(subscription: Subscription, granted: Sequence[Granted], now: datetime) -> Money:
    """Return what was paid for the time that is still ahead, for whoever decides on a refund."""
    total = Money.zero(subscription.money.currency)
    match subscription.state:
        case Active(period):
            left = period.end - now
        case Paused(period, _, until):
            left = period.end - max(now, until)
        case _:
            return total
    for last in reversed(granted):
        if left <= timedelta():
            break
        part = min(left, last.length)
        total += unused(last.worth, part, last.length)
        left -= part
    return total
