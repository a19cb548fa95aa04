"""What the subscriptions context keeps, and what it asks of billing inside its transactions."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from application.ports import UnitOfWork
from domain.catalog.plan import Plan, Price
from domain.shared.calendar import Period
from domain.shared.facts import Cause
from domain.shared.ids import (
    AttemptId,
    CustomerId,
    InvoiceId,
    MethodId,
    PlanId,
    PriceId,
    SubscriptionId,
)
from domain.shared.money import Money
from domain.subscriptions.granted import Cut, Granted
from domain.subscriptions.model import Subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodRow:
    """A period that was granted; never overlaps another of the same subscription.

    `worth` is what was paid for it, in money and in credit of another plan; None for nothing.
    """

    subscription_id: SubscriptionId
    period: Period
    kind: str
    invoice_id: InvoiceId | None = None
    attempt_id: AttemptId | None = None
    worth: Money | None = None


class Subscriptions(Protocol):
    """Subscriptions. One per customer and plan is live, by a unique index."""

    async def lock_many(
        self, ids: Sequence[SubscriptionId]
    ) -> Mapping[SubscriptionId, Subscription]:
        """Load for change, in the order of ids, after attempts and invoices."""
        ...

    async def lock_due(
        self, renew_before: datetime, limit: int, leave_out: Collection[UUID] = ()
    ) -> Sequence[Subscription]:
        """Load for change what is due for a charge; skips rows locked by others."""
        ...

    async def lock_ending(
        self, now: datetime, limit: int, leave_out: Collection[UUID] = ()
    ) -> Sequence[Subscription]:
        """Load for change what the clock ends or resumes; skips rows locked by others."""
        ...

    async def lock_paused(
        self, now: datetime, limit: int, leave_out: Collection[UUID] = ()
    ) -> Sequence[Subscription]:
        """Load for change what was paused until now; skips rows locked by others."""
        ...

    async def count_paused(self, now: datetime) -> int:
        """Count what was paused until now, without locks."""
        ...

    async def is_to_become(
        self,
        customer_id: CustomerId,
        plan_id: PlanId,
        *,
        besides: SubscriptionId | None = None,
    ) -> bool:
        """Tell whether a live subscription of the customer, besides one, is to change to it."""
        ...

    async def count_due(self, renew_before: datetime) -> int:
        """Count what is due for a charge, without locks."""
        ...

    async def count_ending(self, now: datetime) -> int:
        """Count what the clock ends or resumes, without locks."""
        ...

    async def lock_live_of(self, customer_id: CustomerId, plan_id: PlanId) -> Subscription | None:
        """Load for change the live subscription of a customer to a plan."""
        ...

    async def paid_until(self, customer_id: CustomerId) -> datetime | None:
        """Return the latest end of a paid or trial period of a customer's live subscriptions."""
        ...

    async def had_plan(self, customer_id: CustomerId, plan_id: PlanId) -> bool:
        """Tell whether the customer ever had the plan."""
        ...

    async def add_many(self, subscriptions: Sequence[Subscription]) -> None:
        """Insert."""
        ...

    async def save_many(self, subscriptions: Sequence[Subscription]) -> None:
        """Update; raise StaleVersion."""
        ...

    async def periods_of(
        self, invoice_ids: Sequence[InvoiceId]
    ) -> Mapping[InvoiceId, tuple[SubscriptionId, Period]]:
        """Return the periods that invoices have paid for; one that paid for none is left out."""
        ...

    async def period_before(
        self, subscription_id: SubscriptionId, start: datetime
    ) -> Period | None:
        """Return the last period granted before one that begins then."""
        ...

    async def last_invoiced(self, subscription_id: SubscriptionId) -> Period | None:
        """Return the last period that an invoice paid for; later free ones are a gift."""
        ...

    async def granted(self, subscription_id: SubscriptionId) -> Sequence[Granted]:
        """Return all granted periods in order; what went back is taken off their worth."""
        ...

    async def cut_off(self, subscription_id: SubscriptionId, cut: Cut) -> None:
        """Remove and shorten granted periods, of a subscription that is locked."""
        ...

    async def add_periods(self, periods: Sequence[PeriodRow]) -> None:
        """Insert granted periods; overlaps and repeats are refused by the database."""
        ...


class Offers(Protocol):
    """Plans and prices, read only."""

    async def price(self, price_id: PriceId) -> tuple[Plan, Price]:
        """Load a price with its plan; raise NotFound."""
        ...

    async def migrations(self, price_ids: Collection[PriceId]) -> Mapping[PriceId, Sequence[Price]]:
        """Return the later prices, by the price paid now, that take along whoever pays it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodCharge:
    """A period to be paid for with a saved method, without the customer."""

    cause: Cause
    subscription_id: SubscriptionId
    customer_id: CustomerId
    price_id: PriceId
    period: Period
    money: Money
    provider: str
    method_id: MethodId
    description: str
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ChargeOpened:
    """An invoice is being collected."""

    invoice_id: InvoiceId


@dataclass(frozen=True, slots=True)
class ChargeImpossible:
    """Nothing may be charged now; `not_before` when it may be later."""

    why: str
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class AlreadyPaid:
    """The period's invoice was paid before, for instance where there was nothing to pay."""

    invoice_id: InvoiceId


ChargeResult = ChargeOpened | ChargeImpossible | AlreadyPaid


class Billing(Protocol):
    """What subscriptions ask of payments, inside the same transaction."""

    async def charge(self, charges: Sequence[PeriodCharge]) -> Sequence[ChargeResult]:
        """Open a charge of a saved method per period: invoice, attempt and message."""
        ...

    async def invoice(
        self,
        cause: Cause,
        *,
        subscription_id: SubscriptionId,
        customer_id: CustomerId,
        price_id: PriceId,
        period: Period,
        money: Money,
        description: str,
        due_at: datetime | None = None,
    ) -> InvoiceId:
        """Issue the invoice of a period, or return the one there is, for the customer to pay.

        One that was closed unpaid is issued again: the period is still to be paid for.
        """
        ...

    async def usable_method(
        self, customer_id: CustomerId, provider: str, method_id: MethodId | None
    ) -> MethodId | None:
        """Return the method if it is the customer's and may be charged, or their newest one."""
        ...

    async def is_invoiced(self, subscription_id: SubscriptionId, start: datetime) -> bool:
        """Tell whether the period that begins then has an invoice, open or closed."""
        ...

    async def withdraw(self, cause: Cause, invoice_id: InvoiceId, why: str) -> None:
        """Take back a charge that is under way: money that was taken all the same goes back."""
        ...

    async def keep(self, cause: Cause, invoice_id: InvoiceId) -> None:
        """Take a withdrawal back that the gateway has not answered yet."""
        ...

    async def close(self, cause: Cause, ids: Sequence[SubscriptionId]) -> None:
        """Close what is still owed for subscriptions that are over."""
        ...


class SubscriptionsUnitOfWork(UnitOfWork, Protocol):
    """A transaction of the subscriptions context."""

    @property
    def subscriptions(self) -> Subscriptions:
        """Subscriptions."""
        ...

    @property
    def offers(self) -> Offers:
        """Plans and prices."""
        ...

    @property
    def billing(self) -> Billing:
        """Payments, from inside."""
        ...
