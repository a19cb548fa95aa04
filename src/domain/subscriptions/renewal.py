"""When a subscription is charged again: the two questions nothing else may answer.

*Is it due?* and *when may it be tried again?* follow from the terms and the history alone.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never
from zoneinfo import ZoneInfo

from domain.shared.calendar import Period, anchor_from, business_day, start_of_tomorrow
from domain.subscriptions.model import (
    Active,
    Canceled,
    Created,
    Expired,
    PastDue,
    Paused,
    Refused,
    Renewal,
    Subscription,
)

# An open charge holds back expiry this long; after that a person is looking at it anyway.
OPEN_CHARGE_HOLDS = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Due:
    """Charge now, for this period."""

    period: Period


@dataclass(frozen=True, slots=True)
class NotDue:
    """Nothing to charge today."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """It should be charged and cannot; the customer has to do something."""

    why: str


def renew_at(subscription: Subscription) -> datetime | None:
    """Return the instant from whose local day on a charge is due; None when there is none ahead."""
    if subscription.renewal is not Renewal.AUTOMATIC or subscription.charge is not None:
        return None
    match subscription.state:
        case Active(period):
            return period.end
        case PastDue(retry_at=retry_at):
            return retry_at
        case Created() | Paused() | Canceled() | Expired() | Refused():
            return None
        case _:
            assert_never(subscription.state)


def next_period(subscription: Subscription, zone: ZoneInfo) -> Period | None:
    """Return the period that the next payment is for: it begins where the paid one ends.

    The days of a pause are no part of what is paid: they follow everything paid while it lasts,
    however early or late it ends, so that no two periods ever overlap.
    """
    match subscription.state:
        case Active(period) | PastDue(period):
            return period_from(subscription, period.end, zone)
        case Paused(period, since, until):
            return period_from(subscription, period.end - (until - since), zone)
        case Created(starts_at):
            return period_from(subscription, starts_at, zone)
        case Canceled() | Expired() | Refused():
            return None
        case _:
            assert_never(subscription.state)


def period_from(subscription: Subscription, start: datetime, zone: ZoneInfo) -> Period:
    """Return one agreed interval from a start, by the local calendar and the anchor day."""
    anchor_day = anchor_from(start, subscription.anchor_day, zone)
    return Period(start, subscription.interval.after(start, anchor_day=anchor_day, zone=zone))


def paid_from(
    subscription: Subscription, paid: Period, *, now: datetime, zone: ZoneInfo
) -> datetime:
    """Return where the period begins that money settled now is for.

    It is the end of what was paid, when the money was asked for within grace: nobody gains or
    loses days. Money asked for later buys time from now on, and so does money for an interval
    that would be over today already: after missed days one payment catches up with the calendar
    instead of one for each of them.
    """
    charge = subscription.charge
    asked_at = now if charge is None else min(charge.since, now)
    in_grace = asked_at <= paid.end + subscription.terms.grace
    follows = period_from(subscription, paid.end, zone)
    if in_grace and follows.end >= start_of_tomorrow(now, zone):
        return paid.end
    return max(now, paid.end)


def due(subscription: Subscription, *, now: datetime, zone: ZoneInfo) -> Due | NotDue | Blocked:
    """Answer whether to charge today.

    "Today" is the local calendar day of the billing zone: a period that ends at any hour of today
    is due from the day's first run on. A first charge that comes late is made up for; a declined
    one is not tried again after the day on which grace ends.
    """
    at = renew_at(subscription)
    if at is None or at >= start_of_tomorrow(now, zone):
        return NotDue()
    if subscription.terms.method_id is None and subscription.money.is_positive:
        return Blocked("no saved payment method")
    if isinstance(subscription.state, PastDue) and _grace_is_over(subscription, now, zone):
        return Blocked("grace is over")
    period = next_period(subscription, zone)
    assert period is not None, "what has a renewal date has a period"
    return Due(period)


def _grace_is_over(subscription: Subscription, now: datetime, zone: ZoneInfo) -> bool:
    at = expires_at(subscription)
    return at is not None and business_day(now, zone) > business_day(at, zone)


def retry_at(
    subscription: Subscription, failures: int, *, now: datetime, zone: ZoneInfo
) -> datetime | None:
    """Return when a declined renewal may be tried again, after so many failures; None for never.

    The plan's retry days count from the end of the paid period; a day is never used twice, so a
    run that comes late does not make up for missed days at once. Nothing is tried after grace.
    """
    match subscription.state:
        case Active(period) | PastDue(period):
            days = subscription.terms.retry_days
            if failures >= len(days):
                return None
            planned = period.end + timedelta(days=days[failures])
            at = max(planned, start_of_tomorrow(now, zone))
            return at if at <= period.end + subscription.terms.grace else None
        case _:
            return None


def expires_at(subscription: Subscription) -> datetime | None:
    """Return when the daily expiry has something to do: the end of access, or of a pause."""
    match subscription.state:
        case Active(period) | PastDue(period):
            stopping = subscription.renewal is Renewal.STOPPING
            return period.end if stopping else period.end + subscription.terms.grace
        case Paused(until=until):
            return until
        case Created() | Canceled() | Expired() | Refused():
            return None
        case _:
            assert_never(subscription.state)
