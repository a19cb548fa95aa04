"""A refund: money on its way back to the payer, under a key of its own."""

from dataclasses import dataclass, replace
from datetime import datetime

from domain.payments.receipt import Receipt
from domain.shared.errors import DomainError
from domain.shared.ids import AttemptId, InvoiceId, RefundId
from domain.shared.money import Money


class RefundExceedsCapture(DomainError):
    """More would go back than was taken, counting the refunds that are still under way."""

    code = "refund_exceeds_capture"


@dataclass(frozen=True, slots=True)
class Reserved:
    """Row and key are committed; the gateway was not called, or certainly did not hear."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The call is under way."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Pending:
    """The gateway works on it."""

    external_id: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """The gateway may have executed it; only the same key or a look-up may follow.

    `since` is when it was first sent: the gateway's memory of the key is counted from then.
    """

    since: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Succeeded:
    """The money went back."""

    external_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Declined:
    """The gateway refused it."""

    why: str
    at: datetime


State = Reserved | Sent | Pending | Unknown | Succeeded | Declined
Open = Reserved | Sent | Pending | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """Some or all of the money of one captured attempt, going back."""

    id: RefundId
    attempt_id: AttemptId
    invoice_id: InvoiceId
    money: Money
    reason: str
    requested_by: str
    state: State
    created_at: datetime
    asked: int = 0
    next_ask_at: datetime | None = None
    version: int = 1
    receipt: Receipt | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether money may still go back under this key."""
        return isinstance(self.state, Open)

    @property
    def first_sent_at(self) -> datetime | None:
        """When the gateway may first have heard of it."""
        match self.state:
            case Sent(at=at) | Unknown(since=at):
                return at
            case _:
                return None


def status_of(refund: Refund) -> str:
    """Return the state's name."""
    return type(refund.state).__name__.lower()


def reserve(refund: Refund, *, captured: Money, spoken_for: Money) -> Refund:
    """Check a wish for money back; `spoken_for` is what went back or is on its way already."""
    if not refund.money.is_positive:
        raise RefundExceedsCapture("a refund gives something back")
    if spoken_for + refund.money > captured:
        raise RefundExceedsCapture(
            f"{captured} was taken and {spoken_for} of it goes back already; "
            f"{refund.money} more is too much"
        )
    return refund


def move(refund: Refund, state: State, *, next_ask_at: datetime | None = None) -> Refund:
    """Take the next state; what is decided stays decided."""
    if not refund.is_open:
        return refund
    return replace(refund, state=state, next_ask_at=next_ask_at, version=refund.version + 1)
