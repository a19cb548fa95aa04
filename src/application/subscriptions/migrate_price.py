"""A new price takes along those who pay an earlier one, where a manager said so."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from application.subscriptions.ports import SubscriptionsUnitOfWork
from domain.catalog.plan import Price, migrated
from domain.subscriptions.agreement import PlanChange
from domain.subscriptions.model import CardTerms, Subscription
from domain.subscriptions.moves import Moved
from domain.subscriptions.plan_changes import follow_price
from domain.subscriptions.renewal import next_period


async def with_migrations(
    uow: SubscriptionsUnitOfWork, subscriptions: Sequence[Subscription], zone: ZoneInfo
) -> Sequence[Moved]:
    """Return them, in order, with the price agreed on that their next period begins under.

    A change that a manager agreed on stays; so does a price that takes nobody along.
    """
    newer = await uow.offers.migrations([one.price_id for one in subscriptions])
    return [_migrated(one, newer.get(one.price_id, ()), zone) for one in subscriptions]


def _migrated(subscription: Subscription, newer: Sequence[Price], zone: ZoneInfo) -> Moved:
    terms = subscription.terms
    if not newer or subscription.change is not None or not isinstance(terms, CardTerms):
        return subscription, []
    period = next_period(subscription, zone)
    price = migrated(newer, period.start) if period else None
    if price is None:
        return subscription, []
    change = PlanChange(
        plan_id=subscription.plan_id,
        price_id=price.id,
        money=price.money,
        interval=subscription.interval,
        retry_days=terms.retry_days,
        grace_seconds=int(terms.grace.total_seconds()),
        is_recurring=True,
    )
    return follow_price(subscription, change)
