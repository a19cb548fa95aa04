"""What can happen to a payment; names as the outside world reads them."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from domain.payments.declines import DeclineReason
from domain.shared.ids import AttemptId, InvoiceId
from domain.shared.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentEvent:
    """Something happened to a charge attempt."""

    name: ClassVar[str] = "payment"
    version: ClassVar[int] = 1
    payment_id: AttemptId

    @property
    def aggregate_id(self) -> UUID:
        """The attempt."""
        return self.payment_id


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentReserved(PaymentEvent):
    """A charge is about to be tried; its key is committed."""

    name: ClassVar[str] = "payment.reserved"
    invoice_id: InvoiceId
    money: Money
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentAccepted(PaymentEvent):
    """The gateway works on it, or waits for the payer."""

    name: ClassVar[str] = "payment.accepted"
    external_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentAuthorized(PaymentEvent):
    """The money is held."""

    name: ClassVar[str] = "payment.authorized"
    external_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentSucceeded(PaymentEvent):
    """The money was taken."""

    name: ClassVar[str] = "payment.succeeded"
    invoice_id: InvoiceId
    external_id: str
    captured: Money
    captured_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentDeclined(PaymentEvent):
    """The charge was refused."""

    name: ClassVar[str] = "payment.declined"
    invoice_id: InvoiceId
    reason: DeclineReason
    raw_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRefused(PaymentEvent):
    """The gateway refused the request itself."""

    name: ClassVar[str] = "payment.refused"
    invoice_id: InvoiceId
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentExpired(PaymentEvent):
    """Nobody paid in time."""

    name: ClassVar[str] = "payment.expired"
    invoice_id: InvoiceId


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeUnknown(PaymentEvent):
    """Money may have moved."""

    name: ClassVar[str] = "payment.outcome_unknown"
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentMismatched(PaymentEvent):
    """The gateway's picture differs from ours."""

    name: ClassVar[str] = "payment.mismatched"
    differences: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRefunded(PaymentEvent):
    """Money went back; `total` is all that went back so far."""

    name: ClassVar[str] = "payment.refunded"
    refunded: Money
    total: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentCanceled(PaymentEvent):
    """We let it go before any money was taken."""

    name: ClassVar[str] = "payment.canceled"
    invoice_id: InvoiceId
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentDisputed(PaymentEvent):
    """The bank took the money back."""

    name: ClassVar[str] = "payment.disputed"
    disputed: Money
