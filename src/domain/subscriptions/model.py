"""A subscription: what was agreed, how far it is paid, and what happens at the end of the period.

A content subscription of a phone number and a cinema subscription of a card holder are this one
aggregate with different terms.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from domain.shared.calendar import Interval, Period
from domain.shared.ids import CustomerId, InvoiceId, MethodId, PlanId, PriceId, SubscriptionId
from domain.shared.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class CardTerms:
    """How a card subscription is charged: with what, and what happens when that is declined.

    `retry_days` are counted from the end of the paid period; `grace` is how long access outlives
    it. Both are copied from the plan at the time of the agreement.
    """

    provider: str
    method_id: MethodId | None
    retry_days: tuple[int, ...]
    grace: timedelta


Terms = CardTerms


class Renewal(StrEnum):
    """What the customer wants at the end of the period."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"
    STOPPING = "stopping"


class Source(StrEnum):
    """How the subscription came about."""

    PURCHASE = "purchase"
    MANAGER = "manager"
    PROMO = "promo"


@dataclass(frozen=True, slots=True)
class Created:
    """Chosen, not paid; the first period begins with the payment, but not before `starts_at`."""

    starts_at: datetime


@dataclass(frozen=True, slots=True)
class Active:
    """Paid for, or in its trial.

    Where the next period was paid before the one before it ended, `period` still lies ahead;
    `access_since` is then when the access began that simply goes on.
    """

    period: Period
    access_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class PastDue:
    """The renewal was declined; `retry_at` is None when nothing more will be tried."""

    period: Period
    failures: int
    retry_at: datetime | None


@dataclass(frozen=True, slots=True)
class Paused:
    """No access until then; `period` is what it will have left when it resumes on time."""

    period: Period
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Canceled:
    """Over before its time; `reopens` where nobody asked for that and money may still begin it."""

    at: datetime
    why: str
    reopens: bool = False


@dataclass(frozen=True, slots=True)
class Expired:
    """Over because nobody paid."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """Never begun: a check said no."""

    at: datetime
    why: str


State = Created | Active | PastDue | Paused | Canceled | Expired | Refused
Live = Created | Active | PastDue | Paused


@dataclass(frozen=True, slots=True)
class OpenCharge:
    """An invoice for the next period is being collected; nothing else may be charged meanwhile."""

    invoice_id: InvoiceId
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """The aggregate; `money` and `interval` are the agreement, whatever the price list says now."""

    id: SubscriptionId
    customer_id: CustomerId
    plan_id: PlanId
    price_id: PriceId
    money: Money
    interval: Interval
    anchor_day: int
    terms: Terms
    renewal: Renewal
    source: Source
    state: State
    charge: OpenCharge | None
    created_at: datetime
    version: int = 1

    @property
    def is_live(self) -> bool:
        """Tell whether it is not over."""
        return isinstance(self.state, Live)


def status_of(state: State) -> str:
    """Return the state's name in the trade's spelling: `past_due`."""
    name = type(state).__name__
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


def access_until(subscription: Subscription) -> datetime | None:
    """Return the end of access: the paid period, and grace after it while renewal is automatic.

    The one function behind every answer to "may this customer watch?". None means no access. A
    customer who asked to stop, or never agreed to renewals, has no grace.
    """
    match subscription.state:
        case Active(period) | PastDue(period):
            if subscription.renewal is Renewal.AUTOMATIC:
                return period.end + subscription.terms.grace
            return period.end
        case Created() | Paused() | Canceled() | Expired() | Refused():
            return None
        case _:
            assert_never(subscription.state)


def has_access(subscription: Subscription, now: datetime) -> bool:
    """Tell whether the customer may use what the plan gives, right now."""
    until = access_until(subscription)
    match subscription.state:
        case Active() | PastDue() as paid:
            return until is not None and access_from(paid) <= now < until
        case _:
            return False


def access_from(state: Active | PastDue) -> datetime:
    """Return when the access began that lasts without a break."""
    return (state.access_since if isinstance(state, Active) else None) or state.period.start
