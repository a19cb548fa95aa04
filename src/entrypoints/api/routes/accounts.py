"""People's accounts: what is in a wallet, what moved it, and facts that wait for a person."""

from typing import Any, Literal
from uuid import UUID

from litestar import Request, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody

from application.errors import NotFound
from application.identity.access import Role
from application.ports import JsonObject
from domain.shared.calendar import business_day
from entrypoints.api.answers import accounts as answers
from entrypoints.api.commands import in_transaction
from entrypoints.api.contract import serves
from entrypoints.api.doors import caller_of
from entrypoints.api.paging import Cursor, Limit, Word, page, shown
from entrypoints.api.shapes_carrier import Note
from entrypoints.container import Container

Http = Request[Any, Any, Any]
PayoutState = Literal["pending", "settled", "returned"]
_SEE_OTHERS = frozenset({Role.ACCOUNTANT, Role.ADMIN})


def _reachable(request: Http, person_id: UUID) -> None:
    """Refuse another person's account: it does not exist for this caller."""
    caller = caller_of(request)
    if not caller.roles & _SEE_OTHERS and caller.subject != str(person_id):
        raise NotFound("account", person_id)


def routes(house: Container) -> list[HTTPRouteHandler]:
    """Return the routes of accounts."""
    exchange, clock, settings = house.exchange(), house.clock(), house.settings()
    queries = exchange.queries

    @get("/accounts/{person_id:uuid}", **serves(answers.PersonAccount, "accounts:read"))
    async def account(request: Http, person_id: FromPath[UUID]) -> JsonObject:
        """A person's wallets: the balance, and what today has brought so far."""
        _reachable(request, person_id)
        today = business_day(clock.now(), settings.billing_time_zone)
        wallets = await queries.wallets(person_id, today)
        return {"person_id": person_id, "day": today, "wallets": wallets}

    @get("/accounts/{person_id:uuid}/log", **serves(answers.WalletLog, "accounts:read"))
    async def log(
        request: Http,
        person_id: FromPath[UUID],
        currency: Word = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> JsonObject:
        """What moved a wallet, latest first, with its tasks and the running balance."""
        _reachable(request, person_id)
        code = currency or settings.task_currency
        return shown(await queries.log(person_id, code, page(limit, cursor)))

    @get("/accounts/{person_id:uuid}/payouts", **serves(answers.Payouts, "accounts:read"))
    async def payouts(
        request: Http,
        person_id: FromPath[UUID],
        status: FromQuery[PayoutState | None] = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> JsonObject:
        """What a person was paid, the latest day first."""
        _reachable(request, person_id)
        return shown(await queries.payouts(page(limit, cursor), person_id, status))

    @get("/admin/accounts/payouts", **serves(answers.Payouts, "accounts:audit"))
    async def all_payouts(
        status: FromQuery[PayoutState | None] = None, limit: Limit = 50, cursor: Cursor = None
    ) -> JsonObject:
        """What everybody was paid, the latest day first."""
        return shown(await queries.payouts(page(limit, cursor), None, status))

    @get("/admin/accounts/dead-facts", **serves(answers.DeadFacts, "accounts:audit"))
    async def dead(limit: Limit = 50, cursor: Cursor = None) -> JsonObject:
        """Facts of tasks that contradict what is known, or cannot be read, oldest first."""
        return shown(await queries.dead(page(limit, cursor)))

    @post(
        "/admin/accounts/dead-facts/{event_id:uuid}/replay",
        **serves(answers.FactReplayed, "accounts:repair", status=202),
    )
    async def replay(event_id: FromPath[UUID], data: JSONBody[Note]) -> JsonObject:
        """Digest a fact again, once what was in its way is put right."""

        async def work(uow: Any) -> JsonObject:
            if not await exchange.replay(uow, event_id):
                raise NotFound("dead fact", event_id)
            return {}

        await in_transaction(house.open_uow(), work)
        return {"event_id": event_id}

    return [account, log, payouts, all_payouts, dead, replay]
