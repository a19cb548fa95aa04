"""Any history of days: what is paid is what a nightly look at everybody would pay, to the unit."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from adapters.postgres.corrections import PostgresCorrections
from application.jobs import JobOrder, JobReport
from application.ledger import run_payouts
from application.ledger.corrections import DecideCorrection, HoldWallet, ProposeCorrection
from domain.ledger.corrections import NotCorrectable
from domain.shared.calendar import business_day
from domain.shared.facts import Cause
from domain.shared.ids import OperationId
from tests.integration.tasks.exchange import PEOPLE, PRICING, ZONE, Task, TaskExchange
from tests.integration.tasks.machines.stage import ExchangeMachine, play, play_at_random

DAY = timedelta(days=1)
WORKERS = st.integers(0, 2)
IDLE_DEBTORS = (4, 5)
CURRENCY = PRICING.currency


class Killed(Exception):
    """The process is gone."""


@contextmanager
def killed_after(runner: run_payouts.RunPayouts, transactions: int) -> Iterator[None]:
    """Let a runner open so many transactions, and die at the next."""
    open_uow, left = runner.units_of_work, transactions

    def counted() -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed
        return open_uow()

    object.__setattr__(runner, "units_of_work", counted)
    try:
        yield
    finally:
        object.__setattr__(runner, "units_of_work", open_uow)


@contextmanager
def killed_while_posting(runner: run_payouts.RunPayouts) -> Iterator[None]:
    """Let a runner die between what it settles and what it posts, whichever comes first."""
    open_uow = runner.units_of_work

    @asynccontextmanager
    async def doomed() -> AsyncIterator[Any]:
        async with open_uow() as uow:
            uow.ledger.post_many = dies
            yield uow

    async def dies(postings: Any) -> Any:
        raise Killed

    object.__setattr__(runner, "units_of_work", doomed)
    try:
        yield
    finally:
        object.__setattr__(runner, "units_of_work", open_uow)


@dataclass
class Purse:
    """What a person has, told naively: every day's net, and what was paid."""

    carry: int = 0
    nets: dict[date, int] = field(default_factory=lambda: defaultdict(int))
    moved: dict[date, int] = field(default_factory=lambda: defaultdict(int))
    paid: dict[date, int] = field(default_factory=dict)
    deltas: int = 0
    is_held: bool = False
    last_run: date | None = None

    def enter(self, day: date, amount: int) -> None:
        self.nets[day] += amount
        self.moved[day] += amount
        self.deltas += amount

    @property
    def balance(self) -> int:
        return self.deltas - sum(self.paid.values())


