"""People of the company, for administrators."""

from typing import Any
from uuid import UUID

from litestar import Request, get, patch, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody

from application.identity.people import NewPerson, PersonChange
from application.plain import fields_of
from application.ports import JsonObject
from domain.identity.person import PersonRole
from domain.ledger.destination import Destination
from entrypoints.api.answers import tasks as answers
from entrypoints.api.commands import in_transaction, under_key
from entrypoints.api.contract import serves
from entrypoints.api.doors import caller_of, cause_of
from entrypoints.api.paging import Cursor, Limit, Word, page, shown
from entrypoints.api.shapes_tasks import NewPersonBody, PayoutDestinationBody, PersonChangeBody
from entrypoints.container import Container

Http = Request[Any, Any, Any]


def routes(house: Container) -> list[HTTPRouteHandler]:
    """Return the routes of people."""
    tracking, open_uow = house.tracking(), house.open_uow()
    queries = tracking.queries

    @post("/people", **serves(answers.Person, "people:manage", status=201, keyed=True))
    async def register(request: Http, data: JSONBody[NewPersonBody]) -> Any:
        """Register somebody; tasks may be drawn for them at once."""
        new = NewPerson(
            name=data.name,
            email=data.email,
            role=PersonRole(data.role),
            language=data.language,
            id=data.id,
        )

        async def work(uow: Any) -> JsonObject:
            cause = cause_of(request, "somebody was registered")
            (made,) = await tracking.register.within(uow, [new], cause)
            return fields_of(made)

        return await under_key(request, open_uow, data, work, status=201)

    @get("/people", **serves(answers.People, "people:manage"))
    async def people(
        role: Word = None,
        is_active: FromQuery[bool | None] = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> JsonObject:
        """People, latest first."""
        where: dict[str, object] = {"role": role, "is_active": is_active}
        return shown(await queries.people(page(limit, cursor), where))

    @get("/people/{person_id:uuid}", **serves(answers.Person, "people:manage"))
    async def person(person_id: FromPath[UUID]) -> JsonObject:
        """One person."""
        return await queries.person(person_id)

    @patch("/people/{person_id:uuid}", **serves(answers.Person, "people:manage"))
    async def change(
        request: Http, person_id: FromPath[UUID], data: JSONBody[PersonChangeBody]
    ) -> JsonObject:
        """Change somebody; the last active administrator stays one."""
        wanted = PersonChange(
            name=data.name,
            email=data.email,
            role=None if data.role is None else PersonRole(data.role),
            language=data.language,
            is_active=data.is_active,
        )

        async def work(uow: Any) -> JsonObject:
            cause = cause_of(request, "somebody was changed")
            return fields_of(await tracking.change.within(uow, person_id, wanted, cause))

        return await in_transaction(open_uow, work)

    @put(
        "/people/{person_id:uuid}/payout-destination",
        **serves(answers.PayoutDestination, "people:manage"),
    )
    async def pay_to(
        request: Http, person_id: FromPath[UUID], data: JSONBody[PayoutDestinationBody]
    ) -> JsonObject:
        """Say where somebody's payouts go, from the next run on; it is never shown whole."""
        destination = Destination(data.account)

        async def work(uow: Any) -> JsonObject:
            by = caller_of(request).actor
            await house.exchange().set_destination.within(uow, person_id, destination, by)
            return {"person_id": person_id, "account_tail": destination.tail}

        return await in_transaction(open_uow, work)

    return [register, people, person, change, pay_to]
