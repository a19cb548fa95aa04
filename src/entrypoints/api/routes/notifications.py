"""Notifications of payouts: what became of them, and another day of tries for one that failed."""

from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Request, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter

from application.ports import JsonObject
from entrypoints.api.answers import notifications as answers
from entrypoints.api.commands import in_transaction
from entrypoints.api.contract import serves
from entrypoints.api.doors import cause_of
from entrypoints.api.paging import Cursor, Limit, page, shown
from entrypoints.container import Container

Http = Request[Any, Any, Any]
# The framework keeps a parameter called `state` for itself.
State = Annotated[Literal["pending", "sent", "failed"] | None, QueryParameter(name="state")]


def routes(house: Container) -> list[HTTPRouteHandler]:
    """Return the routes of notifications."""
    notifying, open_uow = house.notifying(), house.open_uow()

    @get("/admin/notifications", **serves(answers.Notifications, "notifications:manage"))
    async def notifications(
        which: State = None, limit: Limit = 50, cursor: Cursor = None
    ) -> JsonObject:
        """Notifications of payouts, latest first."""
        return shown(await notifying.queries.notifications(page(limit, cursor), which))

    @post(
        "/admin/notifications/{payout_id:uuid}/resend",
        **serves(answers.NotificationResent, "notifications:manage", status=202),
    )
    async def resend(request: Http, payout_id: FromPath[UUID]) -> JsonObject:
        """Try for another day to send a notification that failed, under the Message-ID it had."""

        async def work(uow: Any) -> JsonObject:
            cause = cause_of(request, "a notification is sent again")
            await notifying.resend.within(uow, payout_id, cause)
            return {"payout_id": payout_id, "state": "pending"}

        return await in_transaction(open_uow, work)

    return [notifications, resend]
