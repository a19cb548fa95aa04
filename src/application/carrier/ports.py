"""What the carrier context keeps, and what it asks of payments inside its transactions."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from application.carrier.gateway import ChargeOutcome, OperatorGateway, QueryOutcome
from application.ports import JsonObject, UnitOfWork
from domain.carrier.caps import Spent
from domain.carrier.checks import NumberList
from domain.carrier.operator import Operator
from domain.carrier.service import Campaign, Service
from domain.shared.calendar import Interval, Period
from domain.shared.facts import Cause
from domain.shared.ids import AttemptId, CustomerId, InvoiceId, PriceId, SubscriptionId
from domain.shared.money import Money
from domain.shared.msisdn import Msisdn
from domain.subscriptions.model import Subscription

ServiceKey = tuple[str, str]
"""Operator and service code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A service with the price it is ordered at now; None where it has none to be sold at."""

    service: Service
    price_id: PriceId | None
    money: Money | None
    interval: Interval


@dataclass(frozen=True, slots=True)
class Reference:
    """Operators, services and campaigns as they stood at one moment; never changed in place."""

    operators: Mapping[str, Operator]
    offers: Mapping[ServiceKey, Offer]
    by_service_id: Mapping[UUID, Offer]
    campaigns: Mapping[str, Campaign]
    keywords: Mapping[tuple[str, str], Campaign]
    managed: frozenset[str]

    def is_managed(self, operator: str) -> bool:
        """Tell whether the operator charges by its own timetable and only reports."""
        return operator in self.managed

    def offer_of(self, operator: str, service_code: str) -> Offer | None:
        """Return what an operator sells under a code."""
        return self.offers.get((operator, service_code))

    def campaign_by(self, operator: str, keyword: str) -> Campaign | None:
        """Return the campaign of a keyword, however it was written."""
        return self.keywords.get((operator, keyword.strip().casefold()))


class References(Protocol):
    """The reference data of a process: read often, changed by people, a few seconds old at most."""

    async def current(self) -> Reference:
        """Return what is known; a reload that fails keeps what was known before."""
        ...

    async def reload(self) -> Reference:
        """Read it all anew; raise Unavailable and keep what was known when that fails."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order of a service by a number, as the intake wrote it down, with the evidence.

    `event_id` is the operator's or the partner's and makes a repeat of the order a no-op; `tid` is
    the documented correlation id. `said_at` is when the subscriber said so, `source` where.
    """

    operator: str
    event_id: str
    tid: str
    msisdn: Msisdn
    service_code: str | None = None
    keyword: str | None = None
    campaign_code: str | None = None
    text: str = ""
    source: str = ""
    said_at: datetime | None = None
    operator_token: str | None = None
    pixel: str | None = None
    publisher: str | None = None
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    """An order that became a subscription, accepted or refused."""

    id: UUID
    order: Order
    service_id: UUID
    subscription_id: SubscriptionId


@dataclass(frozen=True, slots=True, kw_only=True)
class Unresolved:
    """A report nobody can be named for; a person assigns or dismisses it."""

    id: UUID
    operator: str
    event_id: str
    kind: str
    msisdn: Msisdn | None
    report: JsonObject
    why: str
    candidates: Sequence[UUID]
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Payer:
    """Who stands behind a number; `version` grows with every order of it."""

    customer_id: CustomerId
    version: int


class Numbers(Protocol):
    """The numbers that ever ordered something, each with the payer behind it."""

    async def lock_many(self, numbers: Collection[Msisdn], now: datetime) -> Mapping[Msisdn, Payer]:
        """Return their payers, made where there are none; what concerns one number waits here."""
        ...

    async def ordered(self, numbers: Collection[Msisdn]) -> None:
        """Let the versions of numbers grow: what caches know of them is old."""
        ...

    async def move(self, before: Msisdn, after: Msisdn) -> Payer:
        """Let two numbers whose rows are locked change payers, and the subscriptions of the first
        follow; return who has the second now."""
        ...

    async def of_customers(self, ids: Collection[CustomerId]) -> Mapping[CustomerId, Msisdn]:
        """Return the numbers of payers; those without one are left out."""
        ...

    async def lists_of(self, numbers: Collection[Msisdn]) -> Mapping[Msisdn, frozenset[NumberList]]:
        """Return the lists that numbers are on; those on none are left out."""
        ...

    async def put_on_list(
        self, name: NumberList, numbers: Collection[Msisdn], *, reason: str, actor: str
    ) -> set[Msisdn]:
        """Put numbers on a list; return those that were not on it before."""
        ...

    async def paid_since(self, ids: Collection[CustomerId], since: datetime) -> set[CustomerId]:
        """Return the payers who were charged anything since an instant."""
        ...

    async def spent(
        self, ids: Collection[CustomerId], *, day: datetime, month: datetime
    ) -> Mapping[CustomerId, Spent]:
        """Sum what payers were charged since two instants, open charges included."""
        ...


class NumberSubscriptions(Protocol):
    """Subscriptions of numbers; the rows are those of all subscriptions."""

    async def lock_many(
        self, ids: Sequence[SubscriptionId]
    ) -> Mapping[SubscriptionId, Subscription]:
        """Load for change, in the order of ids."""
        ...

    async def lock_number_due(
        self,
        operator: str,
        status: str,
        now: datetime,
        limit: int,
        leave_out: Collection[UUID] = (),
    ) -> Sequence[Subscription]:
        """Load for change an operator's that are due, oldest first; skips rows others hold."""
        ...

    async def count_number_due(self, operator: str, status: str, now: datetime) -> int:
        """Count an operator's that are due, without locks."""
        ...

    async def of_numbers(
        self, numbers: Collection[Msisdn], *, live: bool
    ) -> Sequence[Subscription]:
        """Load all subscriptions of numbers, or those that are not over; without locks."""
        ...

    async def last_paid(
        self, numbers: Collection[Msisdn], since: datetime
    ) -> Mapping[tuple[Msisdn, str, str], datetime]:
        """Return, by number, operator and service code, when it was last charged for a
        subscription that the subscriber did not end."""
        ...

    async def add_many(self, subscriptions: Sequence[Subscription]) -> None:
        """Insert."""
        ...

    async def save_many(self, subscriptions: Sequence[Subscription]) -> None:
        """Update; raise StaleVersion."""
        ...

    async def add_trials(self, trials: Sequence[tuple[SubscriptionId, Period]]) -> None:
        """Insert free periods."""
        ...


