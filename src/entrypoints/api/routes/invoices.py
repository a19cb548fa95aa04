"""Invoices: issue, look, pay."""

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody

from application.idempotency import IdempotencyKey, KeptAnswer, complete, once
from application.payments.issue_invoice import IssueInvoiceCommand
from application.payments.pay_invoice import PayInvoiceCommand
from application.ports import JsonObject
from domain.payments import attempt as states
from domain.payments.attempt import Attempt, status_of
from domain.payments.invoice import Manual, Purchase
from domain.payments.invoice import status_of as invoice_status
from domain.shared.errors import InvalidValue
from domain.shared.ids import AttemptId, CustomerId, InvoiceId, MethodId
from domain.shared.money import Money
from entrypoints.api.commands import answer_of, under_key
from entrypoints.api.doors import caller_of, cause_of, key_of, needs
from entrypoints.api.paging import Cursor, Limit, page, shown
from entrypoints.api.shapes import NewInvoice, Payment
from entrypoints.container import Container

Http = Request[Any, Any, Any]


def routes(house: Container) -> list[HTTPRouteHandler]:
    """Return the routes of invoices."""
    open_uow, queries, settings = house.open_uow(), house.queries(), house.settings()

    @post("/invoices", opt=needs("invoices:issue"), status_code=201)
    async def issue(request: Http, data: JSONBody[NewInvoice]) -> Any:
        """Issue an invoice; one with nothing to pay is paid at once."""

        async def work(uow: Any) -> JsonObject:
            purpose = (
                Purchase(data.reference) if data.purpose == "purchase" else Manual(data.reference)
            )
            issued = await house.issue_invoice().within(
                uow,
                IssueInvoiceCommand(
                    cause=cause_of(request, f"{data.purpose} {data.reference}"),
                    customer_id=CustomerId(data.customer_id),
                    purpose=purpose,
                    money=Money.of(data.amount_minor, data.currency),
                    description=data.description,
                ),
            )
            return {
                "id": str(issued.id),
                "status": invoice_status(issued.state),
                "amount_minor": issued.money.amount_minor,
                "currency": issued.money.currency.code,
            }

        return await under_key(request, open_uow, data, work, status=201)

    @get("/invoices", opt=needs("invoices:read"))
    async def invoices(
        request: Http,
        customer_id: FromQuery[UUID | None] = None,
        status: FromQuery[str | None] = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> JsonObject:
        """Invoices, newest first."""
        where = {"customer_id": caller_of(request).own or customer_id, "status": status}
        return shown(await queries.listing("invoice", page(limit, cursor), where))

    @get("/invoices/{invoice_id:uuid}", opt=needs("invoices:read"))
    async def invoice(request: Http, invoice_id: FromPath[UUID]) -> JsonObject:
        """One invoice."""
        return await queries.one("invoice", invoice_id, caller_of(request).own)

    @get("/invoices/{invoice_id:uuid}/events", opt=needs("invoices:read"))
    async def events(request: Http, invoice_id: FromPath[UUID]) -> JsonObject:
        """The chain of an invoice: everything that ever happened to it."""
        return {"items": await queries.chain(invoice_id, caller_of(request).own)}

    @post("/invoices/{invoice_id:uuid}/pay", opt=needs("invoices:pay"), status_code=200)
    async def pay(request: Http, invoice_id: FromPath[UUID], data: JSONBody[Payment]) -> Any:
        """Pay: `redirect` names the address to send the payer to, `charging` needs nobody."""
        if data.method_id is None:
            _check_return(data.return_url, settings.return_origins)
        cause = cause_of(request, "payment asked for")
        command = PayInvoiceCommand(
            cause=cause,
            invoice_id=InvoiceId(invoice_id),
            owner=caller_of(request).own,
            provider=data.provider,
            method_id=MethodId(data.method_id) if data.method_id else None,
            return_url=data.return_url,
            save_method=data.save_method,
        )

        async def reserve(uow: Any) -> KeptAnswer:
            attempt_id = await house.pay_invoice().within(uow, command)
            if attempt_id is None:
                return KeptAnswer(status=200, body={"kind": "paid"})
            body = {"kind": "charging", "payment_id": str(attempt_id)}
            return KeptAnswer(status=200, body=body, provisional=command.method_id is None)

        key = key_of(request, data)
        answer, old = await once(open_uow, key, reserve)
        if answer.provisional:
            return await at_the_provider(key, answer, command, old=old)
        return answer_of(answer, old=old)

    async def at_the_provider(
        key: IdempotencyKey, reserved: KeptAnswer, command: PayInvoiceCommand, *, old: bool
    ) -> Response[JsonObject]:
        """Bring the checkout to the provider, after the commit; a repeat goes on from there."""
        attempt_id = AttemptId(UUID(reserved.body["payment_id"]))
        attempt = await house.pay_invoice().bring_to_provider(attempt_id, command.cause)
        answer = KeptAnswer(status=200, body=_where_to(attempt))
        if not isinstance(attempt.state, states.Reserved | states.Sent | states.Unknown):
            await complete(open_uow, key, answer)
        return answer_of(answer, old=old)

    return [issue, invoices, invoice, events, pay]


def _check_return(return_url: str | None, origins: tuple[str, ...]) -> None:
    """Send payers back to our own pages only."""
    if return_url is None:
        raise InvalidValue("return_url says where the payer goes after paying")
    parts = urlsplit(return_url)
    if f"{parts.scheme}://{parts.netloc}" not in origins:
        raise InvalidValue("return_url must belong to one of KAZNA_RETURN_ORIGINS")


def _where_to(attempt: Attempt) -> JsonObject:
    body: dict[str, Any] = {"payment_id": str(attempt.id), "status": status_of(attempt)}
    match attempt.state:
        case states.Accepted(confirmation_url=url) if url:
            return body | {"kind": "redirect", "url": url}
        case states.Succeeded():
            return body | {"kind": "paid"}
        case states.Declined(decline):
            return body | {"kind": "declined", "reason": str(decline.reason)}
        case states.Refused():
            return body | {"kind": "declined", "reason": "refused"}
        case _:
            return body | {"kind": "pending"}
