"""Any delivery of any facts: late, twice, renamed, from the future, contradicting, and lost."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from application.jobs import JobOrder
from application.ledger.parked_facts import ReplayDead, TakeUpParked
from application.ledger.task_events import GIVEN_UP, TASK_EVENT
from tests.integration.tasks.exchange import PEOPLE, Task, TaskExchange, hours, messages
from tests.integration.tasks.machines.stage import ExchangeMachine, play, play_at_random
from tests.integration.tasks.tracker import cause

ANY = st.integers(0, 1000)
SKEW = timedelta(minutes=5)
Envelope = dict[str, Any]


@dataclass
class Known:
    """What the books know of a task, told naively by the table of states and facts."""

    last_no: int = 0
    completion: tuple[str, int] | None = None
    version: int = 0
    title: str = ""
    fees: dict[str, str] = field(default_factory=dict)

    def contradicts(self, data: Envelope, name: str) -> bool:
        if name == "TaskAssigned":
            return self.completion is not None and data["assignment_no"] > self.completion[1]
        if name == "TaskCompleted":
            told = (data["completed_by"], data["assignment_no"])
            if self.completion is not None:
                return self.completion != told
            return bool(self.last_no > data["assignment_no"])
        return False


@dataclass
class Oracle:
    """A naive fold over what was delivered and not lost, one fact after another."""

    tasks: dict[str, Known] = field(default_factory=dict)
    waiting: dict[str, tuple[Envelope, datetime]] = field(default_factory=dict)
    future: dict[str, Envelope] = field(default_factory=dict)
    dead: dict[str, Envelope] = field(default_factory=dict)
    given_up: dict[str, Envelope] = field(default_factory=dict)

    def deliver(self, batch: list[Envelope], now: datetime) -> None:
        heard = []
        for one in batch:
            if datetime.fromisoformat(one["occurred_at"]) > now + SKEW:
                self.future.setdefault(one["event_id"], one)
            else:
                heard.append(one)
        for one in sorted(heard, key=lambda each: each["aggregate_version"]):
            self.apply(one, now)

    def apply(self, one: Envelope, now: datetime) -> None:
        name, data = one["event_name"], one["data"]
        key = data["task_id"]
        is_new = key not in self.tasks
        if is_new and name == "TaskCompleted":
            self.waiting.setdefault(one["event_id"], (one, now))
            return
        known = self.tasks.setdefault(key, Known())
        if known.contradicts(data, name):
            self.dead.setdefault(one["event_id"], one)
        else:
            if one["aggregate_version"] > known.version:
                known.version, known.title = one["aggregate_version"], data["title"]
            if name == "TaskAssigned":
                known.fees[data["assignation_id"]] = data["assignee_id"]
                known.last_no = max(known.last_no, data["assignment_no"])
            elif name == "TaskCompleted":
                known.completion = (data["completed_by"], data["assignment_no"])
        if is_new:
            self.take_up(key, now)

    def take_up(self, key: str, now: datetime) -> None:
        ready = [one for one, _ in self.waiting.values()] + list(self.given_up.values())
        ready = [one for one in ready if one["data"]["task_id"] == key]
        for one in sorted(ready, key=lambda each: each["aggregate_version"]):
            self.waiting.pop(one["event_id"], None)
            self.given_up.pop(one["event_id"], None)
            self.apply(one, now)

    def sweep(self, now: datetime) -> list[Envelope]:
        """Give up what nobody explained for a day; return what is not in the future any more."""
        for key, (one, since) in list(self.waiting.items()):
            if since <= now - timedelta(days=1):
                del self.waiting[key]
                self.given_up[key] = one
        ripe = [
            one for one in self.future.values() if datetime.fromisoformat(one["occurred_at"]) <= now
        ]
        for one in ripe:
            del self.future[one["event_id"]]
        return ripe

    def keys(self) -> dict[str, UUID]:
        """Name every operation there must be, with its person."""
        found = {}
        for task_id, known in self.tasks.items():
            for assignation, person in known.fees.items():
                found[f"fee:{task_id}:{assignation}"] = UUID(person)
            if known.completion:
                found[f"reward:{task_id}"] = UUID(known.completion[0])
        return found


class ConsumerMachine(ExchangeMachine[TaskExchange]):
    """A tracker of somebody else lives its life; what it tells arrives anyhow."""

    def __init__(self) -> None:
        super().__init__()
        self.oracle = Oracle()
        self.lives: list[Task] = []
        self.undelivered: list[Envelope] = []
        self.delivered: list[Envelope] = []
        self.prices: dict[UUID, tuple[int, int]] = {}
        self.take_up = TakeUpParked(self.exchange.open_uow, self.exchange.books)
        self.replay = ReplayDead(self.exchange.books)

    # The tracker.

    @rule(people=st.lists(st.integers(0, 5), min_size=1, max_size=3), is_done=st.booleans())
    def somebody_works(self, people: list[int], is_done: bool) -> None:
        task = Task(len(self.lives) + 1, now=self.clock.now())
        self.lives.append(task)
        self.undelivered.append(task.created())
        self.undelivered += [task.assigned(person) for person in people]
        if is_done:
            self.undelivered.append(task.completed())

    @precondition(lambda self: self.lives)
    @rule(place=ANY, person=st.integers(0, 5), ahead=st.sampled_from([0, 0, 0, 1, 30]))
    def a_task_goes_on(self, place: int, person: int, ahead: int) -> None:
        """Assign a task again, even one that is done: then the tracker contradicts itself."""
        task = self.lives[place % len(self.lives)]
        task.now = self.clock.now() + hours(ahead)
        self.undelivered.append(task.assigned(person))

    @precondition(lambda self: self.lives)
    @rule(place=ANY, ahead=st.sampled_from([0, 0, 0, 2]))
    def a_task_is_completed(self, place: int, ahead: int) -> None:
        """Complete a task, perhaps for the second time."""
        task = self.lives[place % len(self.lives)]
        task.now = self.clock.now() + hours(ahead)
        self.undelivered.append(task.completed())

    # The delivery.

    def deliver(self, *batch: Envelope) -> None:
        self.run(self.exchange.hear(*batch))
        self.oracle.deliver(list(batch), self.clock.now())
        self.delivered += batch

    @precondition(lambda self: self.undelivered)
    @rule(count=st.integers(1, 4))
    def deliver_next(self, count: int) -> None:
        batch = self.undelivered[:count]
        del self.undelivered[:count]
        self.deliver(*batch)

    @precondition(lambda self: self.undelivered)
    @rule(places=st.lists(ANY, min_size=1, max_size=4))
    def deliver_any(self, places: list[int]) -> None:
        """Deliver some, in any order: what comes first is what happened last, often enough."""
        batch = [
            self.undelivered.pop(-1 - place % len(self.undelivered))
            for place in places[: len(self.undelivered)]
        ]
        self.deliver(*batch)

    @precondition(lambda self: self.delivered)
    @rule(places=st.lists(ANY, min_size=1, max_size=3), is_renamed=st.booleans())
    def deliver_again(self, places: list[int], is_renamed: bool) -> None:
        batch = [self.delivered[place % len(self.delivered)] for place in places]
        if is_renamed:
            batch = [{**one, "event_id": str(uuid4())} for one in batch]
        self.deliver(*batch)

    @precondition(lambda self: self.undelivered)
    @rule(count=st.integers(1, 4))
    def die_before_the_commit(self, count: int) -> None:
        """Nothing of it stays: the envelopes will be delivered again."""

        async def call() -> None:
            async with self.exchange.open_uow() as uow:
                await self.exchange.digest(uow, messages(self.undelivered[:count]))

        self.run(call())

    @rule(count=st.sampled_from([0.05, 1, 3, 23, 25]))
    def time_goes_by(self, count: float) -> None:
        self.clock.advance(hours(count))

    @rule()
    def take_up_what_waits(self) -> None:
        now = self.clock.now()
        self.run(self.take_up(JobOrder(now=now, cause=cause())))
        ripe = self.oracle.sweep(now)
        told = self.digest_messages()
        assert {one["event_id"] for one in told} == {one["event_id"] for one in ripe}
        self.oracle.deliver(told, now)

    @precondition(lambda self: self.oracle.dead or self.oracle.given_up)
    @rule(place=ANY)
    def look_at_a_dead_one_again(self, place: int) -> None:
        dead = {**self.oracle.dead, **self.oracle.given_up}
        key = sorted(dead)[place % len(dead)]

        async def call() -> bool:
            async with self.exchange.open_uow() as uow:
                found = await self.replay(uow, UUID(key))
                await uow.commit()
                return found

        assert self.run(call())
        self.oracle.dead.pop(key, None)
        self.oracle.given_up.pop(key, None)
        self.oracle.deliver(self.digest_messages(), self.clock.now())

    def digest_messages(self) -> list[Envelope]:
        rows = self.rows("SELECT id, payload FROM message WHERE name = $1 ORDER BY id", TASK_EVENT)
        told = [row["payload"] for row in rows]

        async def call() -> None:
            async with self.exchange.open_uow() as uow:
                await self.exchange.digest(uow, messages(told))
                await uow.driver.execute("DELETE FROM message")
                await uow.commit()

        self.run(call())
        return told

    # What must come of it.

    @invariant()
    def the_operations_are_the_facts(self) -> None:
        kept = {
            row["key"]: (row["person_id"], row["amount_minor"])
            for row in self.rows(
                "SELECT key, person_id, amount_minor FROM operation "
                "JOIN wallet_entry ON operation_id = id"
            )
        }
        expected = self.oracle.keys()
        assert {key: person for key, (person, _) in kept.items()} == expected
        for key, (_, amount) in kept.items():
            task = self.life(UUID(key.split(":")[1]))
            assert amount == (-task.fee if key.startswith("fee:") else task.reward)
        count = self.value("SELECT count(*) FROM operation")
        assert count == len(expected)

    def life(self, task_id: UUID) -> Task:
        return next(one for one in self.lives if one.id == task_id)

    @invariant()
    def the_tasks_are_the_oracles(self) -> None:
        kept = {
            str(row["task_id"]): row
            for row in self.rows("SELECT * FROM task_account WHERE state <> 'unknown'")
        }
        assert kept.keys() == self.oracle.tasks.keys()
        for key, known in self.oracle.tasks.items():
            row = kept[key]
            done = (str(row["completed_by"]), row["completed_no"])
            assert (None if row["completed_by"] is None else done) == known.completion
            assert row["last_no"] == known.last_no
            assert (row["details_version"], row["title"]) == (known.version, known.title)
            prices = row["fee_minor"], row["reward_minor"]
            assert self.prices.setdefault(row["task_id"], prices) == prices
            assert 1000 <= prices[0] <= 2000 <= prices[1] <= 4000

    @invariant()
    def what_waits_and_what_is_dead_is_the_oracles(self) -> None:
        parked = {
            (str(row["event_id"]), row["why"])
            for row in self.rows("SELECT event_id, why FROM parked_fact")
        }
        assert parked == {(key, "unknown_task") for key in self.oracle.waiting} | {
            (key, "future") for key in self.oracle.future
        }
        dead = self.rows("SELECT event_id, why FROM dead_fact")
        given_up = {str(row["event_id"]) for row in dead if row["why"] == GIVEN_UP}
        others = {str(row["event_id"]) for row in dead} - given_up
        assert (given_up, others) == (set(self.oracle.given_up), set(self.oracle.dead))

    @invariant()
    def a_price_is_told_once(self) -> None:
        told = self.rows("SELECT data->>'task_id' AS id FROM event WHERE name = 'TaskPriced'")
        assert sorted(row["id"] for row in told) == sorted(self.oracle.tasks)

    def teardown(self) -> None:
        """Deliver everything at last: what never contradicted itself is on the books."""
        while self.undelivered:
            self.deliver_next(4)
            self.the_books_hold()
        self.clock.advance(hours(31))
        self.take_up_what_waits()
        self.the_operations_are_the_facts()
        self.the_tasks_are_the_oracles()
        self.what_waits_and_what_is_dead_is_the_oracles()
        assert not self.value("SELECT count(*) FROM parked_fact")
        for task in self.lives:
            if all(self.oracle.dead.get(one["event_id"]) is None for one in task.sent):
                fees = sum(one["event_name"] == "TaskAssigned" for one in task.sent)
                assert len(self.oracle.tasks[str(task.id)].fees) == fees
        for person in PEOPLE:
            assert self.value(
                "SELECT coalesce(sum(amount_minor), 0) = coalesce((SELECT balance_minor "
                "FROM wallet WHERE person_id = $1), 0) FROM wallet_entry WHERE person_id = $1",
                person,
            )
        super().teardown()


def test_any_delivery(module_database_url: str) -> None:
    play(ConsumerMachine, module_database_url, examples=30, steps=30)


@pytest.mark.slow
def test_any_long_delivery(database_url: str) -> None:
    play_at_random(ConsumerMachine, database_url, examples=150, steps=70)
