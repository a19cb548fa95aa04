"""The chain of an invoice: every event names the status it leads to, so the fold is trivial.

Commands decide which event happens (`domain.payments.invoice`); the chain is append-only and the
status of an invoice is the fold of it, which the nightly replay check holds against the column.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from domain.payments.declines import DeclineReason
from domain.shared.ids import AttemptId, CustomerId, InvoiceId, RefundId
from domain.shared.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceEvent:
    """Something happened to an invoice."""

    name: ClassVar[str] = "invoice"
    version: ClassVar[int] = 1
    invoice_id: InvoiceId

    @property
    def aggregate_id(self) -> UUID:
        """The invoice."""
        return self.invoice_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued(InvoiceEvent):
    """Money is owed."""

    name: ClassVar[str] = "invoice.issued"
    customer_id: CustomerId
    money: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentCreated(InvoiceEvent):
    """A charge attempt was opened for it."""

    name: ClassVar[str] = "invoice.payment_created"
    payment_id: AttemptId


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptFailed(InvoiceEvent):
    """The attempt brought nothing; the invoice is owed as before."""

    name: ClassVar[str] = "invoice.attempt_declined"
    payment_id: AttemptId
    reason: DeclineReason | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid(InvoiceEvent):
    """The money is there; a zero invoice is paid without an attempt."""

    name: ClassVar[str] = "invoice.paid"
    payment_id: AttemptId | None
    money: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class LatePaid(InvoiceEvent):
    """The money came after the invoice was closed."""

    name: ClassVar[str] = "invoice.late_paid"
    payment_id: AttemptId
    money: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidTwice(InvoiceEvent):
    """A second attempt took money for an invoice that was paid; it has to go back."""

    name: ClassVar[str] = "invoice.paid_twice"
    payment_id: AttemptId
    money: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRequested(InvoiceEvent):
    """Somebody wants it canceled while an attempt is open; the gateway's answer comes first."""

    name: ClassVar[str] = "invoice.cancel_requested"
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Canceled(InvoiceEvent):
    """Nothing is owed any more."""

    name: ClassVar[str] = "invoice.canceled"
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired(InvoiceEvent):
    """It was not paid in time."""

    name: ClassVar[str] = "invoice.expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequested(InvoiceEvent):
    """Money is on its way back."""

    name: ClassVar[str] = "invoice.refund_requested"
    refund_id: RefundId
    money: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundSucceeded(InvoiceEvent):
    """Money went back; `returned` is all that did so far."""

    name: ClassVar[str] = "invoice.refund_succeeded"
    refund_id: RefundId
    returned: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundDeclined(InvoiceEvent):
    """The refund was refused; `returned` is what went back before."""

    name: ClassVar[str] = "invoice.refund_declined"
    refund_id: RefundId
    returned: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class MismatchDetected(InvoiceEvent):
    """The gateway's picture differs from ours; a person decides."""

    name: ClassVar[str] = "invoice.mismatch_detected"
    payment_id: AttemptId
    differences: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelWithdrawn(InvoiceEvent):
    """The wish to cancel was taken back before the gateway answered."""

    name: ClassVar[str] = "invoice.cancel_withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reissued(InvoiceEvent):
    """What was closed unpaid is owed again, until then."""

    name: ClassVar[str] = "invoice.reissued"
    due_at: datetime
