"""What can happen to a subscription; names as the outside world reads them."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from domain.shared.calendar import Period
from domain.shared.ids import CustomerId, InvoiceId, PlanId, PriceId, SubscriptionId
from domain.shared.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionEvent:
    """Something happened to a subscription."""

    name: ClassVar[str] = "subscription"
    version: ClassVar[int] = 1
    subscription_id: SubscriptionId

    @property
    def aggregate_id(self) -> UUID:
        """The subscription."""
        return self.subscription_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Created(SubscriptionEvent):
    """Somebody chose a plan and has not paid yet."""

    name: ClassVar[str] = "subscription.created"
    customer_id: CustomerId
    plan_id: PlanId


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialStarted(SubscriptionEvent):
    """The trial is the first period; it costs nothing."""

    name: ClassVar[str] = "subscription.trial_started"
    period: Period


@dataclass(frozen=True, slots=True, kw_only=True)
class Activated(SubscriptionEvent):
    """The first period was paid for."""

    name: ClassVar[str] = "subscription.activated"
    period: Period
    invoice_id: InvoiceId


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed(SubscriptionEvent):
    """The next period was paid for."""

    name: ClassVar[str] = "subscription.renewed"
    period: Period
    invoice_id: InvoiceId


@dataclass(frozen=True, slots=True, kw_only=True)
class Reactivated(SubscriptionEvent):
    """Money came after the end; a new period begins with it."""

    name: ClassVar[str] = "subscription.reactivated"
    period: Period
    invoice_id: InvoiceId


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalFailed(SubscriptionEvent):
    """A renewal was declined; `next_attempt_at` is None when nothing more will be tried."""

    name: ClassVar[str] = "subscription.renewal_failed"
    reason: str
    failures: int
    next_attempt_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalStopped(SubscriptionEvent):
    """The customer asked to stop; access lasts to the end of what is paid."""

    name: ClassVar[str] = "subscription.renewal_stopped"
    access_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalResumed(SubscriptionEvent):
    """The customer wants to go on after all."""

    name: ClassVar[str] = "subscription.renewal_resumed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused(SubscriptionEvent):
    """No access and no renewal until the given instant; the days are added to the period."""

    name: ClassVar[str] = "subscription.paused"
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed(SubscriptionEvent):
    """The pause is over."""

    name: ClassVar[str] = "subscription.resumed"
    period: Period


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired(SubscriptionEvent):
    """The grace is over and nobody paid."""

    name: ClassVar[str] = "subscription.expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Canceled(SubscriptionEvent):
    """It is over because somebody said so."""

    name: ClassVar[str] = "subscription.canceled"
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(SubscriptionEvent):
    """A check or the gateway said that it must not be charged."""

    name: ClassVar[str] = "subscription.refused"
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidAfterCancel(SubscriptionEvent):
    """Money came for a subscription that was stopped; nothing is granted.

    A card's money goes back; a number's is kept in the books, because operators take none back.
    """

    name: ClassVar[str] = "subscription.paid_after_cancel"
    invoice_id: InvoiceId


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedByHand(SubscriptionEvent):
    """A manager gave it away: a free period, and no charge at its end."""

    name: ClassVar[str] = "subscription.issued"
    customer_id: CustomerId
    plan_id: PlanId
    source: str
    period: Period


@dataclass(frozen=True, slots=True, kw_only=True)
class EndMoved(SubscriptionEvent):
    """A manager moved the end of what is paid; `lost` is what was paid for the time taken away."""

    name: ClassVar[str] = "subscription.end_moved"
    was: datetime
    now: datetime
    lost: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundWanted(SubscriptionEvent):
    """It was canceled before its time, and money is to go back: `unused` is the part not used."""

    name: ClassVar[str] = "subscription.refund_wanted"
    customer_id: CustomerId
    unused: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChangeAgreed(SubscriptionEvent):
    """Another plan or price follows: with the next period, or with the payment of an invoice.

    `credit` is what is left of the old plan; None where the change waits for the period's end.
    """

    name: ClassVar[str] = "subscription.plan_change_agreed"
    plan_id: PlanId
    price_id: PriceId
    money: Money
    credit: Money | None = None
    invoice_id: InvoiceId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChangeDropped(SubscriptionEvent):
    """The other plan does not follow after all."""

    name: ClassVar[str] = "subscription.plan_change_dropped"
    plan_id: PlanId
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChanged(SubscriptionEvent):
    """The other plan, or the other price, is in force."""

    name: ClassVar[str] = "subscription.plan_changed"
    was: PlanId
    plan_id: PlanId
    price_id: PriceId
    money: Money
