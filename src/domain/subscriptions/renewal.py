"""When a subscription is charged again: the two questions nothing else may answer.

*Is it due?* and *when may it be tried again?* follow from the terms and the history alone.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never
from zoneinfo import ZoneInfo

from domain.shared.calendar import Period, anchor_from, business_day, start_of_tomorrow
from domain.subscriptions import number_renewal
from domain.subscriptions.model import (
    Active,
    Canceled,
    CardTerms,
    CarrierTerms,
    Created,
    Expired,
    PastDue,
    Paused,
    Refused,
    Renewal,
    Subscription,
    grace_of,
)

# An open charge holds back expiry this long; after that a person is looking at it anyway.
OPEN_CHARGE_HOLDS = timedelta(hours=24)
# The last try of dunning may be made on the very day grace ends: its invoice is good until after.
LAST_DAY = timedelta(days=1)


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


@dataclass(frozen=True, slots=True)
class Deferred:
    """It is due, and may not be made before then: the window is closed."""

    until: datetime


def renew_at(subscription: Subscription) -> datetime | None:
    """Return when a charge is due; None when there is none ahead.

    A card is charged from the local day of this instant on, a number from the instant itself.
    What is past due with a retry planned is tried even where no renewal was agreed on: the first
    charge of a one-off order.
    """
    if subscription.charge is not None:
        return None
    if isinstance(subscription.terms, CarrierTerms):
        owing = isinstance(subscription.state, PastDue)
        if subscription.renewal is not Renewal.AUTOMATIC and not owing:
            return None
        return number_renewal.renew_at(subscription, subscription.terms)
    if subscription.renewal is not Renewal.AUTOMATIC:
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
        case PastDue(period=None, owed_from=start):
            return None if start is None else period_from(subscription, start, zone)
        case Active(period) | PastDue(period) if period is not None:
            return period_from(subscription, period.end, zone)
        case Paused(period, since, until):
            return period_from(subscription, period.end - (until - since), zone)
        case Created(starts_at):
            return period_from(subscription, starts_at, zone)
        case Active() | PastDue() | Canceled() | Expired() | Refused():
            return None
        case _:
            assert_never(subscription.state)


def period_from(subscription: Subscription, start: datetime, zone: ZoneInfo) -> Period:
    """Return one agreed interval from a start, by the local calendar and the anchor day."""
    if isinstance(subscription.terms, CarrierTerms):
        return number_renewal.period_from(subscription, subscription.terms, start)
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
    if isinstance(subscription.terms, CarrierTerms):
        return number_renewal.paid_from(subscription, subscription.terms, paid, now=now)
    charge = subscription.charge
    asked_at = now if charge is None else min(charge.since, now)
    in_grace = asked_at <= paid.end + subscription.terms.grace
    follows = period_from(subscription, paid.end, zone)
    if in_grace and follows.end >= start_of_tomorrow(now, zone):
        return paid.end
    return max(now, paid.end)


def first_from(subscription: Subscription, *, now: datetime) -> datetime:
    """Return where the first period begins that is paid for late: when the money was asked for."""
    charge = subscription.charge
    return now if charge is None else min(charge.since, now)


def due(
    subscription: Subscription, *, now: datetime, zone: ZoneInfo
) -> Due | NotDue | Blocked | Deferred:
    """Answer whether to charge now, for a card or for a number."""
    match subscription.terms:
        case CardTerms():
            return _card_due(subscription, now=now, zone=zone)
        case CarrierTerms() as terms:
            return _number_due(subscription, terms, now=now)
        case _:
            assert_never(subscription.terms)


def _number_due(
    subscription: Subscription, terms: CarrierTerms, *, now: datetime
) -> Due | NotDue | Deferred:
    at = renew_at(subscription)
    if at is None or at > now:
        return NotDue()
    opens = number_renewal.opening(subscription, terms, now)
    if opens > now:
        return Deferred(opens)
    period = number_renewal.owed_period(subscription, terms, now)
    assert period is not None, "what is due is for a period"
    return Due(period)


def _card_due(
    subscription: Subscription, *, now: datetime, zone: ZoneInfo
) -> Due | NotDue | Blocked:
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
    terms = subscription.terms
    assert isinstance(terms, CardTerms), "numbers have retries of their own"
    match subscription.state:
        case Active(period) | PastDue(period) if period is not None:
            days = terms.retry_days
            if failures >= len(days):
                return None
            planned = period.end + timedelta(days=days[failures])
            at = max(planned, start_of_tomorrow(now, zone))
            return at if at <= period.end + terms.grace else None
        case _:
            return None


def expires_at(subscription: Subscription) -> datetime | None:
    """Return when the daily expiry has something to do: the end of access, or of a pause.

    A number's subscription ends by its retries or the purge policy, unless it never renews.
    """
    number = isinstance(subscription.terms, CarrierTerms)
    match subscription.state:
        case Active() | PastDue() if number and subscription.renewal is Renewal.AUTOMATIC:
            return None
        case PastDue() if number:
            return None
        case Active(period) | PastDue(period) if period is not None:
            stopping = subscription.renewal is Renewal.STOPPING
            return period.end if stopping else period.end + grace_of(subscription)
        case Paused(until=until):
            return until
        case Created() | Active() | PastDue() | Canceled() | Expired() | Refused():
            return None
        case _:
            assert_never(subscription.state)
