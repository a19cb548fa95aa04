"""Order, repetition and lateness of the nightly run leave no trace in any table."""

import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.clock import ManualClock
from domain.ledger.payout import Rules
from tests.integration.tasks.exchange import START, Task, TaskExchange, hours
from tests.integration.tasks.machines.stage import Stage

PEOPLE = st.integers(0, 5)
# Everything but ids that are drawn, instants of entering, and the place in a wallet.
TABLES = {
    "tasks": "SELECT * FROM task_account ORDER BY task_id",
    "wallets": "SELECT person_id, currency, balance_minor, carry_minor, last_run, seq FROM wallet "
    "ORDER BY person_id",
    "log": "SELECT key, one.kind, person_id, amount_minor, task_id, assignation_id, "
    "one.value_date, one.posting_date, one.occurred_at FROM wallet_entry AS one "
    "JOIN operation ON operation.id = operation_id ORDER BY key",
    "days": "SELECT * FROM wallet_day ORDER BY person_id, day",
    "accounts": "SELECT code, owner, posting_date, sum(entry.amount_minor)::bigint AS minor, "
    "count(*) FROM entry JOIN account ON account.id = account_id "
    "GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
    "waiting": "SELECT event_id FROM parked_fact ORDER BY 1",
    "dead": "SELECT event_id FROM dead_fact ORDER BY 1",
    "settlements": "SELECT * FROM settlement ORDER BY run, person_id",
    "payouts": "SELECT id, person_id, run, amount_minor, state FROM payout ORDER BY run, person_id",
}


@pytest.fixture(scope="module")
def stage(module_database_url: str) -> Iterator[Stage]:
    made = Stage(module_database_url)
    yield made
    made.close()


def afresh(stage: Stage) -> TaskExchange:
    stage.run(stage.reset())
    return TaskExchange(stage.engine, ManualClock(START))


def tables(stage: Stage, exchange: TaskExchange) -> dict[str, list[dict[str, Any]]]:
    assert stage.run(exchange.broken()) == []
    return {name: stage.run(exchange.rows(query)) for name, query in TABLES.items()}


def few(test: Callable[..., None]) -> Callable[..., None]:
    kept = settings(
        max_examples=25, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck)
    )
    return kept(test)


@st.composite
def lives(draw: st.DrawFn) -> list[dict[str, Any]]:
    """All that a consistent tracker told of some tasks, on some days, in the order it happened."""
    told = []
    for number in range(draw(st.integers(1, 4))):
        task = Task(number)
        told.append(task.created())
        for person in draw(st.lists(PEOPLE, min_size=1, max_size=4)):
            task.now += hours(draw(st.sampled_from([0, 1, 30])))
            told.append(task.assigned(person))
        if draw(st.booleans()):
            told.append(task.completed())
    return told


def deliver(stage: Stage, told: list[dict[str, Any]], chance: random.Random) -> Any:
    """Tell all of it in any order, in batches of any size, some of it twice or under new names."""
    exchange = afresh(stage)
    exchange.clock.advance(timedelta(days=30))
    again = chance.choices(told, k=len(told) // 2)
    renamed = [
        {**one, "event_id": str(uuid5(UUID(one["event_id"]), "again"))}
        for one in chance.choices(told, k=len(told) // 3)
    ]
    events = [*told, *again, *renamed]
    chance.shuffle(events)
    while events:
        size = chance.randint(1, 5)
        stage.run(exchange.hear(*events[:size]))
        del events[:size]
    return tables(stage, exchange)


@few
@given(told=lives(), one=st.randoms(use_true_random=False), other=st.randoms(use_true_random=False))
def test_two_orders_of_the_same_facts_leave_the_same_tables(
    stage: Stage, told: list[dict[str, Any]], one: random.Random, other: random.Random
) -> None:
    assert deliver(stage, told, one) == deliver(stage, told, other)


NIGHTS = st.lists(
    st.lists(st.tuples(PEOPLE, PEOPLE, st.booleans()), max_size=3), min_size=2, max_size=8
)


def live(
    stage: Stage, nights: list[list[tuple[int, int, bool]]], rules: Rules, on_time: set[int]
) -> Any:
    """Work day by day; the run comes on some nights only, and once at the end."""
    exchange, number = afresh(stage), 0
    runner = exchange.runner(rules=rules)
    for night, worked in enumerate(nights):
        for first, second, is_done in worked:
            number += 1
            task = Task(number, now=exchange.clock.now())
            told = [task.created(), task.assigned(first), task.assigned(second)]
            stage.run(exchange.hear(*told, *([task.completed()] if is_done else [])))
        exchange.clock.advance(timedelta(days=1))
        if night in on_time:
            stage.run(exchange.pay(runner))
    stage.run(exchange.pay(runner))
    return tables(stage, exchange)


@few
@given(nights=NIGHTS, least=st.sampled_from([1, 2500]), on_time=st.sets(st.integers(0, 8)))
def test_nights_that_were_missed_are_caught_up_as_if_they_had_not_been(
    stage: Stage, nights: list[list[tuple[int, int, bool]]], least: int, on_time: set[int]
) -> None:
    rules = Rules(least_minor=least)
    timely = live(stage, nights, rules, set(range(len(nights))))
    assert settled(live(stage, nights, rules, on_time)) == settled(timely)


def settled(found: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Leave out when money left: that is when the run came, late or not."""
    accounts = [
        row for row in found["accounts"] if row["code"] not in {"cash", "payouts_in_transit"}
    ]
    log = [row for row in found["log"] if row["kind"] != "PAYOUT"]
    return {**found, "accounts": accounts, "log": log}
