"""Subscribe, look, unsubscribe, resume."""

from datetime import UTC
from typing import Any
from uuid import UUID

from litestar import Request, delete, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody

from adapters.postgres.queries import show_subscription
from adapters.postgres.subscriptions import to_row
from application.errors import NotFound
from application.ports import JsonObject
from application.subscriptions.change_renewal import ChangeRenewalCommand
from application.subscriptions.subscribe import SubscribeCommand
from domain.shared.errors import InvalidValue
from domain.shared.ids import CustomerId, MethodId, PriceId, SubscriptionId
from domain.subscriptions.model import Subscription
from entrypoints.api.commands import in_transaction, under_key
from entrypoints.api.doors import caller_of, cause_of, needs
from entrypoints.api.paging import Cursor, Limit, page, shown
from entrypoints.api.problems import BadRequest
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

    @post("/subscriptions", opt=needs("subscriptions:change"), status_code=201)
    async def subscribe(request: Http, data: JSONBody[NewSubscription]) -> Any:
        """Subscribe; the answer names the invoice to pay where there is one."""
        house.gateways().get(data.provider)
        customer_id = customer_for(request, data.customer_id)
        if data.starts_at is not None and data.starts_at.tzinfo is None:
            raise InvalidValue("starts_at needs an offset from UTC")
        command = SubscribeCommand(
            cause=cause_of(request, "subscribed"),
            customer_id=customer_id,
            price_id=PriceId(data.price_id),
            provider=data.provider,
            auto_renewal=data.auto_renewal,
            charge_saved=data.pay == "saved",
            method_id=MethodId(data.method_id) if data.method_id else None,
            starts_at=data.starts_at.astimezone(UTC) if data.starts_at else None,
        )

        async def work(uow: Any) -> JsonObject:
            if customer_id not in await uow.customers.get_many([customer_id]):
                raise NotFound("customer", customer_id)
            done = await house.subscribe().within(uow, command)
            invoice_id = str(done.invoice_id) if done.invoice_id else None
            return {"subscription": show(done.subscription), "invoice_id": invoice_id}

        return await under_key(request, open_uow, data, work, status=201)

    @get("/subscriptions", opt=needs("subscriptions:read"))
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

    @get("/subscriptions/{subscription_id:uuid}", opt=needs("subscriptions:read"))
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
        opt=needs("subscriptions:change"),
        status_code=200,
    )
    async def unsubscribe(request: Http, subscription_id: FromPath[UUID]) -> JsonObject:
        """Stop: access lasts to the end of what is paid, and nothing is charged again."""
        command = change(request, subscription_id, "unsubscribed")

        async def work(uow: Any) -> JsonObject:
            return show(await house.stop_renewal().within(uow, command))

        return await in_transaction(open_uow, work)

    @post(
        "/subscriptions/{subscription_id:uuid}/resume-renewal",
        opt=needs("subscriptions:change"),
        status_code=200,
    )
    async def resume(request: Http, subscription_id: FromPath[UUID]) -> JsonObject:
        """Take an unsubscribe back while the paid period lasts."""
        command = change(request, subscription_id, "renewal resumed")

        async def work(uow: Any) -> JsonObject:
            return show(await house.resume_renewal().within(uow, command))

        return await in_transaction(open_uow, work)

    return [subscribe, subscriptions, subscription, unsubscribe, resume]
