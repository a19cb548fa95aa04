"""What is sold, for everybody; and the managers' side of it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from litestar import Request, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody

from adapters.postgres.codec import fields_of
from adapters.postgres.queries import WhichPrices
from application.catalog.manage_plans import CreatePlanCommand
from application.errors import NotFound
from application.identity.access import PUBLIC
from application.ports import JsonObject
from domain.catalog.plan import Dunning, Feature
from domain.shared.calendar import Interval, Unit
from domain.shared.ids import PlanId
from domain.shared.money import Money
from entrypoints.api import answers
from entrypoints.api.commands import in_transaction, under_key
from entrypoints.api.contract import serves
from entrypoints.api.doors import cause_of
from entrypoints.api.paging import Cursor, FeatureCode, Limit, instant, page, shown
from entrypoints.api.shapes import FeatureList, NewFeature, NewPlan, NewPrice
from entrypoints.container import Container

Http = Request[Any, Any, Any]


def routes(house: Container) -> list[HTTPRouteHandler]:
    """Return the routes of the catalog."""
    open_uow, queries, clock = house.open_uow(), house.queries(), house.clock()

    @get("/catalog/plans", **serves(answers.Plans, PUBLIC))
    async def plans() -> JsonObject:
        """Plans on sale, with their prices."""
        return {"items": await queries.plans(only_active=True, now=clock.now())}

    @get("/catalog/plans/{plan_id:uuid}", **serves(answers.Plan, PUBLIC))
    async def plan(plan_id: FromPath[UUID]) -> JsonObject:
        """One plan on sale."""
        found = [
            p
            for p in await queries.plans(only_active=True, now=clock.now())
            if p["id"] == str(plan_id)
        ]
        if not found:
            raise NotFound("plan", plan_id)
        return found[0]

    @get("/catalog/prices", **serves(answers.Prices, PUBLIC))
    async def prices(
        plan_id: FromQuery[UUID | None] = None, limit: Limit = 50, cursor: Cursor = None
    ) -> JsonObject:
        """What plans cost now."""
        return shown(
            await queries.prices(page(limit, cursor), plan_id, which="active", now=clock.now())
        )

    @get("/catalog/features", **serves(answers.Features, PUBLIC))
    async def features() -> JsonObject:
        """What plans may give."""
        return {"items": await queries.features()}

    @get("/catalog/providers", **serves(answers.Providers, PUBLIC))
    async def providers() -> JsonObject:
        """How one may pay here."""
        gateways = house.gateways()
        codes = sorted(gateways.codes())
        return {"items": [{"code": code, "is_test": gateways.is_test(code)} for code in codes]}

    @get("/admin/plans", **serves(answers.Plans, "catalog:audit"))
    async def all_plans() -> JsonObject:
        """Every plan there ever was."""
        return {"items": await queries.plans(only_active=False, now=clock.now())}

    @post(
        "/admin/plans",
        **serves(answers.CreatedPlan, "catalog:manage", status=201, keyed=True),
    )
    async def create_plan(request: Http, data: JSONBody[NewPlan]) -> Any:
        """Create a plan; its retries are checked against its grace."""

        async def work(uow: Any) -> JsonObject:
            made = await house.create_plan().within(
                uow,
                CreatePlanCommand(
                    cause=cause_of(request, "plan created"),
                    name=data.name,
                    interval=Interval(data.interval.count, Unit(data.interval.unit)),
                    description=data.description,
                    is_recurring=data.is_recurring,
                    trial_days=data.trial_days,
                    dunning=Dunning(tuple(data.retry_days), timedelta(hours=data.grace_hours)),
                    features=tuple(data.features),
                ),
            )
            return {"id": str(made.id), "name": made.name}

        return await under_key(request, open_uow, data, work, status=201)

    @post(
        "/admin/plans/{plan_id:uuid}/retire",
        **serves(answers.RetiredPlan, "catalog:manage"),
    )
    async def retire_plan(request: Http, plan_id: FromPath[UUID]) -> JsonObject:
        """Take a plan off sale; whoever has it keeps it."""

        async def work(uow: Any) -> JsonObject:
            cause = cause_of(request, "plan retired")
            retired = await house.retire_plan().within(uow, PlanId(plan_id), cause)
            return {"id": str(retired.id), "is_active": retired.is_active}

        return await in_transaction(open_uow, work)

    @post(
        "/admin/plans/{plan_id:uuid}/prices",
        **serves(answers.SetPrice, "catalog:manage", status=201, keyed=True),
    )
    async def set_price(request: Http, plan_id: FromPath[UUID], data: JSONBody[NewPrice]) -> Any:
        """Set a price, from now on or from a moment to come; the one before ends there.

        Whoever pays an earlier price keeps it, unless the new one `migrates` them.
        """

        async def work(uow: Any) -> JsonObject:
            money = Money.of(data.amount_minor, data.currency)
            cause = cause_of(request, "price set")
            price = await house.set_price().within(
                uow,
                PlanId(plan_id),
                money,
                cause,
                valid_from=instant(data.valid_from, "valid_from"),
                migrates=data.migrates,
            )
            return {"id": str(price.id), "plan_id": str(plan_id), **fields_of(money)}

        return await under_key(request, open_uow, data, work, status=201)

    @put(
        "/admin/plans/{plan_id:uuid}/features",
        **serves(answers.PlanFeatures, "catalog:manage"),
    )
    async def set_features(
        request: Http, plan_id: FromPath[UUID], data: JSONBody[FeatureList]
    ) -> JsonObject:
        """Say what a plan gives; whoever has it is given the same."""

        async def work(uow: Any) -> JsonObject:
            cause = cause_of(request, "features set")
            plan = await house.set_features().within(uow, PlanId(plan_id), data.features, cause)
            return {"id": str(plan.id), "features": list(plan.features)}

        return await in_transaction(open_uow, work)

    @get("/admin/prices", **serves(answers.Prices, "catalog:audit"))
    async def all_prices(
        plan_id: FromQuery[UUID | None] = None,
        archived: FromQuery[bool] = False,
        coming: FromQuery[bool] = False,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> JsonObject:
        """Prices in force, those to come, or the archive."""
        which: WhichPrices = "archived" if archived else "coming" if coming else "active"
        where = page(limit, cursor)
        return shown(await queries.prices(where, plan_id, which=which, now=clock.now()))

    @put("/admin/features/{code:str}", **serves(answers.Feature, "catalog:manage"))
    async def put_feature(
        request: Http, code: FeatureCode, data: JSONBody[NewFeature]
    ) -> JsonObject:
        """Describe something plans may give."""

        async def work(uow: Any) -> JsonObject:
            feature = await house.put_feature().within(
                uow,
                Feature(
                    code=code,
                    name=data.name,
                    description=data.description,
                    entities=tuple(data.entities),
                ),
            )
            return fields_of(feature)

        return await in_transaction(open_uow, work)

    return [
        plans,
        plan,
        prices,
        features,
        providers,
        all_plans,
        create_plan,
        retire_plan,
        set_price,
        set_features,
        all_prices,
        put_feature,
    ]
