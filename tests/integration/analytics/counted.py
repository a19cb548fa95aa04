"""Facts in, sums out: a task exchange with the reader of its events."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.clock import ManualClock
from adapters.postgres.analytics import PostgresAggregates, PostgresReading
from adapters.postgres.analytics_queries import PostgresAnalyticsQueries
from adapters.postgres.connections import borrowed
from application.analytics.read_events import ReadEvents, Rebuild
from application.jobs import JobOrder, JobReport
from domain.ledger.events import OperationPosted
from domain.shared.ids import OperationId
from tests.integration.billing.house import cause
from tests.integration.tasks.exchange import PEOPLE, Task, TaskExchange

TABLES = {
    "told_operation": "operation_id",
    "company_day": "dated, day, currency",
    "person_day": "person_id, currency, day",
    "person_balance": "person_id, currency",
    "top_task_day": "currency, day",
    "red_day": "day",
}
_LEFT = """
SELECT EXISTS (SELECT FROM event, feed_cursor
    WHERE (xid, event.position) > (transaction::text::xid8, feed_cursor.position))
"""

_BEYOND = """
SELECT EXISTS (SELECT FROM event WHERE xid >= pg_snapshot_xmin(pg_current_snapshot()))
"""


class Counted(TaskExchange):
    """A task exchange whose events are counted."""

    def __init__(self, engine: AsyncEngine, clock: ManualClock) -> None:
        super().__init__(engine, clock)
        self.reader = self.reads()
        self.queries = PostgresAnalyticsQueries(engine)
        self.numbers = 0

    def reads(self, piece: int = 1000) -> ReadEvents:
        return ReadEvents(self.open_uow, PostgresReading(), PostgresAggregates(), piece)

    def order(self, **options: Any) -> JobOrder:
        return JobOrder(now=self.clock.now(), cause=cause("count"), **options)

    async def count(self, reader: ReadEvents | None = None) -> Mapping[str, int]:
        """Read until every event is counted: the horizon waits for whoever is writing anywhere."""
        sums: dict[str, int] = {}

        deadline = time.monotonic() + 10
        while True:
            report = await (reader or self.reader)(self.order())
            for word, number in report.counts.items():
                sums[word] = sums.get(word, 0) + number
            if not await self.value(_LEFT):
                return sums
            assert time.monotonic() < deadline, "not every event was read"
            await asyncio.sleep(0.01)

    async def horizon(self) -> None:
        """Wait until every event lies behind the horizon, whoever is writing anywhere."""
        deadline = time.monotonic() + 10
        while await self.value(_BEYOND):
            assert time.monotonic() < deadline, "somebody writes and writes"
            await asyncio.sleep(0.01)

    async def rebuild(self, piece: int) -> JobReport:
        reader = self.reads(piece)
        report = await Rebuild(reader)(self.order())
        await self.count(reader)
        return report

    async def tables(self) -> dict[str, list[dict[str, Any]]]:
        return {
            table: [dict(row) for row in await self.rows(f"SELECT * FROM {table} ORDER BY {key}")]
            for table, key in TABLES.items()
        }

    async def tell(self, *events: OperationPosted) -> None:
        """Record events as the accounting would."""
        async with self.open_uow() as uow:
            uow.events.record(cause("told"), events)
            await uow.commit()

    def posted(self, kind: str, amount: int, day: date, **changes: Any) -> OperationPosted:
        """Build an event of the accounting; each is another operation, and later in its wallet."""
        self.numbers += 1
        event = OperationPosted(
            operation_id=OperationId(uuid4()),
            kind=kind,
            person_id=PEOPLE[0],
            amount_minor=amount,
            currency="USD",
            task_id=UUID(int=77),
            assignation_id=None,
            value_date=day,
            posting_date=day,
            occurred_at=self.clock.now(),
            late=False,
            wallet_seq=self.numbers,
            balance_after_minor=amount,
        )
        return replace(event, **changes)

    def task(self, number: int) -> Task:
        return Task(number, now=self.clock.now())

    async def net(self, dated: str = "value") -> int:
        found = await self.value(
            "SELECT sum(fees_minor - rewards_minor)::bigint FROM company_day WHERE dated = $1",
            dated,
        )
        return int(found or 0)

    async def run_sql(self, sql: str, *values: Any) -> None:
        async with borrowed(self.engine) as (_, driver):
            await driver.execute(sql, *values)
