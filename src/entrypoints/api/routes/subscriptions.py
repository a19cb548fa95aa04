"""Subscribe, look, unsubscribe, resume."""

from typing import Any
from uuid import UUID

from litestar import Request, delete, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody

from adapters.postgres.queries import show_subscription
from adapters.postgres.subscriptions import to_row
from application.errors import NotFound
from application.idempotency import KeptAnswer, once
from application.payments.pay_invoice import PayInvoiceCommand
from application.ports import JsonObject
from application.subscriptions.change_renewal import ChangeRenewalCommand
from application.subscriptions.subscribe import SubscribeCommand
from domain.shared.ids import CustomerId, MethodId, PriceId, SubscriptionId
from domain.subscriptions.model import Subscription
from entrypoints.api import answers
from entrypoints.api.commands import (
    answer_of,
    at_the_provider,
    in_transaction,
    reserved_payment,
)
from entrypoints.api.contract import serves
from entrypoints.api.doors import caller_of, cause_of, key_of
from entrypoints.api.paging import Cursor, Limit, instant, page, shown
from entrypoints.api.problems import BadRequest
from entrypoints.api.routes.invoices import check_return
from entrypoints.api.shapes import NewSubscription
from entrypoints.container import Container

Http = Request[Any, Any, Any]


def customer_for(request: Http, given: UUID | None) -> CustomerId:
    """Return whom a command is for: the customer who calls, or the one a backend names."""
    own = caller_of(request).own
    if own is not None:
        if given is not None and given != own:
            raise NotFound("customer", given)
        return own
    if given is None:
        raise BadRequest("name the customer_id this is for")
    return CustomerId(given)


def routes(house: Container) -> list[HTTPRouteHandler]:
    """Return the routes of subscriptions."""
    open_uow, queries, clock = house.open_uow(), house.queries(), house.clock()

    def show(subscription: Subscription) -> JsonObject:
        return show_subscription(to_row(subscription), clock.now())

    @post(
        "/subscriptions",
        **serves(answers.Subscribed, "subscriptions:change", status=201, keyed=True),
    )
    async def subscribe(request: Http, data: JSONBody[NewSubscription]) -> Any:
        """Subscribe; the answer names the invoice to pay where there is one."""
        house.gateways().get(data.provider)
        customer_id = customer_for(request, data.customer_id)
        checks_out = data.pay == "redirect"
        if checks_out:
            check_return(data.return_url, house.settings().return_origins)
        command = SubscribeCommand(
            cause=cause_of(request, "subscribed"),
            customer_id=customer_id,
            price_id=PriceId(data.price_id),
            provider=data.provider,
            auto_renewal=data.auto_renewal,
            charge_saved=data.pay == "saved",
            method_id=MethodId(data.method_id) if data.method_id else None,
            starts_at=instant(data.starts_at, "starts_at"),
        )

        async def reserve(uow: Any) -> KeptAnswer:
            if customer_id not in await uow.customers.get_many([customer_id]):
                raise NotFound("customer", customer_id)
            done = await house.subscribe().within(uow, command)
            subscription, payment = done.subscription, None
            if checks_out and done.invoice_id is not None:
                paying = PayInvoiceCommand(
                    cause=command.cause,
                    invoice_id=done.invoice_id,
                    owner=customer_id,
                    provider=data.provider,
                    return_url=data.return_url,
                    save_method=data.save_method,
                )
                payment = reserved_payment(await house.pay_invoice().within(uow, paying))
                subscription = (await uow.subscriptions.lock_many([subscription.id]))[
                    subscription.id
                ]
            invoice_id = str(done.invoice_id) if done.invoice_id else None
            body = {
                "subscription": show(subscription),
                "invoice_id": invoice_id,
                "payment": payment,
            }
            return KeptAnswer(
                status=201, body=body, provisional=payment is not None and "payment_id" in payment
            )

        key = key_of(request, data)
        answer, old = await once(open_uow, key, reserve)
        if answer.provisional:
            return await at_the_provider(
                house, key, answer, command.cause, old=old, under="payment"
            )
        return answer_of(answer, old=old)

    @get("/subscriptions", **serves(answers.Subscriptions, "subscriptions:read"))
    async def subscriptions(
        request: Http,
        customer_id: FromQuery[UUID | None] = None,
        active: FromQuery[bool | None] = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> JsonObject:
        """Subscriptions, newest first."""
        owner = caller_of(request).own or customer_id
        where = page(limit, cursor)
        return shown(
            await queries.subscriptions(where, owner=owner, active=active, now=clock.now())
        )

    @get(
        "/subscriptions/{subscription_id:uuid}",
        **serves(answers.Subscription, "subscriptions:read"),
    )
    async def subscription(request: Http, subscription_id: FromPath[UUID]) -> JsonObject:
        """One subscription: whether it gives access now, and what happens next."""
        own = caller_of(request).own
        return await queries.subscription(subscription_id, owner=own, now=clock.now())

    def change(request: Http, subscription_id: UUID, reason: str) -> ChangeRenewalCommand:
        return ChangeRenewalCommand(
            cause=cause_of(request, reason),
            subscription_id=SubscriptionId(subscription_id),
            owner=caller_of(request).own,
        )

    @delete(
        "/subscriptions/{subscription_id:uuid}",
        **serves(answers.Subscription, "subscriptions:change"),
    )
    async def unsubscribe(request: Http, subscription_id: FromPath[UUID]) -> JsonObject:
        """Stop: access lasts to the end of what is paid, and nothing is charged again."""
        command = change(request, subscription_id, "unsubscribed")

        async def work(uow: Any) -> JsonObject:
            return show(await house.stop_renewal().within(uow, command))

        return await in_transaction(open_uow, work)

    @post(
        "/subscriptions/{subscription_id:uuid}/resume-renewal",
        **serves(answers.Subscription, "subscriptions:change"),
    )
    async def resume(request: Http, subscription_id: FromPath[UUID]) -> JsonObject:
        """Take an unsubscribe back while the paid period lasts."""
        command = change(request, subscription_id, "renewal resumed")

        async def work(uow: Any) -> JsonObject:
            return show(await house.resume_renewal().within(uow, command))

        return await in_transaction(open_uow, work)

    return [subscribe, subscriptions, subscription, unsubscribe, resume]
