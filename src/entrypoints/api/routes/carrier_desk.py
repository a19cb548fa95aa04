"""The carrier's desk: operators, services, campaigns, lists, and reports that wait for a person."""

from typing import Any, Literal
from uuid import UUID

from litestar import Request, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from adapters.operators.configured import trial_build
from adapters.phone_numbers import parse_number
from application.ports import JsonObject
from domain.carrier.checks import NumberList
from domain.carrier.operator import Operator, SpendCaps
from domain.carrier.service import Campaign, PixelOn, Service, ServicePolicy, Texts
from domain.shared.errors import InvalidValue
from domain.shared.ids import PlanId
from domain.shared.money import Currency
from domain.shared.msisdn import Msisdn
from domain.subscriptions.charge_days import ChargeDays
from entrypoints.api.answers import carrier as answers
from entrypoints.api.commands import in_transaction
from entrypoints.api.contract import serves
from entrypoints.api.doors import cause_of
from entrypoints.api.paging import Cursor, FeatureCode, Limit, OperatorName, Word, page, shown
from entrypoints.api.shapes_carrier import (
    Assignment,
    NewCampaign,
    NewOperator,
    Note,
    NumbersOfList,
    ServiceTerms,
)
from entrypoints.container import Container

Http = Request[Any, Any, Any]
ListName = Literal["blacklisted", "postpaid"]


def routes(house: Container) -> list[HTTPRouteHandler]:
    """Return the routes of the desk."""
    open_uow, carrier, clock = house.open_uow(), house.carrier(), house.clock()
    desk, queries = carrier.set_up, carrier.queries

    @put("/admin/carrier/operators/{code:str}", **serves(answers.Operator, "carrier:manage"))
    async def put_operator(
        request: Http, code: OperatorName, data: JSONBody[NewOperator]
    ) -> answers.Operator:
        """Put an operator; one whose gateway cannot be built is refused with the reason."""
        wanted = _operator(code, data, house)
        trial_build(wanted, (house.settings().operator_secrets or {}).get(code, {}))
        cause = cause_of(request, f"operator {code} put")

        async def work(uow: Any) -> JsonObject:
            kept = await desk.operator(uow, wanted, cause)
            return {"code": kept.code, "version": kept.version, "is_active": kept.is_active}

        done = await in_transaction(open_uow, work)
        await carrier.references.reload()
        return answers.Operator(**done)

    @get("/admin/carrier/operators", **serves(answers.Operators, "carrier:read"))
    async def operators() -> answers.Operators:
        """All operators, with their services and campaigns."""
        return answers.Operators(items=await queries.operators())

    @put(
        "/admin/carrier/operators/{operator:str}/services/{code:str}",
        **serves(answers.Service, "carrier:manage"),
    )
    async def put_service(
        request: Http, operator: OperatorName, code: FeatureCode, data: JSONBody[ServiceTerms]
    ) -> answers.Service:
        """Put a service; who has it already keeps the terms they ordered it under."""
        wanted = _service(operator, code, data, house)
        cause = cause_of(request, f"service {operator}/{code} put")

        async def work(uow: Any) -> JsonObject:
            kept = await desk.service(uow, wanted, cause)
            return {
                "id": str(kept.id),
                "operator": kept.operator,
                "code": kept.code,
                "version": kept.version,
            }

        done = await in_transaction(open_uow, work)
        await carrier.references.reload()
        return answers.Service(**done)

    @put("/admin/carrier/campaigns/{code:str}", **serves(answers.Campaign, "carrier:manage"))
    async def put_campaign(
        request: Http, code: FeatureCode, data: JSONBody[NewCampaign]
    ) -> answers.Campaign:
        """Put a campaign; its keyword leads SMS orders to its service."""
        wanted = Campaign(
            code=code,
            service_id=UUID(int=0),
            operator=data.operator,
            keyword=data.keyword.strip() if data.keyword else None,
            is_active=data.is_active,
            created_at=clock.now(),
        )
        cause = cause_of(request, f"campaign {code} put")

        async def work(uow: Any) -> JsonObject:
            kept = await desk.campaign(uow, wanted, data.service_code, cause)
            return {"code": kept.code, "operator": kept.operator, "keyword": kept.keyword}

        done = await in_transaction(open_uow, work)
        await carrier.references.reload()
        return answers.Campaign(**done)

    @post("/admin/carrier/lists/{name:str}/add", **serves(answers.Listed, "carrier:manage"))
    async def add_to_list(
        request: Http, name: FromPath[ListName], data: JSONBody[NumbersOfList]
    ) -> answers.Listed:
        """Put numbers on a list: none of them is charged from here on."""
        numbers, invalid = _numbers(data)
        cause = cause_of(request, data.reason)

        async def work(uow: Any) -> JsonObject:
            new = await desk.put_on_list(uow, NumberList(name), numbers, data.reason, cause)
            return {"changed": new}

        changed = (await in_transaction(open_uow, work))["changed"]
        return answers.Listed(changed=changed, unchanged=len(numbers) - changed, invalid=invalid)

    @post("/admin/carrier/lists/{name:str}/remove", **serves(answers.Listed, "carrier:manage"))
    async def take_off_list(
        request: Http, name: FromPath[ListName], data: JSONBody[NumbersOfList]
    ) -> answers.Listed:
        """Take numbers off a list."""
        numbers, invalid = _numbers(data)
        cause = cause_of(request, data.reason)

        async def work(uow: Any) -> JsonObject:
            gone = await desk.take_off_list(uow, NumberList(name), numbers, cause)
            return {"changed": gone}

        changed = (await in_transaction(open_uow, work))["changed"]
        return answers.Listed(changed=changed, unchanged=len(numbers) - changed, invalid=invalid)

    @get("/admin/carrier/unresolved", **serves(answers.Unresolved, "carrier:read"))
    async def unresolved(
        operator: Word = None, limit: Limit = 50, cursor: Cursor = None
    ) -> JsonObject:
        """Reports nobody could be named for, oldest first; numbers are masked."""
        return shown(await queries.unresolved(page(limit, cursor), operator))

    @post(
        "/admin/carrier/unresolved/{key:uuid}/assign",
        **serves(answers.Resolved, "carrier:resolve"),
    )
    async def assign(
        request: Http, key: FromPath[UUID], data: JSONBody[Assignment]
    ) -> answers.Resolved:
        """Say which subscription a report was about; it is applied at once."""
        cause = cause_of(request, data.note)

        async def work(uow: Any) -> JsonObject:
            await carrier.resolve.assign(uow, key, data.subscription_id, data.note, cause)
            return {}

        await in_transaction(open_uow, work)
        return answers.Resolved(id=str(key), status="assigned")

    @post(
        "/admin/carrier/unresolved/{key:uuid}/dismiss",
        **serves(answers.Resolved, "carrier:resolve"),
    )
    async def dismiss(request: Http, key: FromPath[UUID], data: JSONBody[Note]) -> answers.Resolved:
        """Say that a report is about nobody of ours."""
        cause = cause_of(request, data.note)

        async def work(uow: Any) -> JsonObject:
            await carrier.resolve.dismiss(uow, key, data.note, cause)
            return {}

        await in_transaction(open_uow, work)
        return answers.Resolved(id=str(key), status="dismissed")

    @post(
        "/admin/carrier/unresolved/{key:uuid}/retry",
        **serves(answers.Resolved, "carrier:resolve"),
    )
    async def retry(request: Http, key: FromPath[UUID], data: JSONBody[Note]) -> answers.Resolved:
        """Take an order again whose service was not known when it came."""
        cause = cause_of(request, data.note)

        async def work(uow: Any) -> JsonObject:
            await carrier.resolve.retry_order(uow, key, data.note, cause)
            return {}

        await in_transaction(open_uow, work)
        return answers.Resolved(id=str(key), status="assigned")

    return [
        put_operator,
        operators,
        put_service,
        put_campaign,
        add_to_list,
        take_off_list,
        unresolved,
        assign,
        dismiss,
        retry,
    ]


