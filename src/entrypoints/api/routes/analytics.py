"""What the company earned, which task was dearest, who is in the red, and how subscriptions do.

Every answer says as of when it is. `?format=csv`, or an Accept of `text/csv`, gives one of its
tables instead, which `table` names.
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery, QueryParameter
from msgspec import Struct

from application.ports import JsonObject
from domain.analytics.periods import Length, Span, around, between
from domain.analytics.totals import Dated
from domain.shared.calendar import business_day
from domain.shared.errors import InvalidValue
from domain.shared.money import Currency
from entrypoints.api.answers import analytics as answers
from entrypoints.api.contract import serves
from entrypoints.api.exports import Format, as_csv, wants_csv
from entrypoints.api.paging import Cursor, Limit, Word, page
from entrypoints.container import Container

Http = Request[Any, Any, Any]
Shown = JsonObject | Response[bytes]
Tables = Mapping[str, type[Struct]]
First = Annotated[date | None, QueryParameter(name="from", description="the first day")]
Last = Annotated[date | None, QueryParameter(name="to", description="the last day, included")]
Written = Annotated[Format | None, QueryParameter(name="format", description="json or csv")]

_INCOME: Tables = {"days": answers.IncomeDay, "totals": answers.IncomeTotal}
_DEAREST: Tables = {"task": answers.DearTask, "by_day": answers.DearTask}
_RED: Tables = {
    "items": answers.Debtor,
    "owing_at_close": answers.RedDay,
    "lost_on_the_day": answers.RedDay,
}
_SUBSCRIPTIONS: Tables = {
    "gateways": answers.GatewayDay,
    "revenue": answers.RevenueDay,
    "totals": answers.SubscriptionTotal,
}


class Period(StrEnum):
    """The stretch a question is about: what a day lies in, or days of one's own choice."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    CUSTOM = "custom"


def routes(house: Container) -> list[HTTPRouteHandler]:
    """Return the routes of analytics."""
    exchange, clock, settings = house.exchange(), house.clock(), house.settings()
    queries, figures = exchange.analytics, exchange.figures

    def today() -> date:
        return business_day(clock.now(), settings.billing_time_zone)

    @get("/analytics/income", **serves(answers.Income, "analytics:read"))
    async def income(
        request: Http,
        first: First = None,
        last: Last = None,
        dated: FromQuery[Dated] = Dated.VALUE,
        written: Written = None,
        table: Word = None,
    ) -> Shown:
        """What the company earned on tasks, by day and in all; today if no day is named.

        `dated=value` counts what happened on a day, `dated=posting` what the books entered on it.
        Tables: days, totals.
        """
        body = await queries.income(between(first, last, today()), dated)
        return _shown(request, written, body, _INCOME, table, "income")

    @get("/analytics/dearest-task", **serves(answers.DearestTask, "analytics:read"))
    async def dearest_task(
        request: Http,
        period: FromQuery[Period] = Period.DAY,
        on: FromQuery[date | None] = None,
        first: First = None,
        last: Last = None,
        currency: Word = None,
        written: Written = None,
        table: Word = None,
    ) -> Shown:
        """The dearest task completed on a day, in its ISO week or month, or in days of choice.

        Today's unless `on` names another day; `period=custom` takes `from` and `to`. Null where
        none was completed. Tables: task, by_day.
        """
        span = _span(period, on, first, last, today())
        code = Currency(currency or settings.task_currency).code
        body = await queries.dearest(span, code)
        return _shown(request, written, body, _DEAREST, table, "dearest-task")

    @get("/analytics/in-the-red", **serves(answers.InTheRed, "analytics:read"))
    async def in_the_red(
        request: Http,
        first: First = None,
        last: Last = None,
        limit: Limit = 50,
        cursor: Cursor = None,
        written: Written = None,
        table: Word = None,
    ) -> Shown:
        """Who owes the company now, deepest first, and how many were in the red on each day.

        Tables: items, owing_at_close, lost_on_the_day.
        """
        body = await queries.in_the_red(between(first, last, today()), page(limit, cursor))
        return _shown(request, written, body, _RED, table, "in-the-red")

    @get("/analytics/subscriptions", **serves(answers.SubscriptionFigures, "analytics:read"))
    async def subscriptions(
        request: Http,
        first: First = None,
        last: Last = None,
        written: Written = None,
        table: Word = None,
    ) -> Shown:
        """What gateways took by day, what recurs by month, and who came and left.

        Active subscriptions are paid for or in their trial. MRR is what active ones that renew by
        themselves bring in a month, trials aside. New ones were agreed on in these days and
        granted a period; churned ones had one and ended in them. Tables: gateways, revenue, totals.
        """
        body = await figures.read(between(first, last, today()), clock.now())
        return _shown(request, written, body, _SUBSCRIPTIONS, table, "subscriptions")

    return [income, dearest_task, in_the_red, subscriptions]


def _span(
    period: Period, on: date | None, first: date | None, last: date | None, today: date
) -> Span:
    if period is Period.CUSTOM:
        if on is not None:
            raise InvalidValue("days of choice are named by from and to, not by on")
        return between(first, last, today)
    if first is not None or last is not None:
        raise InvalidValue("from and to go with period=custom")
    return around(on or today, Length(period.value))


def _shown(
    request: Http,
    written: Format | None,
    body: JsonObject,
    tables: Tables,
    table: str | None,
    name: str,
) -> Shown:
    """Return an answer as it is, or one of its tables."""
    if wants_csv(request, written):
        return as_csv(body, tables, table, name)
    return body
