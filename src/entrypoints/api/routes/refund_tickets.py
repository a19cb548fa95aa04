"""Refund tickets: opened by those who paid, decided by people."""

from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody

from application.identity.captcha import Purpose
from application.payments.refund_tickets import TicketWish
from application.ports import JsonObject, Listing
from domain.payments import refund_ticket as machine
from domain.payments.refund_ticket import Reason, RefundTicket, status_of
from domain.shared.ids import AttemptId, TicketId
from entrypoints.api.answers import refund_tickets as answers
from entrypoints.api.answers.refund_tickets import TicketStatus
from entrypoints.api.commands import in_transaction, under_key
from entrypoints.api.contract import serves
from entrypoints.api.doors import caller_of, cause_of
from entrypoints.api.paging import Cursor, Limit, Moment, instant, page, shown
from entrypoints.api.shapes_carrier import Note
from entrypoints.api.shapes_tickets import NewTicket, ReasonCode, TicketApproval
from entrypoints.container import Container

Http = Request[Any, Any, Any]


def routes(house: Container) -> list[HTTPRouteHandler]:
    """Return the routes of refund tickets."""
    open_uow, queries = house.open_uow(), house.queries()
    passes = house.captcha().passes

    @post(
        "/refund-tickets",
        **serves(answers.TicketMoved, "refund-tickets:open", status=201, keyed=True),
    )
    async def open_ticket(request: Http, data: JSONBody[NewTicket]) -> Any:
        """Ask for money of a payment back; a customer has solved a captcha first."""

        async def work(uow: Any) -> JsonObject:
            if caller_of(request).own is not None:
                await passes.burn(uow, data.captcha_token, Purpose.REFUND_TICKET)
            wish = TicketWish(
                cause=cause_of(request, data.reason),
                attempt_id=AttemptId(data.payment_id),
                owner=caller_of(request).own,
                reason=Reason(data.reason),
                text=data.text,
                amount_minor=data.amount_minor,
            )
            return _moved(await house.open_ticket().within(uow, wish))

        return await under_key(request, open_uow, data, work, status=201)

    @get("/refund-tickets", **serves(answers.Tickets, "refund-tickets:open"))
    async def own_tickets(
        request: Http,
        status: FromQuery[TicketStatus | None] = None,
        payment_id: FromQuery[UUID | None] = None,
        customer_id: FromQuery[UUID | None] = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> JsonObject:
        """Tickets of those who paid, newest first."""
        where = {
            "customer_id": caller_of(request).own or customer_id,
            "status": status,
            "payment_id": payment_id,
        }
        found = await queries.listing("refund_ticket", page(limit, cursor), where)
        return shown(Listing([_without_names(one) for one in found.items], found.next_cursor))

    @get("/refund-tickets/{ticket_id:uuid}", **serves(answers.Ticket, "refund-tickets:open"))
    async def own_ticket(request: Http, ticket_id: FromPath[UUID]) -> JsonObject:
        """One ticket of somebody who paid."""
        found = await queries.one("refund_ticket", ticket_id, caller_of(request).own)
        return _without_names(found)

    @get("/admin/refund-tickets", **serves(answers.Tickets, "refund-tickets:decide"))
    async def tickets(
        status: FromQuery[TicketStatus | None] = None,
        reason: FromQuery[ReasonCode | None] = None,
        payment_id: FromQuery[UUID | None] = None,
        customer_id: FromQuery[UUID | None] = None,
        since: Moment = None,
        until: Moment = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> JsonObject:
        """Everybody's tickets, newest first; `since` is included, `until` is not."""
        where = {
            "status": status,
            "reason": reason,
            "payment_id": payment_id,
            "customer_id": customer_id,
        }
        period = (instant(since, "since"), instant(until, "until"))
        return shown(await queries.listing("refund_ticket", page(limit, cursor), where, period))

    @get(
        "/admin/refund-tickets/{ticket_id:uuid}", **serves(answers.Ticket, "refund-tickets:decide")
    )
    async def ticket(ticket_id: FromPath[UUID]) -> JsonObject:
        """One ticket."""
        return await queries.one("refund_ticket", ticket_id)

    @post(
        "/admin/refund-tickets/{ticket_id:uuid}/approve",
        **serves(answers.TicketMoved, "refund-tickets:decide", keyed=True),
    )
    async def approve(
        request: Http, ticket_id: FromPath[UUID], data: JSONBody[TicketApproval]
    ) -> Any:
        """Give back what was asked for, or less; above the limit an administrator has to agree."""

        async def work(uow: Any) -> JsonObject:
            cause = cause_of(request, data.note)
            return _moved(
                await house.decide_ticket().approve(
                    uow, TicketId(ticket_id), data.amount_minor, cause
                )
            )

        return await under_key(request, open_uow, data, work, status=200)

    @post(
        "/admin/refund-tickets/{ticket_id:uuid}/reject",
        **serves(answers.TicketMoved, "refund-tickets:decide"),
    )
    async def reject(request: Http, ticket_id: FromPath[UUID], data: JSONBody[Note]) -> JsonObject:
        """Give nothing back; the note is shown to whoever asked."""

        async def work(uow: Any) -> JsonObject:
            cause = cause_of(request, data.note)
            return _moved(await house.decide_ticket().reject(uow, TicketId(ticket_id), cause))

        return await in_transaction(open_uow, work)

    return [open_ticket, own_tickets, own_ticket, tickets, ticket, approve, reject]


def _without_names(ticket: JsonObject) -> JsonObject:
    """Keep names between the people of the company; in what role it was opened may be known."""
    names = {"approved_by": None, "seconded_by": None, "rejected_by": None}
    return {**ticket, **names, "opened_by": ticket["opened_by"].partition(":")[0]}


def _moved(ticket: RefundTicket) -> JsonObject:
    match ticket.state:
        case machine.Open() | machine.Rejected():
            money = ticket.money
        case state:
            money = state.approval.money
    return {
        "id": str(ticket.id),
        "payment_id": str(ticket.attempt_id),
        "status": status_of(ticket),
        "amount_minor": money.amount_minor,
        "currency": money.currency.code,
    }