def _operator(code: str, data: NewOperator, house: Container) -> Operator:
    caps = {name: getattr(data.caps, name) for name in data.caps.__struct_fields__}
    return Operator(
        code=code,
        wire_id=data.wire_id,
        name=data.name,
        country_code=data.country_code,
        country_name=data.country_name,
        currency=Currency(data.currency),
        time_zone=data.time_zone,
        protocol=data.protocol,
        base_url=data.base_url or "",
        prefixes=tuple(data.prefixes),
        timeout_seconds=data.timeout_seconds,
        requests_per_second=data.requests_per_second,
        burst=data.burst,
        queue_free_size=data.queue_free_size,
        caps=SpendCaps(**caps),
        options=data.options,
        is_active=data.is_active,
        created_at=house.clock().now(),
    )


def _service(operator: str, code: str, data: ServiceTerms, house: Container) -> Service:
    given = {name: getattr(data.policy, name) for name in data.policy.__struct_fields__}
    days = tuple(given.pop("days"))
    policy = ServicePolicy(**given | {"days": days, "pixel_on": PixelOn(data.policy.pixel_on)})
    ChargeDays(days=days, allowed_from=policy.allowed_from, allowed_to=policy.allowed_to)
    texts = {name: getattr(data.texts, name) for name in data.texts.__struct_fields__}
    return Service(
        id=house.entropy().new_id(),
        operator=operator,
        code=code,
        name=data.name,
        plan_id=PlanId(data.plan_id),
        policy=policy,
        texts=Texts(**texts),
        content_url=data.content_url or "",
        is_active=data.is_active,
        created_at=house.clock().now(),
    )


def _numbers(data: NumbersOfList) -> tuple[list[Msisdn], list[str]]:
    """Part what can be read from what cannot; the latter is answered by its place."""
    numbers: dict[Msisdn, None] = {}
    invalid: list[str] = []
    for place, written in enumerate(data.numbers):
        try:
            numbers[parse_number(written, country_code=data.country_code)] = None
        except InvalidValue as error:
            invalid.append(f"/numbers/{place}: {error}")
    return list(numbers), invalid
