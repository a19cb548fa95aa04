"""A refund ticket: somebody asks for money of a payment back, and people decide.

The refund that an approved ticket leads to carries the ticket's own id, so that no ticket ever
leads to two.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from domain.payments import ticket_events as said
from domain.payments.refund import RefundExceedsCapture
from domain.shared.errors import DomainError, InvalidValue
from domain.shared.ids import AttemptId, CustomerId, RefundId, TicketId
from domain.shared.money import Money
from domain.shared.names import snake


class TicketOpen(DomainError):
    """A payment has one open ticket at a time."""

    code = "refund_ticket_open"


class TicketDecided(DomainError):
    """A ticket is decided once."""

    code = "already_decided"


class AnotherPersonDecides(DomainError):
    """Whoever asked for the money, or agreed first, does not decide alone."""

    code = "another_person_decides"


class AdminDecides(DomainError):
    """What is above the limit needs an administrator as the second one."""

    code = "second_approver_needed"


class ApprovalDiffers(DomainError):
    """More than was asked for, or other than the first approver agreed to."""

    code = "approval_differs"


class Reason(StrEnum):
    """Why somebody wants their money back."""

    ACCIDENTAL = "accidental"
    DUPLICATE = "duplicate"
    NOT_PROVIDED = "not_provided"
    NOT_AS_DESCRIBED = "not_as_described"
    NO_LONGER_NEEDED = "no_longer_needed"
    UNAUTHORIZED = "unauthorized"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """How much goes back, and who said so; `second` where it took two."""

    money: Money
    by: str
    note: str
    at: datetime
    second: str | None = None


@dataclass(frozen=True, slots=True)
class Open:
    """Nobody has looked yet."""


@dataclass(frozen=True, slots=True)
class AwaitingSecond:
    """One person agrees; it is above the limit."""

    approval: Approval


@dataclass(frozen=True, slots=True)
class Approved:
    """The refund is under way."""

    approval: Approval


@dataclass(frozen=True, slots=True)
class Rejected:
    """Nothing goes back."""

    by: str
    note: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Refunded:
    """The money went back."""

    approval: Approval
    at: datetime


@dataclass(frozen=True, slots=True)
class Failed:
    """The gateway did not give it back; another ticket may be opened."""

    approval: Approval
    why: str
    at: datetime


State = Open | AwaitingSecond | Approved | Rejected | Refunded | Failed


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundTicket:
    """A wish for money of one payment back; `money` is how much of it."""

    id: TicketId
    attempt_id: AttemptId
    customer_id: CustomerId
    reason: Reason
    text: str
    money: Money
    opened_by: str
    state: State
    created_at: datetime
    version: int = 1

    @property
    def refund_id(self) -> RefundId:
        """The refund it leads to, once it is approved."""
        return RefundId(self.id)


Moved = tuple[RefundTicket, list[said.TicketEvent]]


def status_of(ticket: RefundTicket) -> str:
    """Return the state's name: `awaiting_second`."""
    return snake(type(ticket.state))


def open_ticket(ticket: RefundTicket, *, captured: Money, spoken_for: Money) -> Moved:
    """Open a ticket; refuses more than is left of the payment, and "other" without a word."""
    if not ticket.money.is_positive or spoken_for + ticket.money > captured:
        raise RefundExceedsCapture(
            f"{captured} was taken and {spoken_for} of it goes back already; "
            f"{ticket.money} cannot be asked for"
        )
    if ticket.reason is Reason.OTHER and not ticket.text.strip():
        raise InvalidValue("say why in a few words, where no reason of the list fits")
    why = ticket.reason.value
    return ticket, [said.Opened(**_told(ticket), why=why, money=ticket.money)]


def propose(ticket: RefundTicket, *, captured: Money, spoken_for: Money) -> Moved:
    """Open a ticket of one's own accord, which counts as the first of two approvals."""
    opened, events = open_ticket(ticket, captured=captured, spoken_for=spoken_for)
    first = Approval(
        money=ticket.money, by=ticket.opened_by, note=ticket.text, at=ticket.created_at
    )
    endorsed = said.Endorsed(**_told(ticket), money=ticket.money)
    return replace(opened, state=AwaitingSecond(first)), [*events, endorsed]


