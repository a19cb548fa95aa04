"""What is asked of analytics, each answer of one moment that says as of when."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.analytics import READER
from adapters.postgres.codec import plain
from adapters.postgres.connections import borrowed
from adapters.postgres.queries import cursor_of, read_cursor
from application.ports import JsonObject, Page
from domain.analytics.dearest import ClosedTask, dearest
from domain.analytics.periods import Span
from domain.analytics.totals import Dated
from domain.shared.errors import InvalidValue

# A rebuild empties tables for everybody at once; the lock comes before the moment that is read.
_LOCK = (
    "LOCK TABLE company_day, person_day, person_balance, top_task_day, red_day IN ACCESS SHARE MODE"
)
_INCOME = """
SELECT day, currency, fees_minor, rewards_minor, fees_minor - rewards_minor AS net_minor,
    adjustments_minor
FROM company_day WHERE dated = $1 AND day BETWEEN $2 AND $3 ORDER BY day, currency
"""
_DEAREST = """
SELECT top.task_id, top.day, top.currency, top.price_minor, top.completed_at, task.completed_by,
    nullif(task.title, '') AS title, task.jira_id, task.description, task.author_id
FROM top_task_day AS top LEFT JOIN task_account AS task ON task.task_id = top.task_id
WHERE top.currency = $1 AND top.day BETWEEN $2 AND $3 ORDER BY top.day
"""
_OWING = "SELECT count(DISTINCT person_id) FROM person_balance WHERE balance_minor < 0"
_PEOPLE = """
SELECT person_id, currency, balance_minor FROM person_balance
WHERE balance_minor < 0 AND ($1::bigint IS NULL
    OR (balance_minor, person_id, currency) > ($1, $2::uuid, $3::text))
ORDER BY balance_minor, person_id, currency LIMIT $4
"""
_AT_CLOSE = "SELECT day, people FROM red_day WHERE day BETWEEN $1 AND $2 ORDER BY day"
_ON_THE_DAY = """
SELECT day, count(DISTINCT person_id) AS people FROM person_day
WHERE net_minor < 0 AND day BETWEEN $1 AND $2 GROUP BY day ORDER BY day
"""


class PostgresAnalyticsQueries:
    """Read models of what days were worth; cost follows the days asked about."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def income(self, span: Span, dated: Dated) -> JsonObject:
        """Return what the company earned day by day, and in all, by currency."""
        async with self._moment() as (driver, as_of):
            rows = await driver.fetch(_INCOME, dated.value, span.first, span.last)
        return {
            "as_of": as_of,
            "dated": dated.value,
            **_ends(span),
            "days": [plain(dict(row)) for row in rows],
            "totals": _summed(rows),
        }

    async def dearest(self, span: Span, currency: str) -> JsonObject:
        """Return the dearest task of a stretch, and that of each of its days."""
        async with self._moment() as (driver, as_of):
            rows = await driver.fetch(_DEAREST, currency, span.first, span.last)
        tasks = {
            ClosedTask(
                price_minor=row["price_minor"],
                completed_at=row["completed_at"],
                task_id=row["task_id"],
            ): plain(dict(row))
            for row in rows
        }
        best = dearest(tasks)
        return {
            "as_of": as_of,
            **_ends(span),
            "task": tasks[best] if best else None,
            "by_day": list(tasks.values()),
        }

    async def in_the_red(self, span: Span, page: Page) -> JsonObject:
        """Return who owes now, deepest first, and how many did on each day, in both readings."""
        after = _place(read_cursor(page.cursor))
        async with self._moment() as (driver, as_of):
            owing = await driver.fetchval(_OWING)
            people = await driver.fetch(_PEOPLE, *after, page.limit + 1)
            at_close = await driver.fetch(_AT_CLOSE, span.first, span.last)
            on_the_day = await driver.fetch(_ON_THE_DAY, span.first, span.last)
        shown = people[: page.limit]
        more = len(people) > page.limit
        return {
            "as_of": as_of,
            **_ends(span),
            "owing_now": owing,
            "items": [plain(dict(row)) for row in shown],
            "next_cursor": cursor_of(_mark(shown[-1])) if more else None,
            "owing_at_close": [plain(dict(row)) for row in at_close],
            "lost_on_the_day": [plain(dict(row)) for row in on_the_day],
        }

    @asynccontextmanager
    async def _moment(self) -> AsyncIterator[tuple[asyncpg.Connection, str | None]]:
        """Yield a connection that sees one moment, and as of when that moment is."""
        async with (
            borrowed(self._engine) as (_, driver),
            driver.transaction(isolation="repeatable_read", readonly=True),
        ):
            await driver.execute(_LOCK)
            as_of: datetime | None = await driver.fetchval(
                "SELECT as_of FROM feed_cursor WHERE reader = $1", READER
            )
            yield driver, as_of.isoformat() if as_of else None


def _ends(span: Span) -> dict[str, str]:
    return {"from": span.first.isoformat(), "to": span.last.isoformat()}


def _summed(rows: list[Mapping[str, Any]]) -> list[JsonObject]:
    totals: dict[str, dict[str, int]] = {}
    for row in rows:
        sums = totals.setdefault(row["currency"], {})
        for name, value in row.items():
            if name.endswith("_minor"):
                sums[name] = sums.get(name, 0) + value
    return [{"currency": currency, **totals[currency]} for currency in sorted(totals)]


def _mark(row: Mapping[str, Any]) -> str:
    return f"{row['balance_minor']}|{row['person_id']}|{row['currency']}"


def _place(mark: str | None) -> tuple[int | None, UUID | None, str | None]:
    if mark is None:
        return None, None, None
    try:
        minor, person, currency = mark.split("|")
        if not (-(2**63) <= int(minor) < 0 and currency.isascii() and currency.isalpha()):
            raise ValueError(mark)
        return int(minor), UUID(person), currency
    except ValueError as error:
        raise InvalidValue("that cursor was not given out here") from error
