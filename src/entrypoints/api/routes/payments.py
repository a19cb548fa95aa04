"""Payments: look, the browser's hint, refunds, and what gateways tell us."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody

from adapters.providers.checks import AsksFirst, judge
from application.errors import NotFound
from application.identity.access import PUBLIC
from application.payments.ask_job import ask_message
from application.payments.provider import RawRequest
from application.payments.refund_tickets import TicketWish
from application.ports import JsonObject
from domain.payments.attempt import status_of as status_of_payment
from domain.payments.refund import status_of
from domain.payments.refund_ticket import Reason, RefundTicket
from domain.payments.refund_ticket import status_of as status_of_ticket
from domain.shared.ids import AttemptId
from entrypoints.api import answers
from entrypoints.api.commands import in_transaction, under_key
from entrypoints.api.contract import serves
from entrypoints.api.doors import caller_of, cause_of, headers_of, peer_of
from entrypoints.api.paging import Cursor, Limit, Moment, Word, instant, page, shown
from entrypoints.api.shapes import Decision, NewRefund
from entrypoints.container import Container

Http = Request[Any, Any, Any]


def routes(house: Container) -> list[HTTPRouteHandler]:
    """Return the routes of payments."""
    open_uow, queries = house.open_uow(), house.queries()

    @get("/payments", **serves(answers.Payments, "payments:read"))
    async def payments(
        request: Http,
        customer_id: FromQuery[UUID | None] = None,
        invoice_id: FromQuery[UUID | None] = None,
        status: Word = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> JsonObject:
        """Payments, newest first."""
        where = {
            "customer_id": caller_of(request).own or customer_id,
            "invoice_id": invoice_id,
            "status": status,
        }
        return shown(await queries.listing("payment", page(limit, cursor), where))

    @get("/payments/{payment_id:uuid}", **serves(answers.Payment, "payments:read"))
    async def payment(request: Http, payment_id: FromPath[UUID]) -> JsonObject:
        """One payment."""
        return await queries.one("payment", payment_id, caller_of(request).own)

    async def ask(request: Http, payment_id: UUID, reason: str) -> JsonObject:
        await queries.one("payment", payment_id, caller_of(request).own)

        async def work(uow: Any) -> JsonObject:
            found = await uow.attempts.get_many([AttemptId(payment_id)])
            attempt = found[AttemptId(payment_id)]
            if attempt.is_open:
                uow.messages.add([ask_message(attempt, cause_of(request, reason))])
            return {"payment_id": str(payment_id), "asked": attempt.is_open}

        return await in_transaction(open_uow, work)

    @post("/payments/{payment_id:uuid}/paid", **serves(answers.Asked, "payments:hint", status=202))
    async def paid(request: Http, payment_id: FromPath[UUID]) -> JsonObject:
        """A browser says it has paid: the gateway is asked, the browser is not believed."""
        return await ask(request, payment_id, "the browser says it has paid")

    @post(
        "/admin/payments/{payment_id:uuid}/check",
        **serves(answers.Asked, "payments:check", status=202),
    )
    async def check(request: Http, payment_id: FromPath[UUID]) -> JsonObject:
        """Ask the gateway how a payment stands."""
        return await ask(request, payment_id, "asked by hand")

    @get("/admin/payments", **serves(answers.Payments, "payments:audit"))
    async def all_payments(
        status: Word = None,
        provider: Word = None,
        customer_id: FromQuery[UUID | None] = None,
        since: Moment = None,
        until: Moment = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> JsonObject:
        """Everybody's payments, newest first; `since` is included, `until` is not."""
        where = {"status": status, "provider": provider, "customer_id": customer_id}
        period = (instant(since, "since"), instant(until, "until"))
        return shown(await queries.listing("payment", page(limit, cursor), where, period))

    @post(
        "/admin/payments/{payment_id:uuid}/refund",
        **serves(answers.Refund, "payments:refund", status=202, keyed=True),
    )
    async def refund(request: Http, payment_id: FromPath[UUID], data: JSONBody[NewRefund]) -> Any:
        """Give money back; above the limit an administrator approves it too, as a ticket."""

        async def work(uow: Any) -> JsonObject:
            wish = TicketWish(
                cause=cause_of(request, data.reason),
                attempt_id=AttemptId(payment_id),
                owner=None,
                reason=Reason.OTHER,
                text=data.reason,
                amount_minor=data.amount_minor,
            )
            made = await house.refund_by_hand().within(uow, wish)
            status = status_of_ticket(made) if isinstance(made, RefundTicket) else status_of(made)
            return {
                # The refund of a ticket has the ticket's id.
                "refund_id": str(made.id),
                "status": status,
                "amount_minor": made.money.amount_minor,
                "currency": made.money.currency.code,
            }

        return await under_key(request, open_uow, data, work, status=202)

    async def decide(request: Http, payment_id: UUID, data: Decision, *, takes: bool) -> Any:
        key, review = AttemptId(payment_id), house.decide_review()
        snapshot = await review.shown(key)
        cause = cause_of(request, data.reason)

        async def work(uow: Any) -> JsonObject:
            await (review.take if takes else review.give_back)(uow, key, snapshot, cause)
            decided = (await uow.attempts.get_many([key]))[key]
            return {"payment_id": str(payment_id), "status": status_of_payment(decided)}

        return await under_key(request, open_uow, data, work, status=200)

    @post(
        "/admin/payments/{payment_id:uuid}/accept",
        **serves(answers.Decided, "payments:decide", keyed=True),
    )
    async def accept(request: Http, payment_id: FromPath[UUID], data: JSONBody[Decision]) -> Any:
        """Take what the gateway holds of a payment in review, though it is not what was agreed."""
        return await decide(request, payment_id, data, takes=True)

    @post(
        "/admin/payments/{payment_id:uuid}/return",
        **serves(answers.Decided, "payments:decide", keyed=True),
    )
    async def send_back(request: Http, payment_id: FromPath[UUID], data: JSONBody[Decision]) -> Any:
        """Send back what the gateway holds of a payment in review; it is owed again."""
        return await decide(request, payment_id, data, takes=False)

    return [payments, payment, paid, check, all_payments, refund, accept, send_back]


def webhooks(house: Container) -> HTTPRouteHandler:
    """Return the route that gateways call; it trusts nothing but the provider's own check.

    Some send each kind of notification to an address of its own: `/webhooks/cloudpayments/pay`.
    """
    settings, open_uow = house.settings(), house.open_uow()

    @post(
        ["/webhooks/{provider:str}", "/webhooks/{provider:str}/{kind:str}"],
        **serves(None, PUBLIC),
    )
    async def webhook(request: Http, provider: FromPath[str]) -> Response[bytes | None]:
        """Take a notification; 200 says that it is kept and need not come again.

        A gateway that asks before it takes money is answered from our books, in its own words.
        """
        if provider not in house.gateways().codes():
            raise NotFound("payment provider", provider)
        raw = RawRequest(
            method=request.method,
            path=request.scope["path"],
            headers=headers_of(request),
            body=await request.body(),
            peer_ip=peer_of(request, settings.trusted_proxies),
        )
        gateway: object = house.gateways().get(provider)
        if not isinstance(gateway, AsksFirst):
            await house.receive_notification()(provider, raw)
            return Response(None, status_code=200)
        if asked := gateway.question(raw):
            async with open_uow() as uow:
                return _said(gateway.answer(await judge(uow, provider, asked)))
        await house.receive_notification()(provider, raw)
        return _said(gateway.acknowledgement)

    return webhook


def _said(body: bytes) -> Response[bytes | None]:
    return Response(body, status_code=200, media_type="application/json")
