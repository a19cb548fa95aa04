"""Numbers: orders of partners, stops, operators' callbacks, and links to content."""

from typing import Any
from uuid import uuid4

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from adapters.phone_numbers import parse_number
from application.carrier.gateway import RawCallback
from application.carrier.order_sms import hash_of
from application.carrier.ports import Order
from application.errors import NotFound
from application.identity.access import PUBLIC
from application.ports import JsonObject
from domain.carrier.operator import Operator
from domain.shared.errors import InvalidValue
from domain.shared.ids import SubscriptionId
from domain.shared.msisdn import Msisdn
from entrypoints.api.answers import carrier as answers
from entrypoints.api.commands import in_transaction
from entrypoints.api.contract import serves
from entrypoints.api.doors import cause_of, headers_of, peer_of
from entrypoints.api.paging import instant
from entrypoints.api.shapes_carrier import NewOrder, PurgeOrder, StopOrder
from entrypoints.container import Container

Http = Request[Any, Any, Any]


async def operator_of(house: Container, code: str) -> Operator:
    """Return an operator that is served; raise NotFound."""
    found = (await house.carrier().references.current()).operators.get(code)
    if found is None or not found.is_active:
        raise NotFound("operator", code)
    return found


def number_of(operator: Operator, written: str) -> Msisdn:
    """Read a number of an operator; refuse one that begins like somebody else's."""
    msisdn = parse_number(written, country_code=operator.country_code)
    if not operator.serves(msisdn):
        raise InvalidValue(f"that is no number of {operator.name}")
    return msisdn


def routes(house: Container) -> list[HTTPRouteHandler]:
    """Return the routes that partners call with a token."""
    open_uow, carrier, clock = house.open_uow(), house.carrier(), house.clock()

    @post("/carrier/{operator:str}/mo", **serves(answers.Taken, "carrier:order", status=202))
    async def mo(request: Http, operator: FromPath[str], data: JSONBody[NewOrder]) -> answers.Taken:
        """Take an order; the same `event_id` again is the same order."""
        found = await operator_of(house, operator)
        named = [data.service_code, data.campaign, data.keyword]
        if sum(one is not None for one in named) != 1:
            raise InvalidValue("name exactly one of service_code, campaign and keyword")
        order = Order(
            operator=operator,
            event_id=f"api:{data.event_id}",
            tid=f"{data.event_id}={uuid4()}",
            msisdn=number_of(found, data.msisdn),
            service_code=data.service_code,
            keyword=data.keyword,
            campaign_code=data.campaign,
            text=data.text,
            source=data.source,
            said_at=instant(data.said_at, "said_at"),
            pixel=data.pixel,
            publisher=data.publisher,
            received_at=clock.now(),
        )

        async def work(uow: Any) -> JsonObject:
            carrier.take_orders.within(uow, [order])
            return {}

        await in_transaction(open_uow, work)
        return answers.Taken(event_id=data.event_id, tid=order.tid)

    @post("/carrier/{operator:str}/unsubscribe", **serves(answers.Ended, "carrier:stop"))
    async def unsubscribe(
        request: Http, operator: FromPath[str], data: JSONBody[StopOrder]
    ) -> answers.Ended:
        """End a service of a number at once, or all it has with this operator."""
        found = await operator_of(house, operator)
        msisdn = number_of(found, data.msisdn)
        cause = cause_of(request, data.reason)

        async def work(uow: Any) -> JsonObject:
            live = await uow.subscriptions.of_numbers([msisdn], live=True)
            ids = [
                SubscriptionId(one.id)
                for one in live
                if one.terms.operator == operator
                and data.service_code in (None, one.terms.service_code)
            ]
            ended = await carrier.unsubscribe.these(uow, ids, cause, reason=data.reason)
            return {"ended": ended}

        return answers.Ended(ended=(await in_transaction(open_uow, work))["ended"])

    @post("/carrier/purge", **serves(answers.Ended, "carrier:stop"))
    async def purge(request: Http, data: JSONBody[PurgeOrder]) -> answers.Ended:
        """End everything a number has, with every operator."""
        msisdn = parse_number(data.msisdn, country_code=data.country_code)
        cause = cause_of(request, data.reason)

        async def work(uow: Any) -> JsonObject:
            ended = await carrier.unsubscribe.all_of(uow, msisdn, cause, reason=data.reason)
            return {"ended": ended}

        return answers.Ended(ended=(await in_transaction(open_uow, work))["ended"])

    return [mo, unsubscribe, purge]


def doors(house: Container) -> list[HTTPRouteHandler]:
    """Return the routes that operators and subscribers call; each checks its own sender."""
    settings, carrier, clock = house.settings(), house.carrier(), house.clock()

    async def taken(request: Http, operator: str, rest: str) -> Response[bytes]:
        raw = RawCallback(
            method=request.method,
            path=rest.strip("/"),
            query=tuple(request.query_params.multi_items()),
            headers=headers_of(request),
            body=await request.body(),
            peer_ip=peer_of(request, settings.trusted_proxies),
            received_at=clock.now(),
        )
        reply = await carrier.receive(operator, raw)
        return Response(reply.body, status_code=reply.status, media_type=reply.content_type)

    @post(
        ["/callbacks/{operator:str}", "/callbacks/{operator:str}/{rest:path}"],
        **serves(None, PUBLIC),
    )
    async def callback(
        request: Http, operator: FromPath[str], rest: FromPath[str] = ""
    ) -> Response[bytes]:
        """Take a callback of an operator; the answer is the one its protocol wants."""
        return await taken(request, operator, rest)

    @get(
        ["/callbacks/{operator:str}", "/callbacks/{operator:str}/{rest:path}"],
        **serves(None, PUBLIC),
    )
    async def called(
        request: Http, operator: FromPath[str], rest: FromPath[str] = ""
    ) -> Response[bytes]:
        """Take a callback of an operator whose protocol has it all in the address."""
        return await taken(request, operator, rest)

    @get("/u/{token:str}", **serves(None, PUBLIC))
    async def content(token: FromPath[str]) -> Response[None]:
        """Open the content a link was sent for; a link opens once."""
        async with house.open_uow()() as uow:
            url = await carrier.sms.open_link(uow, hash_of(token), clock.now())
            await uow.commit()
        if url is None:
            raise NotFoundException("this link was used, is too old, or was never sent")
        headers = {"Location": url, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
        return Response(None, status_code=302, headers=headers)

    return [callback, called, content]
