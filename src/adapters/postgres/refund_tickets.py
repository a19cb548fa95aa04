"""Refund tickets on PostgreSQL."""

from collections.abc import Mapping
from typing import Any

import asyncpg

from adapters.postgres import tables
from adapters.postgres.aggregates import Rows, states
from adapters.postgres.codec import fields_of, restored
from adapters.postgres.subscriptions import utc
from domain.payments import refund_ticket as machine
from domain.payments.refund_ticket import Reason, RefundTicket, TicketOpen, status_of
from domain.shared.ids import AttemptId, CustomerId, TicketId
from domain.shared.money import Money

_STATES = states(
    machine.Open,
    machine.AwaitingSecond,
    machine.Approved,
    machine.Rejected,
    machine.Refunded,
    machine.Failed,
)
_ONE_OPEN = "uq_refund_ticket_open"


def to_row(ticket: RefundTicket) -> dict[str, Any]:
    """Write an aggregate as a row."""
    return {
        "id": ticket.id,
        "payment_id": ticket.attempt_id,
        "customer_id": ticket.customer_id,
        "reason": ticket.reason.value,
        "text": ticket.text,
        "amount_minor": ticket.money.amount_minor,
        "currency": ticket.money.currency.code,
        "opened_by": ticket.opened_by,
        "status": status_of(ticket),
        "state": fields_of(ticket.state),
        "created_at": ticket.created_at,
        "version": ticket.version,
    }


def from_row(row: Mapping[str, Any]) -> RefundTicket:
    """Read a row back."""
    return RefundTicket(
        id=TicketId(row["id"]),
        attempt_id=AttemptId(row["payment_id"]),
        customer_id=CustomerId(row["customer_id"]),
        reason=Reason(row["reason"]),
        text=row["text"],
        money=Money.of(row["amount_minor"], row["currency"]),
        opened_by=row["opened_by"],
        state=restored(_STATES[row["status"]], row["state"]),
        created_at=utc(row["created_at"]),
        version=row["version"],
    )


class PostgresRefundTickets:
    """Refund tickets of one transaction."""

    def __init__(self, driver: asyncpg.Connection) -> None:
        self._rows = Rows(driver, tables.refund_tickets.refund_ticket, to_row, from_row)

    async def get(self, ticket_id: TicketId) -> RefundTicket | None:
        """Load, without a lock."""
        return (await self._rows.by_id([ticket_id])).get(ticket_id)

    async def lock(self, ticket_id: TicketId) -> RefundTicket | None:
        """Load for change."""
        return (await self._rows.by_id([ticket_id], lock=True)).get(ticket_id)

    async def add(self, ticket: RefundTicket) -> None:
        """Insert; raises TicketOpen where the payment has an open one."""
        try:
            await self._rows.add([ticket])
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name != _ONE_OPEN:
                raise
            raise TicketOpen("this payment has an open refund ticket already") from error

    async def save(self, ticket: RefundTicket) -> None:
        """Update; raise StaleVersion."""
        await self._rows.save([ticket])
