"""Free days for lists of people: accepted at once, answered person by person."""

from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody

from application.ports import JsonObject
from application.subscriptions.promote import Outcome, PromoteCommand
from domain.shared.ids import PriceId
from entrypoints.api.answers import subscriptions as answers
from entrypoints.api.commands import under_key
from entrypoints.api.contract import serves
from entrypoints.api.doors import cause_of
from entrypoints.api.paging import Cursor, Limit, page, shown
from entrypoints.api.shapes import NewPromotion
from entrypoints.container import Container

Http = Request[Any, Any, Any]
MAY = "subscriptions:manage"
# Ten thousand ids of two hundred characters, and what JSON makes of them.
LARGEST_LIST = 4 * 1024 * 1024


def routes(house: Container) -> list[HTTPRouteHandler]:
    """Return the routes of promotions."""
    open_uow, desk = house.open_uow(), house.subscription_desk()

    @post(
        "/admin/promotions",
        request_max_body_size=LARGEST_LIST,
        **serves(answers.AcceptedPromotion, MAY, status=202, keyed=True),
    )
    async def promote(request: Http, data: JSONBody[NewPromotion]) -> Any:
        """Accept a list of people; who is in it twice is answered once."""
        house.gateways().get(data.provider)
        command = PromoteCommand(
            cause=cause_of(request, data.reason),
            price_id=PriceId(data.price_id),
            provider=data.provider,
            days=data.days,
            external_ids=data.external_ids,
        )

        async def work(uow: Any) -> JsonObject:
            accepted = await desk.promote.within(uow, command)
            where = f"{request.url.path.rstrip('/')}/{accepted.id}/people"
            return {"id": str(accepted.id), "people": where}

        return await under_key(request, open_uow, data, work, status=202)

    @get("/admin/promotions", **serves(answers.Promotions, MAY))
    async def promotions(limit: Limit = 50, cursor: Cursor = None) -> JsonObject:
        """Promotions, newest first, with how many people got which answer."""
        return shown(await desk.promotions.promotions(page(limit, cursor)))

    @get("/admin/promotions/{promotion_id:uuid}", **serves(answers.Promotion, MAY))
    async def promotion(promotion_id: FromPath[UUID]) -> JsonObject:
        """One promotion."""
        return await desk.promotions.promotion(promotion_id)

    @get(
        "/admin/promotions/{promotion_id:uuid}/people",
        **serves(answers.PromotedPeople, MAY),
    )
    async def people(
        promotion_id: FromPath[UUID],
        result: FromQuery[Outcome | None] = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> JsonObject:
        """What became of the people of a list, in its order."""
        return shown(await desk.promotions.people(promotion_id, page(limit, cursor), result))

    return [promote, promotions, promotion, people]