class Orders(Protocol):
    """Orders as they came, and reports that nobody can be named for."""

    async def known(self, keys: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        """Return those (operator, event id) pairs that were written down before."""
        ...

    async def add_many(self, rows: Sequence[OrderRow]) -> None:
        """Insert; a repeat is refused by the database."""
        ...

    async def of_subscriptions(
        self, ids: Collection[SubscriptionId]
    ) -> Mapping[SubscriptionId, OrderRow]:
        """Return the orders that subscriptions began with."""
        ...

    async def put_aside(self, rows: Sequence[Unresolved]) -> int:
        """Keep reports for a person; repeats are kept once. Return how many were new."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberCharge:
    """A period of a number's subscription to be collected by its operator."""

    cause: Cause
    occasion: str
    subscription: Subscription
    period: Period
    description: str
    invoice_due_at: datetime
    urgent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchCharge:
    """A charge of a number that a person ordered, for no subscription."""

    cause: Cause
    occasion: str
    customer_id: CustomerId
    operator: str
    money: Money
    reference: str
    description: str
    invoice_due_at: datetime


@dataclass(frozen=True, slots=True)
class Opened:
    """The charge is reserved; the message that carries it out is on its way."""

    invoice_id: InvoiceId
    attempt_id: AttemptId


@dataclass(frozen=True, slots=True)
class NotOpened:
    """Nothing may be charged: the period is paid, or its invoice is closed or being paid."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """An attempt of a number that is still open, marked as sent where it was only reserved.

    `fresh` means that this very call marked it. `since` is when it took its present state.
    """

    attempt_id: AttemptId
    fresh: bool
    status: str
    external_id: str | None
    since: datetime
    customer_id: CustomerId
    subscription_id: SubscriptionId | None
    operator: str
    money: Money
    description: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class MissedReport:
    """The operator promised a report and did not send it in time."""


NumberOutcome = ChargeOutcome | QueryOutcome | MissedReport


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberAnswer:
    """What an operator said of one attempt, to which question, and who asked."""

    attempt_id: AttemptId
    outcome: NumberOutcome
    question: str
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """An attempt as it stands after the answers; `moved` when they changed it."""

    attempt_id: AttemptId
    operator: str
    subscription_id: SubscriptionId | None
    customer_id: CustomerId
    invoice_id: InvoiceId
    occasion: str
    number: int
    status: str
    money: Money
    moved: bool


class Charging(Protocol):
    """Payments, from inside: what a number's charge is to them."""

    async def open(self, charges: Sequence[NumberCharge]) -> Sequence[Opened | NotOpened]:
        """Reserve charges: invoice, attempt and message, one answer each, in order."""
        ...

    async def open_batch(self, charges: Sequence[BatchCharge]) -> Sequence[Opened | NotOpened]:
        """Reserve charges that no subscription asks for."""
        ...

    async def leave(self, ids: Sequence[AttemptId]) -> Sequence[Leaving]:
        """Return those still open, and mark reserved ones as sent; never commits."""
        ...

    async def services_of(self, ids: Collection[AttemptId]) -> Mapping[AttemptId, str]:
        """Return the code of the service each attempt pays for."""
        ...

    async def take_back(self, ids: Sequence[AttemptId]) -> None:
        """Return attempts to reserved that certainly were not heard."""
        ...

    async def settle(self, answers: Sequence[NumberAnswer]) -> Sequence[Settled]:
        """Apply answers through the one door; return every attempt they name, once."""
        ...

    async def by_token(self, operator: str, tokens: Collection[str]) -> Mapping[str, AttemptId]:
        """Find attempts by the operator's token or by ours."""
        ...

    async def open_of(self, ids: Collection[SubscriptionId]) -> Mapping[SubscriptionId, AttemptId]:
        """Return the open attempts of subscriptions."""
        ...

    async def close(self, cause: Cause, ids: Sequence[SubscriptionId]) -> None:
        """Close what is still owed for subscriptions that are over."""
        ...


class CarrierUnitOfWork(UnitOfWork, Protocol):
    """A transaction of the carrier context."""

    @property
    def subscriptions(self) -> NumberSubscriptions:
        """Subscriptions."""
        ...

    @property
    def numbers(self) -> Numbers:
        """Numbers and lists."""
        ...

    @property
    def orders(self) -> Orders:
        """Orders and unresolved reports."""
        ...

    @property
    def charging(self) -> Charging:
        """Payments, from inside."""
        ...


class Operators(Protocol):
    """The gateways of the operators of this deployment, by code."""

    async def get(self, code: str) -> OperatorGateway:
        """Return one, built from its row as it stands; raise NotFound or Unavailable."""
        ...


class Throttle(Protocol):
    """A token bucket per operator, shared by all workers, in business time."""

    async def take(self, operator: Operator, wanted: int) -> tuple[int, float]:
        """Take up to so many tokens; return how many, and in how many seconds more there are."""
        ...


Payload = Mapping[str, Any]
