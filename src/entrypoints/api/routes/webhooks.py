"""Webhooks: endpoints of the company's own programs, the log of deliveries, and sending again."""

from typing import Any
from uuid import UUID

from litestar import Request, delete, get, patch, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody

from adapters.http.outbound import NotAllowed
from application.ports import JsonObject
from application.webhooks.endpoints import Wish
from domain.shared.errors import InvalidValue
from entrypoints.api.answers import webhooks as answers
from entrypoints.api.commands import in_transaction
from entrypoints.api.contract import serves
from entrypoints.api.doors import cause_of
from entrypoints.api.paging import Cursor, Limit, Moment, Word, instant, page, shown
from entrypoints.api.shapes_webhooks import EndpointChange, NewEndpoint, ResendFailed
from entrypoints.container import Container

Http = Request[Any, Any, Any]
PATH = "/admin/webhook-endpoints"
ONE = PATH + "/{endpoint_id:uuid}"
MANAGE = "webhooks:manage"


def routes(house: Container) -> list[HTTPRouteHandler]:
    """Return the routes of webhooks."""
    return [*_endpoints(house), *_secrets_and_tests(house), *_deliveries(house)]


def _endpoints(house: Container) -> list[HTTPRouteHandler]:
    webhooks, open_uow = house.webhooks(), house.open_uow()

    def checked(url: str) -> str:
        try:
            webhooks.way_out.check(url)
        except NotAllowed as error:
            raise InvalidValue(str(error)) from error
        return url

    @post(PATH, **serves(answers.WebhookEndpointCreated, MANAGE, status=201))
    async def create(request: Http, data: JSONBody[NewEndpoint]) -> JsonObject:
        """Create an endpoint: it is told of events from now on. Its secret is shown this once."""

        async def work(uow: Any) -> JsonObject:
            endpoint, secret = await webhooks.endpoints.create(
                uow, checked(data.url), data.events, data.description, cause_of(request, "created")
            )
            return {"id": endpoint.id, "secret": secret}

        return await in_transaction(open_uow, work)

    @get(PATH, **serves(answers.WebhookEndpoints, MANAGE))
    async def listed(limit: Limit = 50, cursor: Cursor = None) -> JsonObject:
        """Endpoints, newest first."""
        return shown(await webhooks.queries.endpoints(page(limit, cursor)))

    @get(ONE, **serves(answers.WebhookEndpoint, MANAGE))
    async def one(endpoint_id: FromPath[UUID]) -> JsonObject:
        """An endpoint as it stands."""
        return await webhooks.queries.endpoint(endpoint_id)

    @patch(ONE, **serves(answers.WebhookEndpoint, MANAGE))
    async def change(
        request: Http, endpoint_id: FromPath[UUID], data: JSONBody[EndpointChange]
    ) -> JsonObject:
        """Change an endpoint; when it is switched off, what waits for it is given up."""
        wish = Wish(
            url=None if data.url is None else checked(data.url),
            events=data.events,
            description=data.description,
            is_enabled=data.is_enabled,
        )

        async def work(uow: Any) -> JsonObject:
            cause = cause_of(request, "changed by hand")
            await webhooks.endpoints.change(uow, endpoint_id, wish, cause)
            return {}

        await in_transaction(open_uow, work)
        return await webhooks.queries.endpoint(endpoint_id)

    @delete(ONE, **serves(None, MANAGE, status=204))
    async def drop(request: Http, endpoint_id: FromPath[UUID]) -> None:
        """Delete an endpoint and its secrets; the log of its deliveries stays for a while."""

        async def work(uow: Any) -> JsonObject:
            await webhooks.endpoints.delete(uow, endpoint_id, cause_of(request, "deleted by hand"))
            return {}

        await in_transaction(open_uow, work)

    return [create, listed, one, change, drop]


def _secrets_and_tests(house: Container) -> list[HTTPRouteHandler]:
    webhooks, open_uow = house.webhooks(), house.open_uow()

    @post(f"{ONE}/rotate", **serves(answers.WebhookSecretRotated, MANAGE))
    async def rotate(request: Http, endpoint_id: FromPath[UUID]) -> JsonObject:
        """Give an endpoint a new secret, shown this once; for a day the old one signs as well."""

        async def work(uow: Any) -> JsonObject:
            secret, until = await webhooks.endpoints.rotate(
                uow, endpoint_id, cause_of(request, "rotated by hand")
            )
            return {"secret": secret, "old_secret_valid_until": until}

        return await in_transaction(open_uow, work)

    @post(f"{ONE}/test", **serves(answers.WebhookTestOrdered, MANAGE, status=202))
    async def test(request: Http, endpoint_id: FromPath[UUID]) -> JsonObject:
        """Send `webhooks.tested` to this endpoint alone, the way everything is sent."""

        async def work(uow: Any) -> JsonObject:
            await webhooks.endpoints.test(uow, endpoint_id, cause_of(request, "tested by hand"))
            return {"id": endpoint_id}

        return await in_transaction(open_uow, work)

    return [rotate, test]


def _deliveries(house: Container) -> list[HTTPRouteHandler]:
    webhooks, open_uow = house.webhooks(), house.open_uow()

    @get("/admin/webhook-deliveries", **serves(answers.WebhookDeliveries, MANAGE))
    async def log(
        endpoint_id: FromQuery[UUID | None] = None,
        status: FromQuery[answers.DeliveryStatus | None] = None,
        event_name: Word = None,
        event_id: FromQuery[UUID | None] = None,
        since: Moment = None,
        until: Moment = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> JsonObject:
        """The log of deliveries, latest first; `since` and `until` say when they were ordered."""
        found = await webhooks.queries.deliveries(
            page(limit, cursor),
            endpoint_id=endpoint_id,
            status=status,
            event_name=event_name,
            event_id=event_id,
            period=(instant(since, "since"), instant(until, "until")),
        )
        return shown(found)

    @post(
        "/admin/webhook-deliveries/{delivery_id:uuid}/resend",
        **serves(answers.WebhooksResent, MANAGE),
    )
    async def resend(delivery_id: FromPath[UUID]) -> JsonObject:
        """Send a delivery again under the id it had, with all its tries before it."""

        async def work(uow: Any) -> JsonObject:
            return {"ordered": int(await webhooks.resend.one(uow, delivery_id))}

        return await in_transaction(open_uow, work)

    @post(f"{ONE}/resend", **serves(answers.WebhooksResent, MANAGE))
    async def resend_failed(
        endpoint_id: FromPath[UUID], data: JSONBody[ResendFailed]
    ) -> JsonObject:
        """Send again what failed and was ordered since an instant, in the feed's order."""
        since = instant(data.since, "since")
        assert since is not None

        async def work(uow: Any) -> JsonObject:
            ordered = await webhooks.resend.failed(uow, endpoint_id, since, data.limit)
            return {"ordered": ordered}

        return await in_transaction(open_uow, work)

    return [log, resend, resend_failed]
