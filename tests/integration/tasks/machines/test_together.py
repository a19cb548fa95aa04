"""Many at once over one database: days are closed, settled and paid while facts go on coming."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from adapters.postgres.corrections import PostgresCorrections
from application.jobs import JobOrder, JobReport
from application.ledger import run_payouts
from application.ledger.account_ports import Due
from application.ledger.corrections import HoldWallet
from application.ledger.run_payouts import RunPayouts
from domain.ledger.payout import Rules, settle
from tests.integration.tasks.exchange import PEOPLE, PRICING, Task, TaskExchange, day, hours
from tests.integration.tasks.tracker import cause

DAY = timedelta(days=1)
CURRENCY = PRICING.currency
_CLOSED = """
SELECT person_id, day, fees_minor, rewards_minor, adjustments_minor, operations
FROM wallet_day, ledger_calendar WHERE day <= closed_through
"""


class Storm:
    """People who work, runners who pay, somebody who looks on, and a clock that goes on."""

    def __init__(self, exchange: TaskExchange, seed: int, tasks: int) -> None:
        self.exchange, self.chance = exchange, random.Random(seed)
        self.tasks = iter(range(tasks))
        self.expected: dict[UUID, int] = defaultdict(int)
        self.facts = 0
        self.closed: dict[tuple[UUID, date], tuple[Any, ...]] = {}
        self.is_over = False

    async def work(self) -> None:
        """Live tasks one after another; some facts are told at once, others days later."""
        late: list[dict[str, Any]] = []
        for number in self.tasks:
            task, people = Task(number, now=self.exchange.clock.now()), self.people()
            told = [task.created(), *(task.assigned(person) for person in people)]
            for person in people:
                self.expected[PEOPLE[person]] -= task.fee
            done = task.completed()
            self.expected[PEOPLE[people[-1]]] += task.reward
            self.facts += len(people) + 1
            self.chance.shuffle(told)
            await self.exchange.hear(*told)
            late.append(done)
            if self.chance.random() < 0.5:
                await self.exchange.hear(*late, *late[:1])
                late = []
            self.exchange.clock.advance(hours(self.chance.choice([0.5, 2, 7])))
        await self.exchange.hear(*late)

    def people(self) -> list[int]:
        return [self.chance.randrange(6) for _ in range(self.chance.randint(1, 3))]

    async def pay(self) -> None:
        while not self.is_over:
            await self.exchange.pay()

    async def hold(self) -> None:
        hold = HoldWallet(PostgresCorrections(), self.exchange.wallets)
        while not self.is_over:
            person = self.chance.choice(PEOPLE)
            for is_held in (True, False):
                async with self.exchange.open_uow() as uow:
                    await hold.within(uow, person, CURRENCY, cause(), is_held=is_held)
                    await uow.commit()

    async def look_on(self) -> None:
        """Hold the rules against every state anybody could see, and closed days against before."""
        while not self.is_over:
            assert await self.exchange.broken() == []
            for row in await self.exchange.rows(_CLOSED):
                key, *sums = row.values()
                found = tuple(sums[1:])
                assert self.closed.setdefault((key, sums[0]), found) == found

    async def go_on(self, workers: int, runners: int) -> None:
        others = [self.hold(), self.look_on(), *(self.pay() for _ in range(runners))]

        async def work() -> None:
            try:
                async with asyncio.TaskGroup() as working:
                    for _ in range(workers):
                        working.create_task(self.work())
            finally:
                self.is_over = True

        async with asyncio.timeout(120), asyncio.TaskGroup() as group:
            for one in [*others, work()]:
                group.create_task(one)
        self.exchange.clock.advance(2 * DAY)
        await self.exchange.pay()

    async def add_up(self) -> None:
        """After all of it everybody has what their facts say, settled once and paid once."""
        assert await self.exchange.broken() == []
        kinds = "kind IN ('ASSIGN_FEE', 'TASK_REWARD')"
        count = await self.exchange.value(f"SELECT count(*) FROM wallet_entry WHERE {kinds}")
        assert count == self.facts
        rows = await self.exchange.rows(
            "SELECT person_id, balance_minor, carry_minor, balance_minor + coalesce((SELECT "
            "sum(amount_minor) FROM payout WHERE payout.person_id = wallet.person_id), 0)::bigint "
            "AS earned FROM wallet"
        )
        assert {row["person_id"]: row["earned"] for row in rows} == dict(self.expected)
        assert all(row["balance_minor"] == row["carry_minor"] <= 0 for row in rows)
        assert not await self.exchange.value(
            "SELECT count(*) FROM wallet_day WHERE settled_run IS NULL"
        )
        split = await self.exchange.value(
            "SELECT count(*) FROM (SELECT person_id, run, net_minor FROM settlement) AS one "
            "WHERE net_minor <> coalesce((SELECT sum(rewards_minor - fees_minor) FROM wallet_day "
            "AS day WHERE day.person_id = one.person_id AND settled_run = run), 0)"
        )
        assert split == 0, "a day is in the one settlement that took it"


@pytest.fixture(autouse=True)
def _two_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_payouts, "_CHUNK", 2)


async def test_weeks_go_by_while_everybody_works_at_once(exchange: TaskExchange) -> None:
    storm = Storm(exchange, seed=4, tasks=60)
    await storm.go_on(workers=3, runners=3)
    await storm.add_up()
    assert len(storm.closed) > 20


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
async def test_months_go_by_while_everybody_works_at_once(
    exchange: TaskExchange, seed: int
) -> None:
    storm = Storm(exchange, seed, tasks=300)
    await storm.go_on(workers=4, runners=3)
    await storm.add_up()


async def test_runners_who_all_want_the_same_people_pay_each_once(exchange: TaskExchange) -> None:
    for number in range(60):
        task = Task(number, now=exchange.clock.now())
        await exchange.hear(task.created(), task.assigned(number % 6), task.completed())
    exchange.clock.advance(DAY)

    await asyncio.gather(*(exchange.pay(exchange.runner()) for _ in range(4)))

    assert await exchange.value("SELECT count(*) FROM payout") == 6
    assert await exchange.value("SELECT count(*) FROM settlement") == 6


class Paused:
    """Units of work of a runner that falls asleep before the n-th, until somebody wakes it."""

    def __init__(self, runner: RunPayouts, transactions: int) -> None:
        self.open_uow, self.left = runner.units_of_work, transactions
        self.sleeps, self.wakes = asyncio.Event(), asyncio.Event()
        object.__setattr__(runner, "units_of_work", self)

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[Any]:
        self.left -= 1
        if self.left == 0:
            self.sleeps.set()
            await self.wakes.wait()
        async with self.open_uow() as uow:
            yield uow


async def test_a_runner_that_slept_through_the_next_night_pays_nobody_for_the_last(
    exchange: TaskExchange,
) -> None:
    """Money that was held is due again: but never for a day before the one it came from."""
    first = Task(1, now=exchange.clock.now())
    await exchange.hear(first.created(), first.assigned(1), first.completed())
    exchange.clock.advance(DAY)
    sleepy = exchange.runner(rules=Rules(least_minor=1))
    paused = Paused(sleepy, transactions=3)  # closes, settles one part, sleeps before the next
    asleep = asyncio.create_task(exchange.pay(sleepy))
    await asyncio.wait_for(paused.sleeps.wait(), 10)
    second = Task(2, now=exchange.clock.now())
    await exchange.hear(second.created(), second.assigned(2), second.completed())
    await hold(exchange, 2, is_held=True)
    exchange.clock.advance(DAY)
    await exchange.pay()
    await hold(exchange, 2, is_held=False)

    paused.wakes.set()
    await asleep

    assert not await exchange.value(
        "SELECT count(*) FROM settlement WHERE person_id = $1 AND run < $2", PEOPLE[2], day(3)
    )
    exchange.clock.advance(DAY)
    await exchange.pay()
    runs = await exchange.rows("SELECT run FROM payout WHERE person_id = $1", PEOPLE[2])
    assert [row["run"] for row in runs] == [day(4)]


async def test_who_was_settled_for_a_day_is_not_claimed_for_it_again(
    exchange: TaskExchange,
) -> None:
    task = Task(1, now=exchange.clock.now())
    await exchange.hear(task.created(), task.assigned(1), task.completed())
    await hold(exchange, 1, is_held=True)
    exchange.clock.advance(DAY)
    await exchange.pay()
    await hold(exchange, 1, is_held=False)

    order = JobOrder(now=exchange.clock.now(), cause=cause())
    assert not await exchange.payouts._chunk(order, day(2), JobReport())
    assert await exchange.value("SELECT count(*) FROM payout") == 0


async def test_the_database_itself_refuses_a_second_settlement_of_a_day(
    exchange: TaskExchange,
) -> None:
    """The last guard, should a claim ever let two through: neither order of them pays twice."""
    task = Task(1, now=exchange.clock.now())
    await exchange.hear(task.created(), task.assigned(1), task.completed())
    net = task.reward - task.fee
    due = Due(person_id=PEOPLE[1], currency=CURRENCY, carry_minor=0, net_minor=net, is_held=False)

    async def settle_unasked() -> None:
        async with exchange.open_uow() as uow:
            one = settle(0, net, Rules(least_minor=10**9))
            await exchange.wallets.settle(uow, day(2), [(due, one)])
            await uow.commit()

    answers = await asyncio.gather(*(settle_unasked() for _ in range(3)), return_exceptions=True)

    refused = [one for one in answers if one is not None]
    assert len(refused) == 2
    for one in refused:
        assert isinstance(one, asyncpg.UniqueViolationError)
        assert one.constraint_name == "pk_settlement"


async def hold(exchange: TaskExchange, person: int, *, is_held: bool) -> None:
    async with exchange.open_uow() as uow:
        keep = HoldWallet(PostgresCorrections(), exchange.wallets)
        await keep.within(uow, PEOPLE[person], CURRENCY, cause(), is_held=is_held)
        await uow.commit()
