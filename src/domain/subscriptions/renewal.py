"""When a subscription is charged again: the two questions nothing else may answer.

*Is it due?* and *when may it be tried again?* follow from the terms and the history alone.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never
from zoneinfo import ZoneInfo

from domain.shared.calendar import Period, start_of_tomorrow
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
    """Return the period that the next payment is for: it begins where the paid one ends."""
    match subscription.state:
        case Active(period) | PastDue(period) | Paused(period):
            return period_from(subscription, period.end, zone)
        case Created(starts_at):
            return period_from(subscription, starts_at, zone)
        case Canceled() | Expired() | Refused():
            return None
        case _:
            assert_never(subscription.state)


def period_from(subscription: Subscription, start: datetime, zone: ZoneInfo) -> Period:
    """Return one agreed interval from a start, by the local calendar and the anchor day."""
    end = subscription.interval.after(start, anchor_day=subscription.anchor_day, zone=zone)
    return Period(start, end)


def due(subscription: Subscription, *, now: datetime, zone: ZoneInfo) -> Due | NotDue | Blocked:
    """Answer whether to charge today.

    "Today" is the local calendar day of the billing zone: a period that ends at any hour of today
    is due from the day's first run on.
    """
    at = renew_at(subscription)
    if at is None or at >= start_of_tomorrow(now, zone):
        return NotDue()
    if subscription.terms.method_id is None and subscription.money.is_positive:
        return Blocked("no saved payment method")
    period = next_period(subscription, zone)
    assert period is not None, "what has a renewal date has a period"
    return Due(period)


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
