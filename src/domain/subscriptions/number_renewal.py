"""When a number is charged again, by its operator's calendar and the service's retries.

A period lasts from a day of the calendar to the next one, by local midnights; the first begins
with the order. What was not paid for is not owed for ever: a retry that succeeds on a later day
pays for the days from then on.
"""

from datetime import date, datetime, timedelta

from domain.shared.calendar import Period, business_day, start_of_day
from domain.subscriptions.model import (
    Active,
    Canceled,
    CarrierTerms,
    Created,
    Expired,
    PastDue,
    Paused,
    Refused,
    Renewal,
    Subscription,
)


def began(subscription: Subscription, terms: CarrierTerms) -> date:
    """Return the local day of the order, which `weekly` services keep to."""
    return business_day(subscription.created_at, terms.zone)


def renew_at(subscription: Subscription, terms: CarrierTerms) -> datetime | None:
    """Return the first instant at which a charge is due; None when there is none ahead."""
    if terms.managed or terms.calendar.never:
        return None
    match subscription.state:
        case Active(period):
            earliest = max(period.end, subscription.not_before or period.end)
            return terms.calendar.opening(earliest, began(subscription, terms), terms.zone)
        case PastDue(retry_at=at) if at is not None:
            return max(at, subscription.not_before or at)
        case _:
            return None


def opening(subscription: Subscription, terms: CarrierTerms, now: datetime) -> datetime:
    """Return when a charge that is due may be made: now, or when the next window opens."""
    keeps_days = isinstance(subscription.state, Active)
    day = began(subscription, terms) if keeps_days else None
    return terms.calendar.opening(now, day, terms.zone)


def owed_period(subscription: Subscription, terms: CarrierTerms, now: datetime) -> Period | None:
    """Return the period to charge for now; a retry is for the one that was not paid."""
    match subscription.state:
        case Created(starts_at):
            return period_from(subscription, terms, starts_at)
        case Active(period):
            today = start_of_day(business_day(now, terms.zone), terms.zone)
            return period_from(subscription, terms, max(period.end, today))
        case PastDue(owed_from=start) if start is not None:
            return period_from(subscription, terms, start)
        case PastDue() | Paused() | Canceled() | Expired() | Refused():
            return None


def period_from(subscription: Subscription, terms: CarrierTerms, start: datetime) -> Period:
    """Return the days from a start to the next day of the calendar."""
    if terms.calendar.never:
        one = subscription.interval
        anchor = start.astimezone(terms.zone).day
        return Period(start, one.after(start, anchor_day=anchor, zone=terms.zone))
    return Period(start, terms.calendar.next_day(start, began(subscription, terms), terms.zone))


def paid_from(
    subscription: Subscription, terms: CarrierTerms, paid: Period, *, now: datetime
) -> datetime:
    """Return where the period begins that money settled now is for.

    It is the day the money was asked for, whenever the answer came, and never before the end of
    what was paid already.
    """
    charge = subscription.charge
    asked_at = now if charge is None else min(charge.since, now)
    return max(paid.end, start_of_day(business_day(asked_at, terms.zone), terms.zone))


def retry_at(
    subscription: Subscription, terms: CarrierTerms, *, since: datetime, now: datetime
) -> datetime | None:
    """Return when a charge that failed now is tried again; None for never.

    Of a service with retries, the first one due after its last day is still made, and is the
    last. Without retries the next day of the calendar tries.
    """
    if terms.managed:
        return None
    if terms.retries:
        if now - since > timedelta(days=terms.retry_for_days):
            return None
        later = now + timedelta(hours=terms.delay_hours)
        return terms.calendar.opening(later, None, terms.zone)
    if terms.calendar.never or subscription.renewal is not Renewal.AUTOMATIC:
        return None
    day = began(subscription, terms)
    tomorrow = terms.calendar.next_day(now, day, terms.zone)
    return terms.calendar.opening(tomorrow, day, terms.zone)
