"""Breaks of a subscription: no access and no charge, and not a day of what is paid is lost."""

from datetime import datetime, timedelta

from domain.shared.calendar import Period
from domain.shared.errors import InvalidValue
from domain.subscriptions import events
from domain.subscriptions.model import Active, Paused, Subscription, access_from
from domain.subscriptions.moves import IllegalSubscriptionMove, Moved, moved_to

MAX_PAUSE_DAYS = 30


def pause(subscription: Subscription, days: int, *, now: datetime) -> Moved:
    """Take a break of whole days; they are added to the end of the period."""
    if not 1 <= days <= MAX_PAUSE_DAYS:
        raise InvalidValue(f"a pause lasts from 1 to {MAX_PAUSE_DAYS} days")
    match subscription.state:
        case Active(paid) as before if (
            subscription.charge is None and access_from(before) <= now < paid.end
        ):
            break_ = timedelta(days=days)
            paused = Paused(Period(access_from(before), paid.end + break_), now, now + break_)
            event = events.Paused(subscription_id=subscription.id, until=paused.until)
            return moved_to(subscription, paused), [event]
        case _:
            raise IllegalSubscriptionMove(subscription, "be paused")


def resume(subscription: Subscription, *, now: datetime) -> Moved:
    """End a pause; the days of it that were not used are taken off the period again."""
    match subscription.state:
        case Paused(period, since, until):
            unused = until - min(max(now, since), until)
            left = Period(period.start, period.end - unused)
            event = events.Resumed(subscription_id=subscription.id, period=left)
            return moved_to(subscription, Active(left)), [event]
        case _:
            raise IllegalSubscriptionMove(subscription, "be resumed")
