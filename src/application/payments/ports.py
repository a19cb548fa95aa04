"""What the payments context keeps, and the two contexts it meets inside its transactions."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from application.payments.provider import PaymentProvider
from application.payments.ticket_ports import RefundTickets
from application.ports import JsonObject, UnitOfWork
from domain.identity.customer import Customer
from domain.payments.attempt import Attempt
from domain.payments.invoice import Invoice
from domain.payments.invoice_events import InvoiceEvent
from domain.payments.method import PaymentMethod
from domain.payments.receipt import ReceiptTerms
from domain.payments.refund import Refund
from domain.shared.calendar import Period
from domain.shared.facts import Cause
from domain.shared.ids import (
    AttemptId,
    CustomerId,
    InvoiceId,
    MethodId,
    PriceId,
    RefundId,
    SubscriptionId,
)
from domain.shared.money import Money

PeriodKey = tuple[SubscriptionId, datetime]
Chained = tuple[Cause, Invoice, Sequence[InvoiceEvent]]


class Invoices(Protocol):
    """Invoices with their chains. Locks are taken in the order of ids, after those of attempts."""

    async def get_many(self, ids: Sequence[InvoiceId]) -> Mapping[InvoiceId, Invoice]:
        """Load, without locks."""
        ...

    async def lock_many(self, ids: Sequence[InvoiceId]) -> Mapping[InvoiceId, Invoice]:
        """Load for change."""
        ...

    async def lock_for_periods(self, keys: Sequence[PeriodKey]) -> Mapping[PeriodKey, Invoice]:
        """Load for change by subscription and start of the period."""
        ...

    async def lock_open_of(self, subscription_ids: Sequence[SubscriptionId]) -> Sequence[Invoice]:
        """Load for change what is issued and not being paid for subscriptions that are over."""
        ...

    async def lock_unpaid_of(self, subscription_ids: Sequence[SubscriptionId]) -> Sequence[Invoice]:
        """Load for change what is issued or being paid for these subscriptions."""
        ...

    async def lock_overdue(
        self, now: datetime, limit: int, leave_out: Collection[UUID] = ()
    ) -> Sequence[Invoice]:
        """Load for change issued invoices past their due date; skips those locked by others."""
        ...

    async def count_overdue(self, now: datetime) -> int:
        """Count issued invoices past their due date, without locks."""
        ...

    async def add_many(self, issued: Sequence[Chained]) -> None:
        """Insert with the beginning of the chain; a period has at most one invoice."""
        ...

    async def save_many(self, moved: Sequence[Chained]) -> None:
        """Update and lengthen the chain; raise StaleVersion."""
        ...


class Attempts(Protocol):
    """Charge attempts. At most one is open per invoice, by a unique index."""

    async def lock_many(self, ids: Sequence[AttemptId]) -> Mapping[AttemptId, Attempt]:
        """Load for change, in the order of ids."""
        ...

    async def get_many(self, ids: Sequence[AttemptId]) -> Mapping[AttemptId, Attempt]:
        """Load, without locks."""
        ...

    async def ids_by_external(
        self, provider: str, external_ids: Sequence[str]
    ) -> Mapping[str, AttemptId]:
        """Find our attempts by the gateway's ids, without locks."""
        ...

    async def unsettled(self, ids: Sequence[AttemptId]) -> set[AttemptId]:
        """Return those that took no money yet, as far as we know; without locks."""
        ...

    async def numbers(self, invoice_ids: Sequence[InvoiceId]) -> Mapping[InvoiceId, int]:
        """Count the attempts of each invoice so far."""
        ...

    async def declines_of(
        self, method_ids: Sequence[MethodId], since: datetime
    ) -> Mapping[MethodId, Sequence[datetime]]:
        """Return when tries of these methods were declined."""
        ...

    async def lock_to_ask(self, now: datetime, limit: int) -> Sequence[Attempt]:
        """Load for change what is due to be asked for; skips rows locked by others."""
        ...

    async def open_since(
        self, created_before: datetime, limit: int, after: AttemptId | None
    ) -> Sequence[Attempt]:
        """Load open attempts of cards older than that, in the order of ids; without locks."""
        ...

    async def add_many(self, attempts: Sequence[Attempt]) -> None:
        """Insert."""
        ...

    async def save_many(self, attempts: Sequence[Attempt]) -> None:
        """Update; raise StaleVersion."""
        ...


