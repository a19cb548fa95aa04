"""Invoices: issue, look, pay."""

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from litestar import Request, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody

from application.idempotency import KeptAnswer, once
from application.payments.issue_invoice import IssueInvoiceCommand
from application.payments.pay_invoice import PayInvoiceCommand
from application.ports import JsonObject
from domain.payments.invoice import Manual, Purchase
from domain.payments.invoice import status_of as invoice_status
from domain.shared.errors import InvalidValue
from domain.shared.ids import CustomerId, InvoiceId, MethodId
from domain.shared.money import Money
from entrypoints.api import answers
from entrypoints.api.commands import answer_of, at_the_provider, reserved_payment, under_key
from entrypoints.api.contract import serves
from entrypoints.api.doors import caller_of, cause_of, key_of
from entrypoints.api.paging import Cursor, Limit, Word, page, shown
from entrypoints.api.shapes import NewInvoice, NewPayment
from entrypoints.container import Container

Http = Request[Any, Any, Any]


def routes(house: Container) -> list[HTTPRouteHandler]:
    """Return the routes of invoices."""
    open_uow, queries, settings = house.open_uow(), house.queries(), house.settings()

    @post(
        "/invoices",
        **serves(answers.IssuedInvoice, "invoices:issue", status=201, keyed=True),
    )
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

    @get("/invoices", **serves(answers.Invoices, "invoices:read"))
    async def invoices(
        request: Http,
        customer_id: FromQuery[UUID | None] = None,
        status: Word = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> JsonObject:
        """Invoices, newest first."""
        where = {"customer_id": caller_of(request).own or customer_id, "status": status}
        return shown(await queries.listing("invoice", page(limit, cursor), where))

    @get("/invoices/{invoice_id:uuid}", **serves(answers.Invoice, "invoices:read"))
    async def invoice(request: Http, invoice_id: FromPath[UUID]) -> JsonObject:
        """One invoice."""
        return await queries.one("invoice", invoice_id, caller_of(request).own)

    @get(
        "/invoices/{invoice_id:uuid}/events",
        **serves(answers.Chain, "invoices:read"),
    )
    async def events(request: Http, invoice_id: FromPath[UUID]) -> JsonObject:
        """The chain of an invoice: everything that ever happened to it."""
        return {"items": await queries.chain(invoice_id, caller_of(request).own)}

    @post(
        "/invoices/{invoice_id:uuid}/pay",
        **serves(answers.Paying, "invoices:pay", keyed=True),
    )
    async def pay(request: Http, invoice_id: FromPath[UUID], data: JSONBody[NewPayment]) -> Any:
        """Pay: `redirect` names the address to send the payer to, `widget` the token that opens
        the provider's widget, `charging` needs nobody."""
        if data.widget:
            check_widget(house, data)
        elif data.method_id is None:
            check_return(data.return_url, settings.return_origins)
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
            body = reserved_payment(attempt_id)
            if attempt_id is None:
                return KeptAnswer(status=200, body=body)
            # Another attempt may be open already; then its own way is told.
            attempt = (await uow.attempts.get_many([attempt_id]))[attempt_id]
            charges_saved = command.method_id is not None and attempt.method_id == command.method_id
            return KeptAnswer(status=200, body=body, provisional=not charges_saved)

        key = key_of(request, data)
        answer, old = await once(open_uow, key, reserve)
        if answer.provisional:
            return await at_the_provider(house, key, answer, cause, old=old)
        return answer_of(answer, old=old)

    return [issue, invoices, invoice, events, pay]


def check_widget(house: Container, data: NewPayment) -> None:
    """Refuse a widget where the provider has none, and what does not go with one."""
    if data.method_id is not None or data.return_url is not None:
        raise InvalidValue("a widget takes neither a saved method nor a return_url")
    if not house.gateways().get(data.provider).capabilities.widget:
        raise InvalidValue(f"{data.provider} has no widget: pay with a return_url")


def check_return(return_url: str | None, origins: tuple[str, ...]) -> None:
    """Send payers back to our own pages only."""
    if return_url is None:
        raise InvalidValue("return_url says where the payer goes after paying")
    try:
        parts = urlsplit(return_url)
    except ValueError as error:
        raise InvalidValue("return_url is not an address") from error
    if f"{parts.scheme}://{parts.netloc}" not in origins:
        raise InvalidValue("return_url must belong to one of KAZNA_RETURN_ORIGINS")
