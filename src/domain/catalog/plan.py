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
    """What a plan costs in one currency, from a moment on until the next one begins.

    `valid_from` None means from the moment it was set. `migrates` takes those along who pay an
    earlier price: their first period that begins under it is asked for at it.
    """

    id: PriceId
    plan_id: PlanId
    money: Money
    set_by: str
    created_at: datetime
    archived_at: datetime | None = None
    valid_from: datetime | None = None
    migrates: bool = False

    def __post_init__(self) -> None:
        if self.money.amount_minor < 0:
            raise InvalidValue("a price is not negative")

    @property
    def begins(self) -> datetime:
        """From when on it can be bought."""
        return self.valid_from or self.created_at

    def is_active(self, now: datetime) -> bool:
        """Tell whether it can be bought now."""
        return self.begins <= now and (self.archived_at is None or now < self.archived_at)


def retire(plan: Plan) -> Plan:
    """Take a plan off sale; subscriptions keep what they were promised."""
    return replace(plan, is_active=False, version=plan.version + 1)


def give(plan: Plan, features: Sequence[str]) -> Plan:
    """Let a plan give other features, each named once."""
    named = tuple(dict.fromkeys(features))
    if named == plan.features:
        return plan
    return replace(plan, features=named, version=plan.version + 1)


def succeed(current: Sequence[Price], new: Price) -> tuple[list[Price], list[Price]]:
    """Set a price: return it, and those of its currency that end where it begins.

    What was to begin later than it never does.
    """
    replaced = [
        replace(price, archived_at=max(price.begins, new.begins))
        for price in current
        if price.money.currency == new.money.currency
        and (price.archived_at is None or price.archived_at > max(price.begins, new.begins))
    ]
    return [new], replaced


def migrated(newer: Sequence[Price], start: datetime) -> Price | None:
    """Return the price a period that begins then is asked for at; None to keep the agreed one.

    `newer` are the prices that take along whoever pays an earlier one, in the order they begin.
    """
    begun = [price for price in newer if price.begins <= start]
    return begun[-1] if begun else None


def offer(plan: Plan, price: Price, currency: Currency | None = None, *, now: datetime) -> Money:
    """Return what a buyer would pay now; refuse retired plans, archived, coming, foreign prices."""
    if not plan.is_active:
        raise PlanInactive(f"plan {plan.name!r} is no longer sold")
    if not price.is_active(now) or price.plan_id != plan.id:
        raise PriceArchived(f"price {price.id} of plan {plan.name!r} is not on sale")
    if currency is not None and price.money.currency != currency:
        raise PriceArchived(f"plan {plan.name!r} has no active price in {currency}")
    return price.money
