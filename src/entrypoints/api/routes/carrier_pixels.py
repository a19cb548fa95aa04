"""Postbacks: clicks of partners, settings, publishers, and what was not sent."""

from typing import Any
from uuid import UUID

from litestar import Request, delete, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from adapters.http.outbound import NotAllowed
from adapters.phone_numbers import parse_number
from application.carrier.pixel_ports import Click
from application.errors import NotFound
from application.ports import JsonObject
from domain.carrier.postback import PixelSetting, Publisher
from domain.shared.errors import InvalidValue
from entrypoints.api.answers import pixels as answers
from entrypoints.api.commands import in_transaction
from entrypoints.api.contract import serves
from entrypoints.api.paging import Cursor, Limit, Word, instant, page, shown
from entrypoints.api.routes.carrier import operator_of
from entrypoints.api.shapes_pixels import NewClick, NewPixelSetting, NewPublisher, Resend
from entrypoints.container import Container

Http = Request[Any, Any, Any]


def routes(house: Container) -> list[HTTPRouteHandler]:
    """Return the routes of postbacks."""
    open_uow, clock, entropy = house.open_uow(), house.clock(), house.entropy()
    pixels, outbound = house.pixels(), house.outbound()

    @post("/carrier/{operator:str}/clicks", **serves(answers.Kept, "carrier:order", status=202))
    async def click(operator: FromPath[str], data: JSONBody[NewClick]) -> answers.Kept:
        """Keep a click for an order that will come from the operator; the same pixel once."""
        served = await operator_of(house, operator)
        campaign = (await house.carrier().references.current()).campaigns.get(data.campaign)
        if campaign is None or campaign.operator != operator:
            raise NotFound("campaign", f"{operator}/{data.campaign}")
        kept = Click(
            id=entropy.new_id(),
            operator=operator,
            campaign_code=data.campaign,
            pixel=data.pixel,
            publisher=data.publisher,
            tid=data.tid,
            msisdn=parse_number(data.msisdn, country_code=served.country_code)
            if data.msisdn
            else None,
            operator_token=data.operator_token,
            clicked_at=instant(data.clicked_at, "clicked_at") or clock.now(),
        )

        async def work(uow: Any) -> JsonObject:
            return {"new": await pixels.rows.add_click(uow, kept)}

        return answers.Kept(**await in_transaction(open_uow, work))

    @put("/admin/carrier/pixel-settings", **serves(answers.Saved, "carrier:manage"))
    async def put_setting(data: JSONBody[NewPixelSetting]) -> answers.Saved:
        """Put where a publisher is told; campaign, operator and publisher make it one."""
        setting = PixelSetting(
            id=entropy.new_id(),
            campaign_code=data.campaign,
            operator=data.operator,
            publisher=data.publisher,
            endpoint=data.endpoint,
            timeout_seconds=data.timeout_seconds,
            ratio=data.ratio,
            is_enabled=data.is_enabled,
        )
        try:
            outbound.check(data.endpoint)
        except NotAllowed as error:
            raise InvalidValue(f"{error}: see KAZNA_POSTBACK_HOSTS") from error
        reference = await house.carrier().references.reload()
        if data.campaign is not None and data.campaign not in reference.campaigns:
            raise NotFound("campaign", data.campaign)
        if data.operator is not None and data.operator not in reference.operators:
            raise NotFound("operator", data.operator)

        async def work(uow: Any) -> JsonObject:
            return {"id": str(await pixels.rows.put_setting(uow, setting))}

        return answers.Saved(**await in_transaction(open_uow, work))

    @get("/admin/carrier/pixel-settings", **serves(answers.Settings, "carrier:read"))
    async def settings() -> answers.Settings:
        """All settings and publishers."""
        return answers.Settings(**await pixels.queries.settings())

    @delete(
        "/admin/carrier/pixel-settings/{key:uuid}",
        **serves(None, "carrier:manage", status=204),
    )
    async def drop_setting(key: FromPath[UUID]) -> None:
        """Tell this publisher no more."""

        async def work(uow: Any) -> JsonObject:
            if not await pixels.rows.drop_setting(uow, key):
                raise NotFound("pixel setting", key)
            return {}

        await in_transaction(open_uow, work)

    @put("/admin/carrier/publishers/{name:str}", **serves(answers.Named, "carrier:manage"))
    async def put_publisher(name: FromPath[str], data: JSONBody[NewPublisher]) -> answers.Named:
        """Put a publisher by what its pixels look like: a regular expression of the whole text."""
        publisher = Publisher(name[:100], data.pattern)

        async def work(uow: Any) -> JsonObject:
            await pixels.rows.put_publisher(uow, publisher, data.place)
            return {"name": publisher.name}

        return answers.Named(**await in_transaction(open_uow, work))

    @get("/admin/carrier/pixels", **serves(answers.Pixels, "carrier:read"))
    async def listed(status: Word = None, limit: Limit = 50, cursor: Cursor = None) -> JsonObject:
        """Postbacks, latest first; `chosen` are those that were not answered with 200 yet."""
        return shown(await pixels.queries.pixels(page(limit, cursor), status))

    @post("/admin/carrier/pixels/resend", **serves(answers.Resent, "carrier:manage"))
    async def resend(data: JSONBody[Resend]) -> answers.Resent:
        """Send again what was not sent; what is on its way is left alone."""

        async def work(uow: Any) -> JsonObject:
            ordered = await pixels.resend.within(uow, hours=data.hours, limit=data.limit)
            return {"ordered": ordered}

        return answers.Resent(**await in_transaction(open_uow, work))

    return [
        click,
        put_setting,
        settings,
        drop_setting,
        put_publisher,
        listed,
        resend,
    ]