class Methods(Protocol):
    """Saved payment methods."""

    async def get_many(self, ids: Sequence[MethodId]) -> Mapping[MethodId, PaymentMethod]:
        """Load."""
        ...

    async def latest_of(
        self, customer_ids: Sequence[CustomerId], provider: str
    ) -> Mapping[CustomerId, PaymentMethod]:
        """Return each customer's newest active method."""
        ...

    async def keep(self, methods: Sequence[PaymentMethod]) -> Mapping[str, MethodId]:
        """Insert, or find by (provider, external id); return our ids by external id."""
        ...

    async def save_many(self, methods: Sequence[PaymentMethod]) -> None:
        """Update; raise StaleVersion."""
        ...


class Refunds(Protocol):
    """Refunds; the sum of those that are not declined never exceeds what was captured."""

    async def lock_many(self, ids: Sequence[RefundId]) -> Mapping[RefundId, Refund]:
        """Load for change."""
        ...

    async def lock_unbound_of(self, attempt_id: AttemptId) -> Sequence[Refund]:
        """Load for change what is under way of a payment and has no id of the gateway yet."""
        ...

    async def spoken_for(self, attempt_id: AttemptId) -> int:
        """Sum, in minor units, what went back or is on its way; under the attempt's lock."""
        ...

    async def ids_by_external(
        self, provider: str, external_ids: Sequence[str]
    ) -> Mapping[str, RefundId]:
        """Find refunds by the gateway's ids."""
        ...

    async def lock_to_ask(self, now: datetime, limit: int) -> Sequence[Refund]:
        """Load for change what is due to be asked for; skips rows locked by others."""
        ...

    async def add(self, refund: Refund) -> None:
        """Insert."""
        ...

    async def save_many(self, refunds: Sequence[Refund]) -> None:
        """Update; raise StaleVersion."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One question to a gateway and its answer, kept for the story of a payment."""

    attempt_id: AttemptId
    provider: str
    question: str
    answer: str
    external_id: str | None
    raw: JsonObject
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrepancy:
    """Something the gateway shows and we cannot account for; a person decides."""

    provider: str
    external_id: str
    kind: str
    expected: str
    actual: str
    found_at: datetime


class GatewayJournal(Protocol):
    """Append-only: what was asked and answered, and what could not be accounted for."""

    async def note(self, exchanges: Sequence[Exchange]) -> None:
        """Keep exchanges."""
        ...

    async def resolve(self, provider: str, external_id: str, kind: str, *, note: str) -> None:
        """Note that a person has dealt with a discrepancy; one that is unknown is none."""
        ...

    async def report(self, discrepancies: Sequence[Discrepancy]) -> int:
        """Keep discrepancies that are not known yet; return how many were new."""
        ...


class Notifications(Protocol):
    """The inbox of gateways' notifications."""

    async def receive(
        self, source: str, external_id: str, body: bytes, *, received_at: datetime
    ) -> bool:
        """Keep one; return False when it is known already."""
        ...


