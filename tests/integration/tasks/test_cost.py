"""What a night costs follows who moved since the last one, never who owes or how much was done."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from application.ledger.run_payouts import RunPayouts
from tests.integration.tasks.exchange import Task, TaskExchange

DAY = timedelta(days=1)
_READ = """
SELECT relname AS name, (seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint AS rows
FROM pg_stat_xact_user_tables
WHERE relname IN ('wallet', 'wallet_day', 'settlement', 'payout', 'wallet_entry', 'task_account')
"""


@contextmanager
def counting_rows(runner: RunPayouts, read: dict[str, int]) -> Iterator[None]:
    """Add up the rows of every table that the transactions of a runner read."""
    open_uow = runner.units_of_work

    @asynccontextmanager
    async def counted() -> AsyncIterator[Any]:
        async with open_uow() as uow:
            commit = uow.commit

            async def count_and_commit() -> None:
                await count(uow, 1)
                await commit()

            uow.commit = count_and_commit
            # The counters may still hold what this connection has read before.
            await count(uow, -1)
            yield uow
            if uow.driver.is_in_transaction():
                await count(uow, 1)

    async def count(uow: Any, sign: int) -> None:
        for row in await uow.driver.fetch(_READ):
            read[row["name"]] = read.get(row["name"], 0) + sign * row["rows"]

    object.__setattr__(runner, "units_of_work", counted)
    try:
        yield
    finally:
        object.__setattr__(runner, "units_of_work", open_uow)


class Town:
    """People by the thousand, most of whom were given one task once and never came back."""

    def __init__(self, exchange: TaskExchange) -> None:
        self.exchange, self.tasks, self.idle = exchange, 0, 0

    def owes(self, person: UUID, *, is_done: bool = False) -> list[dict[str, Any]]:
        self.tasks += 1
        task = Task(self.tasks, now=self.exchange.clock.now())
        told = [task.created(), task.assigned(0), *([task.completed()] if is_done else [])]
        for one in told:
            for field in ("assignee_id", "completed_by"):
                if field in one["data"]:
                    one["data"][field] = str(person)
        return told

    async def tell(self, told: list[dict[str, Any]]) -> None:
        for start in range(0, len(told), 500):
            await self.exchange.hear(*told[start : start + 500])

    async def settle_debtors(self, count: int) -> None:
        """Let people fall into debt, and a night go by over it."""
        told: list[dict[str, Any]] = []
        for _ in range(count):
            self.idle += 1
            told += self.owes(UUID(int=10**6 + self.idle))
        await self.tell(told)
        self.exchange.clock.advance(DAY)
        await self.exchange.pay()
        async with self.exchange.open_uow() as uow:
            await uow.driver.execute("COMMIT")
            await uow.driver.execute("VACUUM ANALYZE wallet, wallet_day, settlement, payout")

    async def night_of(self, people: int, tasks_each: int) -> dict[str, int]:
        """Let some work for a day; return the rows read to pay them."""
        told: list[dict[str, Any]] = []
        for person in range(people):
            for _ in range(tasks_each):
                told += self.owes(UUID(int=10**5 + person), is_done=True)
        await self.tell(told)
        self.exchange.clock.advance(DAY)
        read: dict[str, int] = {}
        with counting_rows(self.exchange.payouts, read):
            report = await self.exchange.pay()
        assert report.counts["paid"] == people
        return read


async def test_a_night_reads_no_more_for_idle_debtors_or_for_more_work(
    exchange: TaskExchange,
) -> None:
    town = Town(exchange)
    await town.settle_debtors(1000)
    await town.night_of(people=20, tasks_each=1)
    few = await town.night_of(people=20, tasks_each=1)
    busy = await town.night_of(people=20, tasks_each=10)
    await town.settle_debtors(2000)
    many = await town.night_of(people=20, tasks_each=1)

    assert few["wallet"] >= 20, "rows are counted at all"
    assert few["wallet_day"] >= 20
    assert busy == few, "more tasks of the same days"
    assert many == few, "more people who owe and do nothing"
    assert sum(few.values()) <= 15 * 20
    assert few["wallet_entry"] == few["task_account"] == 0, "what was done is not read again"
