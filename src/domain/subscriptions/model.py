"""A subscription: what was agreed, how far it is paid, and what happens at the end of the period.

A content subscription of a phone number and a cinema subscription of a card holder are this one
aggregate with different terms.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never
from zoneinfo import ZoneInfo

from domain.shared.calendar import Interval, Period
from domain.shared.errors import InvalidValue
from domain.shared.ids import CustomerId, InvoiceId, MethodId, PlanId, PriceId, SubscriptionId
from domain.shared.money import Money
from domain.shared.msisdn import Msisdn
from domain.shared.names import snake
from domain.subscriptions.agreement import PlanChange
from domain.subscriptions.charge_days import ChargeDays

_CHARGE_DAY = timedelta(days=1)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierTerms:
    """How a number is charged through its operator, copied from the service at the agreement.

    A charge that failed is tried again `delay_hours` later, until one fails more than
    `retry_for_days` after the first; without both there are no retries, and the next day of the
    calendar tries.
    `managed` means that the operator charges by its own timetable and only reports.
    """

    operator: str
    msisdn: Msisdn
    service_code: str
    time_zone: str
    calendar: ChargeDays
    delay_hours: int
    retry_for_days: int
    managed: bool = False

    def __post_init__(self) -> None:
        if self.delay_hours < 0 or self.retry_for_days < 0:
            raise InvalidValue("retries are counted in hours and days of zero and more")

    @property
    def provider(self) -> str:
        """The gateway that collects: the operator."""
        return self.operator

    @property
    def method_id(self) -> None:
        """A number needs no saved method."""
        return None

    @property
    def zone(self) -> ZoneInfo:
        """Where days and minutes are counted."""
        return ZoneInfo(self.time_zone)

    @property
    def retries(self) -> bool:
        """Tell whether a failed charge is tried again before its next day."""
        return self.delay_hours > 0 and self.retry_for_days > 0


Terms = CardTerms | CarrierTerms


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
    """A charge was declined; `retry_at` is None when nothing more will be tried.

    `period` is what was paid last, and None where nothing ever was. A number's subscription also
    keeps since when it is owing, and from when on: a retry is for the period that was not paid.
    """

    period: Period | None
    failures: int
    retry_at: datetime | None
    since: datetime | None = None
    owed_from: datetime | None = None


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
    """The aggregate; `money` and `interval` are the agreement, whatever the price list says now.

    `not_before` puts a charge off that is due: its window had closed, or a cap was reached.
    `change` is another agreement that waits for its time.
    """

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
    not_before: datetime | None = None
    change: PlanChange | None = None
    version: int = 1

    @property
    def is_live(self) -> bool:
        """Tell whether it is not over."""
        return isinstance(self.state, Live)


def status_of(state: State) -> str:
    """Return the state's name in the trade's spelling: `past_due`."""
    return snake(type(state))


def access_until(subscription: Subscription) -> datetime | None:
    """Return the end of access: the paid period, and grace after it while renewal is automatic.

    The one function behind every answer to "may this customer watch?". None means no access. A
    customer who asked to stop, or never agreed to renewals, has no grace.
    """
    match subscription.state:
        case Active(period) | PastDue(period) if period is not None:
            if subscription.renewal is Renewal.AUTOMATIC:
                return period.end + grace_of(subscription)
            return period.end
        case Created() | Active() | PastDue() | Paused() | Canceled() | Expired() | Refused():
            return None
        case _:
            assert_never(subscription.state)


def grace_of(subscription: Subscription) -> timedelta:
    """Return how long access outlives the paid period while the next charge is awaited.

    A number is charged at some hour of the day after its period: until that charge has failed,
    nothing is amiss, so the day is not counted against the subscriber.
    """
    match subscription.terms:
        case CardTerms(grace=grace):
            return grace
        case CarrierTerms():
            return timedelta(0) if isinstance(subscription.state, PastDue) else _CHARGE_DAY
        case _:
            assert_never(subscription.terms)


def awake(subscription: Subscription, now: datetime) -> Subscription:
    """Return it as it is by the clock: a pause is over when its time is, whoever notes it when."""
    match subscription.state:
        case Paused(period, _, until) if until <= now:
            return replace(subscription, state=Active(period))
        case _:
            return subscription


def has_access(subscription: Subscription, now: datetime) -> bool:
    """Tell whether the customer may use what the plan gives, right now."""
    subscription = awake(subscription, now)
    until = access_until(subscription)
    match subscription.state:
        case Active() | PastDue() as paid if until is not None:
            return access_from(paid) <= now < until
        case _:
            return False


def access_from(state: Active | PastDue) -> datetime:
    """Return when the access began that lasts without a break."""
    assert state.period is not None, "without a paid period there is no access"
    return (state.access_since if isinstance(state, Active) else None) or state.period.start
