"""The invoice: what is owed once, for one purpose, and the chain of what became of it.

A command looks at the state, refuses or names one event; `apply` alone turns an event into the
next state. Folding the chain from nothing therefore gives the status, and cannot drift from it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from domain.payments import invoice_events as chain
from domain.payments.declines import DeclineReason
from domain.shared.calendar import Period
from domain.shared.errors import DomainError, InvalidValue
from domain.shared.ids import AttemptId, CustomerId, InvoiceId, PriceId, RefundId, SubscriptionId
from domain.shared.money import Money
from domain.shared.names import snake


class IllegalInvoiceMove(DomainError):
    """The invoice is not in a state from which this can happen."""

    code = "illegal_invoice_move"

    def __init__(self, invoice: "Invoice", move: str) -> None:
        super().__init__(f"invoice {invoice.id} is {status_of(invoice.state)} and cannot {move}")
        self.invoice_id, self.move = invoice.id, move


class BrokenChain(DomainError):
    """An event stands in a chain where it cannot have happened."""

    code = "broken_chain"


@dataclass(frozen=True, slots=True)
class SubscriptionPeriod:
    """It pays one period of a subscription, at a price; no period ever has a second invoice."""

    subscription_id: SubscriptionId
    price_id: PriceId
    period: Period


@dataclass(frozen=True, slots=True)
class Purchase:
    """It pays for something bought once; `reference` is the seller's own order number."""

    reference: str


@dataclass(frozen=True, slots=True)
class Manual:
    """A manager issued it; `reason` says why."""

    reason: str


Purpose = SubscriptionPeriod | Purchase | Manual


@dataclass(frozen=True, slots=True)
class Issued:
    """Owed; nobody is paying right now."""


@dataclass(frozen=True, slots=True)
class Processing:
    """An attempt is open."""

    attempt_id: AttemptId


@dataclass(frozen=True, slots=True)
class Canceling:
    """To be canceled as soon as the open attempt is decided."""

    attempt_id: AttemptId
    why: str


@dataclass(frozen=True, slots=True)
class Paid:
    """Paid; without an attempt where nothing had to be paid."""

    attempt_id: AttemptId | None


@dataclass(frozen=True, slots=True)
class Canceled:
    """Nothing is owed any more."""

    why: str


@dataclass(frozen=True, slots=True)
class Expired:
    """Not paid in time."""


@dataclass(frozen=True, slots=True)
class Refunding:
    """Money is on its way back; `returned` went back before."""

    attempt_id: AttemptId
    refund_id: RefundId
    returned: Money


@dataclass(frozen=True, slots=True)
class PartiallyRefunded:
    """A part went back."""

    attempt_id: AttemptId
    returned: Money


@dataclass(frozen=True, slots=True)
class Refunded:
    """All of it went back."""

    attempt_id: AttemptId


@dataclass(frozen=True, slots=True)
class Review:
    """A person decides."""

    attempt_id: AttemptId


