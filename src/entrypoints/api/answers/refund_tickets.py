"""What the routes of refund tickets answer."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from entrypoints.api.answers.shapes import Answer, PageOf
from entrypoints.api.shapes_tickets import ReasonCode

TicketStatus = Literal["open", "awaiting_second", "approved", "rejected", "refunded", "failed"]


class Ticket(Answer, frozen=True):
    """A wish for money back. The refund of an approved one has the ticket's id.

    `amount_minor` is what was asked for, `approved_minor` what was agreed to. Names are
    told to those who may decide; others see in what role it was opened.
    """

    id: UUID
    payment_id: UUID
    customer_id: UUID
    reason: ReasonCode
    text: str
    amount_minor: int
    approved_minor: int | None
    currency: str
    status: TicketStatus
    opened_by: str
    approved_by: str | None
    seconded_by: str | None
    rejected_by: str | None
    note: str | None
    failure: str | None
    created_at: datetime


class Tickets(PageOf[Ticket], frozen=True):
    """A page of tickets."""


class TicketMoved(Answer, frozen=True):
    """How a ticket stands now; the amount is what goes back, or is asked for."""

    id: UUID
    payment_id: UUID
    status: TicketStatus
    amount_minor: int
    currency: str