class Customers(Protocol):
    """Who pays, as gateways may be told."""

    async def get_many(self, ids: Sequence[CustomerId]) -> Mapping[CustomerId, Customer]:
        """Load."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidInvoice:
    """An invoice of a subscription was paid; the method is the one to charge next time."""

    cause: Cause
    subscription_id: SubscriptionId
    invoice_id: InvoiceId
    attempt_id: AttemptId | None
    method_id: MethodId | None
    price_id: PriceId
    money: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedCharge:
    """A charge of a subscription's invoice brought nothing.

    `by_customer` marks a checkout that was abandoned or declined: it says nothing about the saved
    method and costs none of the tries that dunning has.
    """

    cause: Cause
    subscription_id: SubscriptionId
    invoice_id: InvoiceId
    reason: str
    retryable: bool
    by_customer: bool
    not_before: datetime | None = None


class Periods(Protocol):
    """What settling means for subscriptions, inside the same transaction."""

    async def grant(self, paid: Sequence[PaidInvoice]) -> Mapping[InvoiceId, bool]:
        """Grant periods; False where the subscription is over and the money has to go back."""
        ...

    async def charge_opened(
        self, cause: Cause, subscription_id: SubscriptionId, invoice_id: InvoiceId
    ) -> None:
        """Note that a period's invoice is being paid, so that nothing else charges for it."""
        ...

    async def charge_failed(self, failed: Sequence[FailedCharge]) -> None:
        """Move subscriptions on after charges that brought nothing."""
        ...

    async def restore(
        self,
        cause: Cause,
        *,
        subscription_id: SubscriptionId,
        customer_id: CustomerId,
        price_id: PriceId,
        provider: str,
        starts_at: datetime,
    ) -> Period | None:
        """Make sure a subscription exists that a found payment speaks of.

        Returns the period that payment is for, or None when the price is unknown or the
        subscription belongs to somebody else.
        """
        ...

    async def close_unpaid(self, cause: Cause, ids: Sequence[SubscriptionId]) -> None:
        """End subscriptions that were never paid for: their first invoice is closed."""
        ...

    async def refunded(self, cause: Cause, invoice_ids: Sequence[InvoiceId]) -> None:
        """Take back the periods that invoices, refunded in full, had paid for."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyMoved:
    """Money a gateway took for us or gave back, to be posted once.

    `revenue` names the income account of money that was taken.
    """

    cause: Cause
    provider: str
    money: Money
    revenue: str | None
    occurred_at: datetime
    attempt_id: AttemptId
    invoice_id: InvoiceId
    customer_id: CustomerId
    refund_id: RefundId | None = None


class Books(Protocol):
    """What settling means for the ledger, inside the same transaction."""

    async def record_captures(self, moved: Sequence[MoneyMoved]) -> None:
        """Post money that was taken."""
        ...

    async def record_refunds(self, moved: Sequence[MoneyMoved]) -> None:
        """Post money that went back."""
        ...


class PaymentsUnitOfWork(UnitOfWork, Protocol):
    """A transaction of the payments context."""

    @property
    def invoices(self) -> Invoices:
        """Invoices."""
        ...

    @property
    def attempts(self) -> Attempts:
        """Charge attempts."""
        ...

    @property
    def methods(self) -> Methods:
        """Saved methods."""
        ...

    @property
    def refunds(self) -> Refunds:
        """Refunds."""
        ...

    @property
    def tickets(self) -> RefundTickets:
        """Refund tickets."""
        ...

    @property
    def journal(self) -> GatewayJournal:
        """Exchanges and discrepancies."""
        ...

    @property
    def notifications(self) -> Notifications:
        """The inbox."""
        ...

    @property
    def customers(self) -> Customers:
        """Payers."""
        ...

    @property
    def periods(self) -> Periods:
        """Subscriptions, from inside."""
        ...

    @property
    def books(self) -> Books:
        """The ledger, from inside."""
        ...


class TestModes(Protocol):
    """Which gateways we use in their test mode."""

    def is_test(self, code: str) -> bool:
        """Tell whether we use a provider's test shop: its payments must say so, and no others."""
        ...


class Providers(TestModes, Protocol):
    """The card providers of this deployment, by code."""

    def get(self, code: str) -> PaymentProvider:
        """Return one; raise NotFound."""
        ...

    def codes(self) -> Sequence[str]:
        """Name them all."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingPolicy:
    """Settings of a deployment that payments go by; without `receipts` none are sent."""

    payment_waiting: timedelta = timedelta(days=7)
    invoice_due: timedelta = timedelta(days=7)
    concurrency: int = 16
    receipts: ReceiptTerms | None = None