class PayoutsMachine(ExchangeMachine[TaskExchange]):
    """Earns, owes, holds, corrects; closes, settles in parts, dies, and runs again."""

    def __init__(self) -> None:
        super().__init__()
        self.purses = {person: Purse() for person in range(6)}
        self.closed: date | None = None
        self.tasks = 0
        self.open: list[tuple[Task, int]] = []
        self.held_back: list[tuple[Task, dict[str, Any], int]] = []
        self.seen: set[tuple[UUID, date]] = set()
        self.done_runs: list[date] = []
        self.operations: dict[OperationId, tuple[int, int]] = {}
        self.reversed: set[OperationId] = set()
        corrections = PostgresCorrections()
        wallets, clock = self.exchange.wallets, self.clock
        self.propose = ProposeCorrection(corrections, clock, self.exchange.entropy)
        self.decide = DecideCorrection(corrections, wallets, ZONE, clock)
        self.hold_wallet = HoldWallet(corrections, wallets)

    @initialize()
    def two_have_debts_and_never_come_back(self) -> None:
        for person in IDLE_DEBTORS:
            self.owe(person)

    # What people do.

    @property
    def today(self) -> date:
        return business_day(self.clock.now(), ZONE)

    def posted_on(self, day: date) -> date:
        return day if self.closed is None else max(day, self.closed + DAY)

    def begin(self) -> Task:
        self.tasks += 1
        return Task(self.tasks, now=self.clock.now())

    def hear(self, *told: tuple[dict[str, Any], int, int]) -> None:
        """Tell facts, each with whose money moves by how much."""
        self.run(self.exchange.hear(*(envelope for envelope, _, _ in told)))
        for envelope, person, amount in told:
            happened = business_day(_instant(envelope), ZONE)
            if amount:
                self.purses[person].enter(self.posted_on(happened), amount)

    @rule(person=WORKERS)
    def owe(self, person: int) -> None:
        task = self.begin()
        self.hear((task.created(), person, 0), (task.assigned(person), person, -task.fee))
        self.open.append((task, person))

    @rule(person=WORKERS)
    def earn(self, person: int) -> None:
        task = self.begin()
        self.hear(
            (task.created(), person, 0),
            (task.assigned(person), person, -task.fee),
            (task.completed(), person, task.reward),
        )

    @precondition(lambda self: len(self.open) > len(IDLE_DEBTORS))
    @rule(at_once=st.booleans(), place=st.integers(0, 20))
    def complete(self, at_once: bool, place: int) -> None:
        """Complete a task now; the books may hear of it days later."""
        first = len(IDLE_DEBTORS)
        task, person = self.open.pop(first + place % (len(self.open) - first))
        task.now = self.clock.now()
        envelope = task.completed()
        if at_once:
            self.hear((envelope, person, task.reward))
        else:
            self.held_back.append((task, envelope, person))

    @precondition(lambda self: self.held_back)
    @rule(place=st.integers(0, 20))
    def deliver_late(self, place: int) -> None:
        task, envelope, person = self.held_back.pop(place % len(self.held_back))
        self.hear((envelope, person, task.reward))

    @rule(person=WORKERS, is_held=st.sampled_from([True, True, False]))
    def hold(self, person: int, is_held: bool) -> None:
        async def call() -> None:
            async with self.exchange.open_uow() as uow:
                await self.hold_wallet.within(
                    uow, PEOPLE[person], CURRENCY, _cause("accountant:a"), is_held=is_held
                )
                await uow.commit()

        self.run(call())
        self.purses[person].is_held = is_held

    @rule(person=WORKERS, amount=st.integers(-5000, 5000).filter(bool))
    def adjust(self, person: int, amount: int) -> None:
        async def call() -> None:
            async with self.exchange.open_uow() as uow:
                proposed = await self.propose.adjustment(
                    uow, PEOPLE[person], CURRENCY, amount, _cause("accountant:a")
                )
                await self.decide.within(uow, proposed.id, _cause("admin:b"), approves=True)
                await uow.commit()

        self.run(call())
        self.purses[person].enter(self.posted_on(self.today), amount)

    @precondition(lambda self: self.operations)
    @rule(place=st.integers(0, 50))
    def take_back(self, place: int) -> None:
        key = list(self.operations)[place % len(self.operations)]
        person, amount = self.operations[key]

        async def call() -> None:
            async with self.exchange.open_uow() as uow:
                proposed = await self.propose.reversal(uow, key, _cause("accountant:a"))
                await self.decide.within(uow, proposed.id, _cause("admin:b"), approves=True)
                await uow.commit()

        if key in self.reversed:
            with pytest.raises(NotCorrectable):
                self.run(call())
            return
        self.run(call())
        self.reversed.add(key)
        self.purses[person].enter(self.posted_on(self.today), -amount)

    # What the nights do.

    @rule(hours=st.sampled_from([1, 7, 16, 24, 60]))
    def time_goes_by(self, hours: int) -> None:
        self.clock.advance(timedelta(hours=hours))

    @rule(person=WORKERS)
    def somebody_earns_and_the_night_comes(self, person: int) -> None:
        """What happens most days, so that every history has some."""
        self.earn(person)
        self.time_goes_by(24)
        self.pay()

    @rule()
    def pay(self) -> None:
        self.run(self.exchange.pay())
        self.follow()
        self.nothing_is_left()

    @rule()
    def pay_again_at_once(self) -> None:
        self.run(self.exchange.pay())
        before = self.value("SELECT count(*) FROM settlement")
        self.run(self.exchange.pay())
        assert self.value("SELECT count(*) FROM settlement") == before
        self.follow()
        self.nothing_is_left()

    @rule(transactions=st.integers(0, 6))
    def die_while_paying(self, transactions: int) -> None:
        with killed_after(self.exchange.payouts, transactions), suppress(Killed):
            self.run(self.exchange.pay())
        self.follow()

    @rule()
    def die_in_the_middle_of_a_part(self) -> None:
        """Whoever was to be paid is not; whoever had nothing due is done."""
        with killed_while_posting(self.exchange.payouts), suppress(Killed):
            self.run(self.exchange.pay())
        self.follow()

    @rule()
    def close_only(self) -> None:
        report, order = JobReport(), self.order()
        self.run(self.exchange.payouts._next(order, self.today - DAY, report))
        self.follow()

    @rule()
    def settle_one_part(self) -> None:
        day = self.value("SELECT min(day) FROM payout_run WHERE status = 'closed'")
        if day is not None:
            self.run(self.exchange.payouts._chunk(self.order(), day, JobReport()))
            self.follow()

    @precondition(lambda self: len(self.done_runs) > 1)
    @rule(place=st.integers(0, 20))
    def somebody_wakes_up_in_a_run_of_long_ago(self, place: int) -> None:
        """A stale runner settles nobody for a day before their last one."""
        day = self.done_runs[place % (len(self.done_runs) - 1)]
        self.run(self.exchange.payouts._chunk(self.order(), day, JobReport()))
        self.follow()

    def order(self) -> JobOrder:
        return JobOrder(now=self.clock.now(), cause=_cause("job:payouts"))

    # What must come of it.

    def follow(self) -> None:
        """Look at what was settled since, and hold each against the naive purse."""
        self.closed = self.value("SELECT closed_through FROM ledger_calendar")
        for row in self.rows("SELECT * FROM settlement ORDER BY run, person_id"):
            key = row["person_id"], row["run"]
            if key not in self.seen:
                self.seen.add(key)
                self._settled(self.purses[PEOPLE.index(row["person_id"])], row)
        done = self.rows("SELECT day FROM payout_run WHERE status = 'done' ORDER BY day")
        self.done_runs = [row["day"] for row in done]

    def _settled(self, purse: Purse, row: dict[str, Any]) -> None:
        run = row["run"]
        assert self.closed is not None
        assert run <= self.closed
        assert purse.last_run is None or purse.last_run < run, "settled for a day long over"
        due_days = {day for day in purse.nets if day <= run}
        assert due_days <= {run}, "two days were netted"
        net = sum(purse.nets.pop(day) for day in due_days)
        due = purse.carry + net
        payout = due if due > 0 and not purse.is_held else 0
        assert (row["opening_minor"], row["net_minor"]) == (purse.carry, net)
        assert (row["payout_minor"], row["closing_minor"]) == (payout, due - payout)
        purse.carry, purse.last_run = due - payout, run
        if payout:
            purse.paid[run] = payout

    def nothing_is_left(self) -> None:
        """After a run that ended, nobody who could be paid was forgotten."""
        assert self.closed == self.today - DAY
        for purse in self.purses.values():
            assert not any(day <= self.closed for day in purse.nets)
            assert purse.carry <= 0 or purse.is_held or purse.last_run != self.closed
        assert not self.value("SELECT count(*) FROM payout_run WHERE status <> 'done'")

    @invariant()
    def wallets_are_the_models(self) -> None:
        kept = {row["person_id"]: row for row in self.rows("SELECT * FROM wallet")}
        for person, purse in self.purses.items():
            row = kept.get(PEOPLE[person])
            if row is None:
                assert not purse.moved
                continue
            assert (row["balance_minor"], row["carry_minor"]) == (purse.balance, purse.carry)
            assert row["balance_minor"] == purse.carry + sum(purse.nets.values())

    @invariant()
    def days_are_the_models_and_closed_ones_stay(self) -> None:
        days: dict[int, dict[date, int]] = {person: {} for person in self.purses}
        for row in self.rows(
            "SELECT person_id, day, rewards_minor - fees_minor + adjustments_minor AS net "
            "FROM wallet_day"
        ):
            days[PEOPLE.index(row["person_id"])][row["day"]] = row["net"]
        assert days == {person: dict(purse.moved) for person, purse in self.purses.items()}

    @invariant()
    def payouts_are_the_models(self) -> None:
        paid = {
            (PEOPLE.index(row["person_id"]), row["run"]): row["amount_minor"]
            for row in self.rows("SELECT person_id, run, amount_minor FROM payout")
        }
        assert paid == {
            (person, run): amount
            for person, purse in self.purses.items()
            for run, amount in purse.paid.items()
        }

    @invariant()
    def operations_are_noted(self) -> None:
        for row in self.rows(
            "SELECT operation_id, person_id, amount_minor FROM wallet_entry "
            "WHERE kind IN ('ASSIGN_FEE', 'TASK_REWARD', 'ADJUSTMENT') AND person_id <> ALL($1)",
            [PEOPLE[person] for person in IDLE_DEBTORS],
        ):
            self.operations[OperationId(row["operation_id"])] = (
                PEOPLE.index(row["person_id"]),
                row["amount_minor"],
            )

    def teardown(self) -> None:
        """Let everything arrive and every night pass: all that was earned is paid or carried."""
        while self.held_back:
            self.deliver_late(0)
        for person in range(4):
            self.hold(person, False)
        self.time_goes_by(48)
        self.pay()
        self.wallets_are_the_models()
        self.payouts_are_the_models()
        for purse in self.purses.values():
            assert purse.balance == purse.carry <= 0
        for person in IDLE_DEBTORS:
            settled = self.value(
                "SELECT count(*) FROM settlement WHERE person_id = $1", PEOPLE[person]
            )
            assert settled == 1, "a debtor who does nothing is settled once"
        super().teardown()


def _instant(envelope: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(envelope["occurred_at"])


def _cause(actor: str) -> Cause:
    return Cause(actor=actor, reason="a machine", correlation_id=uuid4())


@pytest.fixture(autouse=True)
def _two_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_payouts, "_CHUNK", 2)


def test_any_history_of_days(module_database_url: str) -> None:
    play(PayoutsMachine, module_database_url, examples=30, steps=30)


@pytest.mark.slow
def test_any_long_history_of_days(database_url: str) -> None:
    play_at_random(PayoutsMachine, database_url, examples=150, steps=70)
