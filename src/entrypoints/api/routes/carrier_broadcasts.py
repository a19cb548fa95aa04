"""The texts of days: what operators that charge by themselves send to their subscribers."""

from datetime import date
from typing import Any

from litestar import Request, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from application.ports import JsonObject
from domain.shared.errors import InvalidValue
from entrypoints.api.answers import carrier as answers
from entrypoints.api.commands import in_transaction
from entrypoints.api.contract import serves
from entrypoints.api.doors import cause_of
from entrypoints.api.paging import Cursor, FeatureCode, Limit, OperatorName, Word, page, shown
from entrypoints.api.shapes_carrier import Note, TextOfTheDay
from entrypoints.container import Container

Http = Request[Any, Any, Any]
_DAY = "/admin/carrier/operators/{operator:str}/services/{code:str}/broadcasts/{day:str}"


def routes(house: Container) -> list[HTTPRouteHandler]:
    """Return the routes of the days' texts."""
    open_uow, carrier = house.open_uow(), house.carrier()
    texts, queries = carrier.broadcasts, carrier.queries

    @put(_DAY, **serves(answers.DayText, "carrier:manage"))
    async def plan(
        operator: OperatorName, code: FeatureCode, day: FromPath[str], data: JSONBody[TextOfTheDay]
    ) -> answers.DayText:
        """Write the text of a day, until it is on its way; without one the service's own goes."""

        which = _day(day)

        async def work(uow: Any) -> JsonObject:
            await texts.plan(uow, operator, code, which, data.text)
            return {}

        await in_transaction(open_uow, work)
        return answers.DayText(operator=operator, service_code=code, day=which, status="planned")

    @post(f"{_DAY}/again", **serves(answers.DayText, "carrier:manage"))
    async def again(
        request: Http,
        operator: OperatorName,
        code: FeatureCode,
        day: FromPath[str],
        data: JSONBody[Note],
    ) -> answers.DayText:
        """Send a text once more that was rejected, or of which nobody knows whether it came.

        Ask the operator before: it charges its subscribers for every text it took.
        """
        cause, which = cause_of(request, data.note), _day(day)

        async def work(uow: Any) -> JsonObject:
            await texts.again(uow, operator, code, which, cause)
            return {}

        await in_transaction(open_uow, work)
        return answers.DayText(operator=operator, service_code=code, day=which, status="queued")

    @get("/admin/carrier/broadcasts", **serves(answers.DayTexts, "carrier:read"))
    async def broadcasts(
        operator: Word = None, status: Word = None, limit: Limit = 50, cursor: Cursor = None
    ) -> JsonObject:
        """The texts of days, latest day first."""
        return shown(await queries.broadcasts(page(limit, cursor), operator, status))

    return [plan, again, broadcasts]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidValue("a day is written like 2026-03-01") from error