def approve(
    ticket: RefundTicket,
    money: Money | None,
    *,
    by: str,
    note: str,
    spoken_for: Money,
    limit_minor: int,
    now: datetime,
) -> Moved:
    """Agree to give back `money`, or all that was asked for.

    What would bring the money given back of the payment above the limit waits for a second
    person, who is an administrator and agrees to the same amount.
    """
    match ticket.state:
        case Open():
            approval = Approval(money=money or ticket.money, by=by, note=note, at=now)
            _check_first(ticket, approval)
            if is_for_two(approval.money, spoken_for, limit_minor):
                endorsed = said.Endorsed(**_told(ticket), money=approval.money)
                return _to(ticket, AwaitingSecond(approval)), [endorsed]
        case AwaitingSecond(first):
            _check_second(ticket, first, money, by)
            approval = replace(first, second=by, at=now)
        case _:
            raise TicketDecided(f"this ticket is {status_of(ticket)}")
    approved = said.Approved(**_told(ticket), money=approval.money)
    return _to(ticket, Approved(approval)), [approved]


def _check_first(ticket: RefundTicket, approval: Approval) -> None:
    if is_same_person(approval.by, ticket.opened_by):
        raise AnotherPersonDecides("somebody else decides a ticket that you have opened")
    if not approval.money.is_positive or approval.money > ticket.money:
        raise ApprovalDiffers(f"{ticket.money} was asked for; as much goes back, or less of it")


def _check_second(ticket: RefundTicket, first: Approval, money: Money | None, by: str) -> None:
    if is_same_person(by, first.by) or is_same_person(by, ticket.opened_by):
        raise AnotherPersonDecides("above the limit somebody else has to agree too")
    if not by.startswith("admin:"):
        raise AdminDecides("above the limit an administrator is the second to agree")
    if money is not None and money != first.money:
        raise ApprovalDiffers(f"the first approver agreed to {first.money}")


def is_for_two(money: Money, spoken_for: Money, limit_minor: int) -> bool:
    """Tell whether it brings what goes back of a payment above what one person decides."""
    return (spoken_for + money).amount_minor > limit_minor


def is_same_person(one: str, other: str) -> bool:
    """Tell whether two actors are the same person, whatever role they act in."""
    return one.partition(":")[2] == other.partition(":")[2]


def reject(ticket: RefundTicket, *, by: str, note: str, now: datetime) -> Moved:
    """Give nothing back; a first approval does not stand in the way."""
    match ticket.state:
        case Open() | AwaitingSecond():
            rejected = said.Rejected(**_told(ticket), note=note)
            return _to(ticket, Rejected(by, note, now)), [rejected]
        case _:
            raise TicketDecided(f"this ticket is {status_of(ticket)}")


def refund_succeeded(ticket: RefundTicket, *, now: datetime) -> Moved:
    """Follow the refund: the money went back."""
    match ticket.state:
        case Approved(approval):
            done = said.Refunded(**_told(ticket), money=approval.money)
            return _to(ticket, Refunded(approval, now)), [done]
        case Open() | AwaitingSecond() | Rejected() | Refunded() | Failed():
            return ticket, []
        case _:
            assert_never(ticket.state)


def refund_declined(ticket: RefundTicket, why: str, *, now: datetime) -> Moved:
    """Follow the refund: the gateway refused it."""
    match ticket.state:
        case Approved(approval):
            failed = said.Failed(**_told(ticket), why=why)
            return _to(ticket, Failed(approval, why, now)), [failed]
        case Open() | AwaitingSecond() | Rejected() | Refunded() | Failed():
            return ticket, []
        case _:
            assert_never(ticket.state)


def _told(ticket: RefundTicket) -> said.Whose:
    return {
        "ticket_id": ticket.id,
        "payment_id": ticket.attempt_id,
        "customer_id": ticket.customer_id,
    }


def _to(ticket: RefundTicket, state: State) -> RefundTicket:
    return replace(ticket, state=state, version=ticket.version + 1)