State = (
    Issued
    | Processing
    | Canceling
    | Paid
    | Canceled
    | Expired
    | Refunding
    | PartiallyRefunded
    | Refunded
    | Review
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """What one customer owes once; `length` counts the events of its chain."""

    id: InvoiceId
    customer_id: CustomerId
    purpose: Purpose
    description: str
    money: Money
    state: State
    issued_at: datetime
    due_at: datetime
    length: int = 1
    version: int = 1

    @property
    def is_open(self) -> bool:
        """Tell whether it can still be paid in the ordinary way."""
        return isinstance(self.state, Issued | Processing | Canceling | Review)


Moved = tuple[Invoice, list[chain.InvoiceEvent]]


def status_of(state: State) -> str:
    """Return the state's name in the trade's spelling: `partially_refunded`."""
    return snake(type(state))


# In which states each event can happen; the first one only where there is no state yet.
_FROM: dict[type[chain.InvoiceEvent], tuple[type[State], ...]] = {
    chain.Issued: (),
    chain.PaymentCreated: (Issued,),
    chain.AttemptFailed: (Processing, Canceling, Review),
    chain.Paid: (Issued, Processing, Canceling, Review),
    chain.LatePaid: (Canceled, Expired),
    chain.PaidTwice: (Paid, Refunding, PartiallyRefunded, Refunded),
    chain.CancelRequested: (Processing,),
    chain.CancelWithdrawn: (Canceling,),
    chain.Reissued: (Canceled, Expired),
    chain.Canceled: (Issued,),
    chain.Expired: (Issued,),
    chain.RefundRequested: (Paid, PartiallyRefunded),
    chain.RefundSucceeded: (Refunding,),
    chain.RefundDeclined: (Refunding,),
    chain.MismatchDetected: (Issued, Processing, Canceling, Canceled, Expired),
}


def apply(state: State | None, event: chain.InvoiceEvent, owed: Money) -> State:
    """Return the state after an event: the one table of moves, used by commands and by replay.

    Refuses what cannot have happened there, so that a replay finds more than a wrong ending.
    """
    allowed = _FROM.get(type(event))
    possible = allowed == () if state is None else isinstance(state, allowed or ())
    if not possible:
        where = "at the beginning" if state is None else f"while {status_of(state)}"
        raise BrokenChain(f"{event.name} cannot happen {where}")
    match event:
        case chain.Issued():
            return Issued()
        case chain.PaymentCreated(payment_id=attempt_id):
            return Processing(attempt_id)
        case chain.AttemptFailed():
            return Canceled(state.why) if isinstance(state, Canceling) else Issued()
        case chain.Paid(payment_id=attempt_id):
            return Paid(attempt_id)
        case chain.LatePaid(payment_id=attempt_id):
            return Paid(attempt_id)
        case chain.CancelRequested(why=why):
            assert isinstance(state, Processing)
            return Canceling(state.attempt_id, why)
        case chain.CancelWithdrawn():
            assert isinstance(state, Canceling)
            return Processing(state.attempt_id)
        case chain.Reissued():
            return Issued()
        case chain.Canceled(why=why):
            return Canceled(why)
        case chain.Expired():
            return Expired()
        case chain.RefundRequested(refund_id=refund_id):
            assert isinstance(state, Paid | PartiallyRefunded)
            assert state.attempt_id is not None, "nothing was taken for a zero invoice"
            nothing = Money.zero(owed.currency)
            before = state.returned if isinstance(state, PartiallyRefunded) else nothing
            return Refunding(state.attempt_id, refund_id, before)
        case chain.RefundSucceeded(returned=returned):
            assert isinstance(state, Refunding)
            whole = returned >= owed
            return Refunded(state.attempt_id) if whole else _partly(state.attempt_id, returned)
        case chain.RefundDeclined(returned=returned):
            assert isinstance(state, Refunding)
            return _partly(state.attempt_id, returned)
        case chain.MismatchDetected(payment_id=attempt_id):
            return Review(attempt_id)
        case chain.PaidTwice():
            assert state is not None
            return state
        case _:
            raise AssertionError(f"{event.name} is in the table and leads nowhere")


def _partly(attempt_id: AttemptId, returned: Money) -> State:
    return PartiallyRefunded(attempt_id, returned) if returned.is_positive else Paid(attempt_id)


def fold(events: Iterable[chain.InvoiceEvent], owed: Money) -> State:
    """Replay a chain from nothing."""
    state: State | None = None
    for event in events:
        state = apply(state, event, owed)
    if state is None:
        raise InvalidValue("an invoice has at least the event of its issue")
    return state


def _say(invoice: Invoice, *events: chain.InvoiceEvent) -> Moved:
    state = invoice.state
    for event in events:
        state = apply(state, event, invoice.money)
    moved = replace(
        invoice, state=state, length=invoice.length + len(events), version=invoice.version + 1
    )
    return moved, list(events)


def issue(
    invoice_id: InvoiceId,
    customer_id: CustomerId,
    purpose: Purpose,
    money: Money,
    *,
    description: str,
    now: datetime,
    due_at: datetime,
) -> Moved:
    """Issue an invoice; a zero one is paid at once, without an attempt."""
    if money.amount_minor < 0:
        raise InvalidValue("an invoice asks for nothing or more, never for less")
    first = chain.Issued(invoice_id=invoice_id, customer_id=customer_id, money=money)
    invoice = Invoice(
        id=invoice_id,
        customer_id=customer_id,
        purpose=purpose,
        description=description,
        money=money,
        state=Issued(),
        issued_at=now,
        due_at=due_at,
    )
    if not money.is_zero:
        return invoice, [first]
    paid = chain.Paid(invoice_id=invoice_id, payment_id=None, money=money)
    return replace(invoice, state=Paid(None), length=2), [first, paid]


def start_payment(invoice: Invoice, attempt_id: AttemptId) -> Moved:
    """Open an attempt; refuses while another one is open, and where nothing is owed."""
    match invoice.state:
        case Issued():
            return _say(invoice, chain.PaymentCreated(invoice_id=invoice.id, payment_id=attempt_id))
        case _:
            raise IllegalInvoiceMove(invoice, "be paid")


def attempt_failed(invoice: Invoice, attempt_id: AttemptId, reason: DeclineReason | str) -> Moved:
    """Owe it again after an attempt brought nothing; answers of older attempts change nothing."""
    match invoice.state:
        case Processing(current) | Canceling(current) | Review(current) if current == attempt_id:
            failed = chain.AttemptFailed(
                invoice_id=invoice.id, payment_id=attempt_id, reason=reason
            )
            return _say(invoice, failed)
        case _:
            return invoice, []


def pay(invoice: Invoice, attempt_id: AttemptId, money: Money) -> Moved:
    """Record the money of an attempt; late money counts too, a second payment is marked."""
    match invoice.state:
        case Issued() | Processing() | Review() | Canceling():
            return _say(
                invoice,
                chain.Paid(invoice_id=invoice.id, payment_id=attempt_id, money=money),
            )
        case Canceled() | Expired():
            return _say(
                invoice,
                chain.LatePaid(invoice_id=invoice.id, payment_id=attempt_id, money=money),
            )
        case Paid(by) if by == attempt_id:
            return invoice, []
        case Refunding(by) | PartiallyRefunded(by) | Refunded(by) if by == attempt_id:
            return invoice, []
        case Paid() | Refunding() | PartiallyRefunded() | Refunded():
            return _say(
                invoice,
                chain.PaidTwice(invoice_id=invoice.id, payment_id=attempt_id, money=money),
            )
        case _:
            assert_never(invoice.state)


def cancel(invoice: Invoice, why: str) -> Moved:
    """Cancel it; while an attempt is open the wish is noted and the gateway's answer awaited."""
    match invoice.state:
        case Issued():
            return _say(invoice, chain.Canceled(invoice_id=invoice.id, why=why))
        case Processing():
            return _say(invoice, chain.CancelRequested(invoice_id=invoice.id, why=why))
        case Canceling() | Canceled():
            return invoice, []
        case _:
            raise IllegalInvoiceMove(invoice, "be canceled")


def keep(invoice: Invoice) -> Moved:
    """Take a wish to cancel back while the gateway's answer is awaited."""
    match invoice.state:
        case Canceling():
            return _say(invoice, chain.CancelWithdrawn(invoice_id=invoice.id))
        case _:
            raise IllegalInvoiceMove(invoice, "be kept")


def reissue(invoice: Invoice, due_at: datetime) -> Moved:
    """Owe again what was closed unpaid; what is open or paid stays as it is."""
    match invoice.state:
        case Canceled() | Expired():
            again = replace(invoice, due_at=due_at)
            return _say(again, chain.Reissued(invoice_id=invoice.id, due_at=due_at))
        case _:
            return invoice, []


def expire(invoice: Invoice) -> Moved:
    """Close it unpaid; refuses while an attempt is open."""
    match invoice.state:
        case Issued():
            return _say(invoice, chain.Expired(invoice_id=invoice.id))
        case Expired() | Canceled():
            return invoice, []
        case _:
            raise IllegalInvoiceMove(invoice, "expire")


def review(invoice: Invoice, attempt_id: AttemptId, differences: tuple[str, ...]) -> Moved:
    """Hold it for a person; what is paid already stays paid."""
    match invoice.state:
        case Issued() | Processing() | Canceling() | Canceled() | Expired():
            mismatch = chain.MismatchDetected(
                invoice_id=invoice.id, payment_id=attempt_id, differences=differences
            )
            return _say(invoice, mismatch)
        case _:
            return invoice, []


def request_refund(invoice: Invoice, refund_id: RefundId, money: Money) -> Moved:
    """Begin to give money back; one refund at a time."""
    match invoice.state:
        case Paid(attempt_id) if attempt_id is not None:
            pass
        case PartiallyRefunded():
            pass
        case _:
            raise IllegalInvoiceMove(invoice, "be refunded")
    wish = chain.RefundRequested(invoice_id=invoice.id, refund_id=refund_id, money=money)
    return _say(invoice, wish)


def refund_succeeded(invoice: Invoice, refund_id: RefundId, money: Money) -> Moved:
    """Record that the refund under way went through."""
    match invoice.state:
        case Refunding(_, current, before) if current == refund_id:
            done = chain.RefundSucceeded(
                invoice_id=invoice.id, refund_id=refund_id, returned=before + money
            )
            return _say(invoice, done)
        case _:
            return invoice, []


def refund_declined(invoice: Invoice, refund_id: RefundId) -> Moved:
    """Record that the refund under way was refused."""
    match invoice.state:
        case Refunding(_, current, before) if current == refund_id:
            refused = chain.RefundDeclined(
                invoice_id=invoice.id, refund_id=refund_id, returned=before
            )
            return _say(invoice, refused)
        case _:
            return invoice, []
