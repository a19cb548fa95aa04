"""Plans, features and prices. A price is never changed: a new one is a new row."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.shared.calendar import Interval
from domain.shared.errors import DomainError, InvalidValue
from domain.shared.ids import PlanId, PriceId
from domain.shared.money import Currency, Money

MAX_TRIAL_DAYS = 366


class MisalignedDunning(DomainError):
    """The days on which a declined charge is tried again do not fit into the plan's grace."""

    code = "misaligned_dunning"


class PriceArchived(DomainError):
    """The price is in the archive; it can be renewed by those who have it, not newly bought."""

    code = "price_archived"


class PlanInactive(DomainError):
    """The plan is no longer sold."""

    code = "plan_inactive"


@dataclass(frozen=True, slots=True)
class Dunning:
    """When a declined renewal is tried again: days after the period's end, at most one a day.

    Grace is how long access outlives the paid period. Every retry must fall inside it, and the
    last one must leave no more than a day of grace untried; otherwise customers either lose
    access while a retry is still to come or keep it while nobody asks for the money.
    """

    retry_days: tuple[int, ...] = (0, 1, 2, 3)
    grace: timedelta = timedelta(hours=72)

    def __post_init__(self) -> None:
        days = self.retry_days
        if not days or days[0] != 0 or list(days) != sorted(set(days)):
            raise MisalignedDunning("retry days start with 0 and rise without repeats")
        if not timedelta() <= self.grace <= timedelta(days=60):
            raise MisalignedDunning("grace is between 0 and 60 days")
        last = timedelta(days=days[-1])
        if last > self.grace:
            raise MisalignedDunning(
                f"a retry on day {days[-1]} comes after a grace of {self.grace}"
            )
        if self.grace - last > timedelta(days=1):
            raise MisalignedDunning(
                f"grace of {self.grace} outlives the last retry (day {days[-1]}) by over a day"
            )

    @property
    def max_attempts(self) -> int:
        """How many charges one period may see."""
        return len(self.retry_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """Something a plan gives: a name and the entities (content tags or ids) it opens."""

    code: str
    name: str
    description: str = ""
    entities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is sold: how long one payment lasts and what it gives."""

    id: PlanId
    name: str
    description: str
    interval: Interval
    is_recurring: bool
    trial_days: int
    dunning: Dunning
    features: tuple[str, ...]
    is_active: bool
    created_at: datetime
    version: int = 1

    def __post_init__(self) -> None:
        if not self.name.strip() or len(self.name) > 200:
            raise InvalidValue("a plan needs a name of at most 200 characters")
        if not 0 <= self.trial_days <= MAX_TRIAL_DAYS:
            raise InvalidValue(f"a trial lasts from 0 to {MAX_TRIAL_DAYS} days")


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a plan costs in one currency, from a moment on; at most one is active per currency."""

    id: PriceId
    plan_id: PlanId
    money: Money
    set_by: str
    created_at: datetime
    archived_at: datetime | None = None

    def __post_init__(self) -> None:
        if self.money.amount_minor < 0:
            raise InvalidValue("a price is not negative")

    @property
    def is_active(self) -> bool:
        """Tell whether it can be bought."""
        return self.archived_at is None


def retire(plan: Plan) -> Plan:
    """Take a plan off sale; subscriptions keep what they were promised."""
    return replace(plan, is_active=False, version=plan.version + 1)


def succeed(current: Sequence[Price], new: Price) -> tuple[list[Price], list[Price]]:
    """Set a new price: return it, and the active one of its currency moved to the archive."""
    replaced = [
        replace(price, archived_at=new.created_at)
        for price in current
        if price.is_active and price.money.currency == new.money.currency
    ]
    return [new], replaced


def offer(plan: Plan, price: Price, currency: Currency | None = None) -> Money:
    """Return what a buyer would pay now; refuse retired plans, archived and foreign prices."""
    if not plan.is_active:
        raise PlanInactive(f"plan {plan.name!r} is no longer sold")
    if not price.is_active or price.plan_id != plan.id:
        raise PriceArchived(f"price {price.id} of plan {plan.name!r} is not on sale")
    if currency is not None and price.money.currency != currency:
        raise PriceArchived(f"plan {plan.name!r} has no active price in {currency}")
    return price.money
