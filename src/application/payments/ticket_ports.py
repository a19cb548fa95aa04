"""What is kept of refund tickets."""

from typing import Protocol

from domain.payments.refund_ticket import RefundTicket
from domain.shared.ids import TicketId


class RefundTickets(Protocol):
    """Refund tickets; a payment has at most one that is not over, by a unique index."""

    async def get(self, ticket_id: TicketId) -> RefundTicket | None:
        """Load, without a lock."""
        ...

    async def lock(self, ticket_id: TicketId) -> RefundTicket | None:
        """Load for change; after the payment, where both are locked."""
        ...

    async def add(self, ticket: RefundTicket) -> None:
        """Insert; raises TicketOpen where the payment has an open one."""
        ...

    async def save(self, ticket: RefundTicket) -> None:
        """Update; raise StaleVersion."""
        ...
