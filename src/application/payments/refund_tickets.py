"""Refund tickets: opened by those who paid, decided by people, ended by what the gateway says."""

from dataclasses import dataclass
from datetime import datetime

from application.errors import NotFound
from application.payments.ports import PaymentsUnitOfWork
from application.payments.request_refund import RefundWish, captured_of, reserve_refunds
from application.ports import Clock, Entropy
from domain.payments.refund import Refund
from domain.payments.refund_ticket import (
    Approved,
    Moved,
    Open,
    Reason,
    RefundTicket,
    approve,
    is_for_two,
    open_ticket,
    propose,
    refund_declined,
    refund_succeeded,
    reject,
)
from domain.shared.facts import Cause
from domain.shared.ids import AttemptId, CustomerId, RefundId, TicketId
from domain.shared.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketWish:
    """Ask for money of a payment back: `amount_minor` of it, or all that is left.

    `owner` is the only customer whose payments exist for whoever asks; None sees all.
    """

    cause: Cause
    attempt_id: AttemptId
    owner: CustomerId | None
    reason: Reason
    text: str
    amount_minor: int | None


@dataclass(frozen=True, slots=True)
class OpenTicket:
    """Open a ticket inside the caller's transaction; nothing moves yet."""

    clock: Clock
    entropy: Entropy

    async def within(self, uow: PaymentsUnitOfWork, wish: TicketWish) -> RefundTicket:
        """Return the ticket; raises NotFound, TicketOpen, RefundExceedsCapture; never commits."""
        ticket, captured, before = await self.drawn_up(uow, wish)
        return await _kept(
            uow, wish.cause, open_ticket(ticket, captured=captured, spoken_for=before)
        )

    async def drawn_up(
        self, uow: PaymentsUnitOfWork, wish: TicketWish
    ) -> tuple[RefundTicket, Money, Money]:
        """Lock the payment; return the ticket, what was taken and what goes back already."""
        found = await uow.attempts.lock_many([wish.attempt_id])
        attempt = found.get(wish.attempt_id)
        if attempt is None or wish.owner not in (None, attempt.customer_id):
            raise NotFound("payment", wish.attempt_id)
        captured = captured_of(attempt)
        before = Money(await uow.refunds.spoken_for(attempt.id), captured.currency)
        asked = wish.amount_minor
        ticket = RefundTicket(
            id=TicketId(self.entropy.new_id()),
            attempt_id=attempt.id,
            customer_id=attempt.customer_id,
            reason=wish.reason,
            text=wish.text,
            money=captured - before if asked is None else Money(asked, captured.currency),
            opened_by=wish.cause.actor,
            state=Open(),
            created_at=self.clock.now(),
        )
        return ticket, captured, before


@dataclass(frozen=True, slots=True)
class DecideTicket:
    """Approve or reject inside the caller's transaction.

    `limit_minor`, in minor units of the payment's currency, is how much of one payment may go back
    on one person's word.
    """

    clock: Clock
    entropy: Entropy
    limit_minor: int

    async def approve(
        self, uow: PaymentsUnitOfWork, ticket_id: TicketId, amount_minor: int | None, cause: Cause
    ) -> RefundTicket:
        """Agree, and reserve the refund when that is enough; never commits.

        Raises NotFound, TicketDecided, AnotherPersonDecides, AdminDecides, ApprovalDiffers, and
        what the refund itself is refused for.
        """
        seen = await uow.tickets.get(ticket_id)
        if seen is None:
            raise NotFound("refund ticket", ticket_id)
        # The payment comes first: everything that gives back of it stands in this line.
        await uow.attempts.lock_many([seen.attempt_id])
        ticket = await _locked(uow, ticket_id)
        currency = ticket.money.currency
        moved, events = approve(
            ticket,
            None if amount_minor is None else Money(amount_minor, currency),
            by=cause.actor,
            note=cause.reason,
            spoken_for=Money(await uow.refunds.spoken_for(ticket.attempt_id), currency),
            limit_minor=self.limit_minor,
            now=self.clock.now(),
        )
        if isinstance(moved.state, Approved):
            wish = RefundWish(
                cause,
                ticket.attempt_id,
                moved.state.approval.money,
                f"refund ticket: {ticket.reason.value}",
                cause.actor,
                moved.refund_id,
            )
            await reserve_refunds(uow, [wish], clock=self.clock, entropy=self.entropy)
        await uow.tickets.save(moved)
        uow.events.record(cause, events)
        return moved

    async def reject(
        self, uow: PaymentsUnitOfWork, ticket_id: TicketId, cause: Cause
    ) -> RefundTicket:
        """Refuse; raises NotFound and TicketDecided; never commits."""
        ticket = await _locked(uow, ticket_id)
        moved, events = reject(ticket, by=cause.actor, note=cause.reason, now=self.clock.now())
        await uow.tickets.save(moved)
        uow.events.record(cause, events)
        return moved


@dataclass(frozen=True, slots=True)
class RefundByHand:
    """Give money back on one's own word; above the limit it becomes a ticket for a second one."""

    open_ticket: OpenTicket
    limit_minor: int

    async def within(self, uow: PaymentsUnitOfWork, wish: TicketWish) -> Refund | RefundTicket:
        """Reserve the refund, or open a ticket that is half approved; never commits."""
        ticket, captured, before = await self.open_ticket.drawn_up(uow, wish)
        if is_for_two(ticket.money, before, self.limit_minor):
            return await _kept(
                uow, wish.cause, propose(ticket, captured=captured, spoken_for=before)
            )
        refund = RefundWish(wish.cause, wish.attempt_id, ticket.money, wish.text, wish.cause.actor)
        opening = self.open_ticket
        (made,) = await reserve_refunds(uow, [refund], clock=opening.clock, entropy=opening.entropy)
        return made


async def follow(
    uow: PaymentsUnitOfWork, refund_id: RefundId, why: str | None, cause: Cause, now: datetime
) -> None:
    """End the ticket a refund came from, if it came from one; `why` says it was declined."""
    ticket = await uow.tickets.lock(TicketId(refund_id))
    if ticket is None:
        return
    moved, events = (
        refund_succeeded(ticket, now=now) if why is None else refund_declined(ticket, why, now=now)
    )
    await uow.tickets.save(moved)
    uow.events.record(cause, events)


async def _kept(uow: PaymentsUnitOfWork, cause: Cause, opened: Moved) -> RefundTicket:
    ticket, events = opened
    await uow.tickets.add(ticket)
    uow.events.record(cause, events)
    return ticket


async def _locked(uow: PaymentsUnitOfWork, ticket_id: TicketId) -> RefundTicket:
    ticket = await uow.tickets.lock(ticket_id)
    if ticket is None:
        raise NotFound("refund ticket", ticket_id)
    return ticket
