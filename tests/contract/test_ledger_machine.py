"""Any history of the books, replayed against a list of what was accepted and nothing else."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from adapters.clock import ManualClock
from adapters.entropy import SystemEntropy
from adapters.memory.ledger import LedgerState, MemoryLedger
from adapters.memory.ledger_books import MemoryBooks
from adapters.postgres.ledger import PostgresLedger
from adapters.postgres.ledger_books import PostgresBooks
from application.ledger.ports import Books, Ledger, Posted
from application.ports import Page
from domain.ledger.chart import Account
from domain.ledger.errors import DayAlreadyClosed, FloorBreached, KeyConflict, NotReversible
from domain.ledger.posting import Posting, reversal
from domain.shared.ids import OperationId
from tests.postings import ACCOUNTS, NOON, a_cause, a_posting, balanced_entries

T = TypeVar("T")
TODAY = NOON.date()
DAYS = st.integers(-3, 3).map(lambda n: TODAY + timedelta(days=n))
WALLETS = [account for account in ACCOUNTS if account.owner]
EVER = date(2000, 1, 1), date(2100, 1, 1)


@dataclass
class Model:
    """The naive ledger: the postings it accepted, in order, with the day each counts on."""

    accepted: dict[str, tuple[Posting, date, OperationId]] = field(default_factory=dict)
    floors: dict[UUID, int] = field(default_factory=dict)
    closed_through: date | None = None

    def balance(self, account: Account) -> int:
        """Count on the normal side, from the first posting on."""
        return account.kind.normal_sign * sum(
            entry.amount.amount_minor
            for posting, _, _ in self.accepted.values()
            for entry in posting.entries
            if entry.account == account
        )

    def days(self, account: Account) -> dict[date, tuple[int, int, int]]:
        found: dict[date, tuple[int, int, int]] = {}
        for posting, day, _ in self.accepted.values():
            for entry in posting.entries:
                if entry.account == account:
                    debit, credit, count = found.get(day, (0, 0, 0))
                    amount = entry.amount.amount_minor
                    found[day] = (debit + max(amount, 0), credit + max(-amount, 0), count + 1)
        return found

    def day_of(self, posting: Posting) -> date:
        day = posting.value_date or posting.occurred_at.date()
        return (
            day
            if self.closed_through is None
            else max(day, self.closed_through + timedelta(days=1))
        )

    def expects(self, postings: list[Posting]) -> "type[Exception] | list[bool]":
        """Say what posting these together must do: whether each is a replay, or an error."""
        draft = Model(dict(self.accepted), self.floors, self.closed_through)
        replays = []
        for posting in postings:
            known = draft.accepted.get(posting.key)
            if known and known[0].money != posting.money:
                return KeyConflict
            replays.append(known is not None)
            draft.accepted.setdefault(posting.key, (posting, TODAY, OperationId(UUID(int=0))))
        if any(draft.balance(w) < self.floors[w.id] for w in WALLETS if w.id in self.floors):
            return FloorBreached
        return replays


class LedgerMachine(RuleBasedStateMachine):
    """Posts, replays, conflicts, reverses, limits and closes days, in any order."""

    operations = Bundle("operations")

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.ledger: Ledger
        self.books: Books
        self.open()

    def open(self) -> None:
        raise NotImplementedError

    def run(self, call: Coroutine[Any, Any, T]) -> T:
        raise NotImplementedError

    def _post(self, postings: list[Posting]) -> list[str]:
        expected = self.model.expects(postings)
        if isinstance(expected, type):
            with pytest.raises((KeyConflict, FloorBreached)) as refused:
                self.run(self.ledger.post_many(postings))
            # A batch that breaks both rules may be refused for either.
            assert refused.type is expected or expected is KeyConflict
            return []
        answers = self.run(self.ledger.post_many(postings))
        assert [answer.replayed for answer in answers] == expected
        for posting, answer in zip(postings, answers, strict=True):
            self._remember(posting, answer)
        return [posting.key for posting in postings]

    def _remember(self, posting: Posting, answer: Posted) -> None:
        if answer.replayed:
            _, day, operation_id = self.model.accepted[posting.key]
            assert (answer.posting_date, answer.operation_id) == (day, operation_id)
        else:
            assert answer.posting_date == self.model.day_of(posting)
            self.model.accepted[posting.key] = posting, answer.posting_date, answer.operation_id

    @rule(
        target=operations,
        batch=st.lists(
            st.tuples(balanced_entries(), st.none() | DAYS, st.integers(0, 40)),
            min_size=1,
            max_size=4,
        ),
    )
    def post(self, batch: Any) -> str:
        postings = [
            a_posting(key=f"k{number}", entries=entries, value_date=day)
            for entries, day, number in batch
        ]
        keys = self._post(postings)
        return keys[0] if keys else ""

    @rule(key=operations)
    def replay(self, key: str) -> None:
        if key:
            posting, _, _ = self.model.accepted[key]
            self._post([replace(posting, entries=posting.entries[::-1], cause=a_cause())])

    @rule(target=operations, key=operations)
    def reverse(self, key: str) -> str:
        if not key:
            return ""
        kept = self.run(self.books.operation_by_key(key))
        assert kept is not None
        with suppress(NotReversible):
            keys = self._post([reversal(kept, occurred_at=NOON, cause=a_cause())])
            return keys[0] if keys else ""
        assert key.startswith("rev:")
        return ""

    @rule(account=st.sampled_from(WALLETS), floor=st.none() | st.integers(-(10**13), 10**9))
    def limit(self, account: Account, floor: int | None) -> None:
        if not self.model.days(account):
            return
        if floor is not None and self.model.balance(account) < floor:
            with pytest.raises(FloorBreached):
                self.run(self.ledger.limit(account, floor))
            return
        self.run(self.ledger.limit(account, floor))
        self.model.floors.pop(account.id, None)
        if floor is not None:
            self.model.floors[account.id] = floor

    @rule(day=DAYS)
    def close_day(self, day: date) -> None:
        closed = self.model.closed_through
        if closed is not None and day < closed:
            with pytest.raises(DayAlreadyClosed):
                self.run(self.ledger.close_through(day))
            return
        self.run(self.ledger.close_through(day))
        self.model.closed_through = day

    @invariant()
    def balances_are_the_models(self) -> None:
        kept = self.run(self.books.balances(ACCOUNTS))
        for account in ACCOUNTS:
            assert kept[account.id].amount_minor == self.model.balance(account)

    @invariant()
    def the_books_balance(self) -> None:
        sums: Counter[str] = Counter()
        for line in self.run(self.books.trial_balance()):
            sums[line.currency.code] += line.balance_minor
        assert not any(sums.values())

    def teardown(self) -> None:
        for account in ACCOUNTS:
            days = self.run(self.books.day_balances(account, *EVER))
            assert {d.day: (d.debit_minor, d.credit_minor, d.entries) for d in days} == (
                self.model.days(account)
            )
            lines = self.run(self.books.statement(account, Page(1000))).lines
            days_read = [line.posting_date for line in lines]
            assert days_read == sorted(days_read)
            assert sum(line.amount.amount_minor for line in lines) == (
                account.kind.normal_sign * self.model.balance(account)
            )
        assert self.run(self._violations()) == []

    async def _violations(self) -> list[object]:
        return [found async for found in self.books.check(lambda done, steps, what: None)]


class MemoryMachine(LedgerMachine):
    def open(self) -> None:
        self.loop = asyncio.new_event_loop()
        state = LedgerState()
        self.ledger = MemoryLedger(state, ManualClock(NOON), SystemEntropy())
        self.books = MemoryBooks(state)

    def run(self, call: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(call)

    def teardown(self) -> None:
        super().teardown()
        self.loop.close()


class PostgresMachine(LedgerMachine):
    """Every history is one transaction that is rolled back; each call has a savepoint."""

    url: str

    def open(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.driver = self.loop.run_until_complete(asyncpg.connect(self.url))
        self.loop.run_until_complete(self.driver.execute("BEGIN"))
        self.ledger = PostgresLedger(self.driver, SystemEntropy())
        self.books = PostgresBooks(self.driver)

    def run(self, call: Coroutine[Any, Any, T]) -> T:
        async def saved() -> T:
            await self.driver.execute("SAVEPOINT step")
            try:
                answer = await call
            except BaseException:
                await self.driver.execute("ROLLBACK TO SAVEPOINT step")
                raise
            await self.driver.execute("RELEASE SAVEPOINT step")
            return answer

        return self.loop.run_until_complete(saved())

    def teardown(self) -> None:
        try:
            super().teardown()
        finally:
            self.loop.run_until_complete(self.driver.close())
            self.loop.close()


def test_any_history_in_memory() -> None:
    run_state_machine_as_test(
        MemoryMachine, settings=settings(max_examples=60, stateful_step_count=25, deadline=None)
    )


def test_any_history_in_postgres(module_database_url: str) -> None:
    PostgresMachine.url = module_database_url
    run_state_machine_as_test(
        PostgresMachine,
        settings=settings(
            max_examples=40,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
