"""Corrections by hand, and holds: proposed by one person, decided by another."""

from typing import Any, Literal
from uuid import UUID

from litestar import Request, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody

from application.plain import fields_of
from application.ports import JsonObject
from domain.shared.ids import OperationId
from domain.shared.money import Currency
from entrypoints.api.answers import accounts as answers
from entrypoints.api.commands import in_transaction, under_key
from entrypoints.api.contract import serves
from entrypoints.api.doors import cause_of
from entrypoints.api.paging import Cursor, Limit, page, shown
from entrypoints.api.shapes_carrier import Note
from entrypoints.api.shapes_tasks import NewAdjustment, NewHold, NewReversal
from entrypoints.container import Container

Http = Request[Any, Any, Any]
State = Literal["proposed", "approved", "rejected"]


def routes(house: Container) -> list[HTTPRouteHandler]:
    """Return the routes of corrections."""
    exchange, open_uow = house.exchange(), house.open_uow()

    @post(
        "/admin/accounts/{person_id:uuid}/adjustments",
        **serves(answers.Correction, "accounts:propose", status=201, keyed=True),
    )
    async def adjust(
        request: Http, person_id: FromPath[UUID], data: JSONBody[NewAdjustment]
    ) -> Any:
        """Propose to give a person money, or to take some; somebody else decides."""

        async def work(uow: Any) -> JsonObject:
            return fields_of(
                await exchange.propose.adjustment(
                    uow,
                    person_id,
                    Currency(data.currency),
                    data.amount_minor,
                    cause_of(request, data.reason),
                )
            )

        return await under_key(request, open_uow, data, work, status=201)

    @post(
        "/admin/accounts/operations/{operation_id:uuid}/reversal",
        **serves(answers.Correction, "accounts:propose", status=201, keyed=True),
    )
    async def reverse(
        request: Http, operation_id: FromPath[UUID], data: JSONBody[NewReversal]
    ) -> Any:
        """Propose to take back what an operation moved; somebody else decides."""

        async def work(uow: Any) -> JsonObject:
            cause = cause_of(request, data.reason)
            return fields_of(await exchange.propose.reversal(uow, OperationId(operation_id), cause))

        return await under_key(request, open_uow, data, work, status=201)

    @get("/admin/accounts/corrections", **serves(answers.Corrections, "accounts:audit"))
    async def corrections(
        status: FromQuery[State | None] = None,
        person_id: FromQuery[UUID | None] = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> JsonObject:
        """Corrections, latest first."""
        found = await exchange.queries.corrections(page(limit, cursor), status, person_id)
        return shown(found)

    async def decide(
        request: Http, correction_id: UUID, data: Note, *, approves: bool
    ) -> JsonObject:
        async def work(uow: Any) -> JsonObject:
            cause = cause_of(request, data.note)
            return fields_of(
                await exchange.decide.within(uow, correction_id, cause, approves=approves)
            )

        return await in_transaction(open_uow, work)

    @post(
        "/admin/accounts/corrections/{correction_id:uuid}/approve",
        **serves(answers.Correction, "accounts:approve"),
    )
    async def approve(
        request: Http, correction_id: FromPath[UUID], data: JSONBody[Note]
    ) -> JsonObject:
        """Approve what somebody else has proposed; it is on the books at once."""
        return await decide(request, correction_id, data, approves=True)

    @post(
        "/admin/accounts/corrections/{correction_id:uuid}/reject",
        **serves(answers.Correction, "accounts:approve"),
    )
    async def reject(
        request: Http, correction_id: FromPath[UUID], data: JSONBody[Note]
    ) -> JsonObject:
        """Reject what somebody else has proposed; nothing moves."""
        return await decide(request, correction_id, data, approves=False)

    @put(
        "/admin/accounts/{person_id:uuid}/hold",
        **serves(answers.WalletHold, "accounts:propose"),
    )
    async def hold(request: Http, person_id: FromPath[UUID], data: JSONBody[NewHold]) -> JsonObject:
        """Keep a wallet back from payouts, or let it go; what is due is carried meanwhile."""

        async def work(uow: Any) -> JsonObject:
            await exchange.hold.within(
                uow,
                person_id,
                Currency(data.currency),
                cause_of(request, data.reason),
                is_held=data.is_held,
            )
            return {"person_id": person_id, "currency": data.currency, "is_held": data.is_held}

        return await in_transaction(open_uow, work)

    return [adjust, reverse, corrections, approve, reject, hold]
