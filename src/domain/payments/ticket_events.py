"""What can happen to a refund ticket; names as the outside world reads them."""

from dataclasses import dataclass
from typing import ClassVar, TypedDict
from uuid import UUID

from domain.shared.ids import AttemptId, CustomerId, TicketId
from domain.shared.money import Money


class Whose(TypedDict):
    """What every event of a ticket tells."""

    ticket_id: TicketId
    payment_id: AttemptId
    customer_id: CustomerId


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketEvent:
    """Something happened to a refund ticket."""

    name: ClassVar[str] = "refund_ticket"
    version: ClassVar[int] = 1
    ticket_id: TicketId
    payment_id: AttemptId
    customer_id: CustomerId

    @property
    def aggregate_id(self) -> UUID:
        """The ticket."""
        return self.ticket_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened(TicketEvent):
    """Somebody asks for money back."""

    name: ClassVar[str] = "refund_ticket.opened"
    why: str
    money: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Endorsed(TicketEvent):
    """One person agrees, and it is too much for one person alone."""

    name: ClassVar[str] = "refund_ticket.endorsed"
    money: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved(TicketEvent):
    """The money goes back."""

    name: ClassVar[str] = "refund_ticket.approved"
    money: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected(TicketEvent):
    """Nothing goes back."""

    name: ClassVar[str] = "refund_ticket.rejected"
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refunded(TicketEvent):
    """The money went back."""

    name: ClassVar[str] = "refund_ticket.refunded"
    money: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed(TicketEvent):
    """The gateway did not give the money back."""

    name: ClassVar[str] = "refund_ticket.failed"
    why: str
