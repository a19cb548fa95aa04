"""Facts of tasks become money once, in whatever order they come and however often."""

import asyncio
import random
from datetime import timedelta
from uuid import uuid4

import pytest

from application.jobs import JobOrder
from application.ledger.parked_facts import TakeUpParked
from tests.integration.tasks.exchange import PEOPLE, Task, TaskExchange, day, hours
from tests.integration.tasks.tracker import cause


async def kinds(exchange: TaskExchange) -> list[tuple[str, int]]:
    rows = await exchange.rows("SELECT kind, amount_minor FROM wallet_entry ORDER BY kind, seq")
    return [(row["kind"], row["amount_minor"]) for row in rows]


async def test_a_task_is_charged_when_it_is_given_and_rewarded_when_it_is_done(
    exchange: TaskExchange,
) -> None:
    task = Task(1)
    await exchange.hear(task.created(), task.assigned(1), task.assigned(2), task.completed())

    assert await exchange.balance(1) == -task.fee
    assert await exchange.balance(2) == task.reward - task.fee
    accounts = await exchange.rows(
        "SELECT code, sum(balance_minor)::bigint AS minor FROM account "
        "JOIN account_balance ON account_id = id WHERE owner IS NULL GROUP BY 1 ORDER BY 1"
    )
    assert {row["code"]: row["minor"] for row in accounts} == {
        "fee_income": -2 * task.fee,
        "reward_expense": task.reward,
    }
    priced = await exchange.rows("SELECT data FROM event WHERE name = 'TaskPriced'")
    assert len(priced) == 1


async def test_what_comes_again_moves_nothing_under_whatever_name(exchange: TaskExchange) -> None:
    task = Task(1)
    task.created(), task.assigned(1), task.completed()
    again = [{**one, "event_id": str(uuid4())} for one in task.sent]
    await exchange.hear(*task.sent, *task.sent)
    before = await kinds(exchange)

    await exchange.hear(*task.sent)
    await exchange.hear(*again)

    assert await kinds(exchange) == before
    assert len(before) == 2


async def test_a_completion_that_came_first_is_paid_when_the_task_is_known(
    exchange: TaskExchange,
) -> None:
    task = Task(1)
    created, assigned, completed = task.created(), task.assigned(1), task.completed()
    await exchange.hear(completed)
    assert await exchange.value("SELECT count(*) FROM parked_fact") == 1
    assert await exchange.balance(1) == 0

    await exchange.hear(assigned)

    assert await exchange.value("SELECT count(*) FROM parked_fact") == 0
    assert await exchange.balance(1) == task.reward - task.fee
    await exchange.hear(created)
    assert await exchange.value("SELECT title FROM task_account") == "Task 1"


async def test_a_completion_numbered_before_what_came_with_it_waits_for_nobody(
    exchange: TaskExchange,
) -> None:
    """A partner may count wrongly: what the same batch makes known is not left behind it."""
    task = Task(1)
    assigned = task.assigned(1)
    completed = task.completed()
    await exchange.hear({**completed, "aggregate_version": 1}, {**assigned, "aggregate_version": 2})

    assert await exchange.value("SELECT count(*) FROM parked_fact") == 0
    assert await exchange.balance(1) == task.reward - task.fee


async def test_any_order_ends_in_the_same_books(exchange: TaskExchange) -> None:
    for seed in range(25):
        await _any_order(exchange, random.Random(seed), seed)


async def _any_order(exchange: TaskExchange, chance: random.Random, seed: int) -> None:
    """Live some lives, tell of them in any order and twice, and compare with what they were."""
    lives = [
        [chance.randint(0, 5) for _ in range(chance.randint(1, 4))]
        for _ in range(chance.randint(1, 4))
    ]
    expected = {person: await exchange.balance(person) for person in range(6)}
    events = []
    for place, people in enumerate(lives):
        task = Task(10 * seed + place)
        events.append(task.created())
        for person in people:
            events.append(task.assigned(person))
            expected[person] -= task.fee
        events.append(task.completed())
        expected[people[-1]] += task.reward
    events += chance.choices(events, k=len(events) // 2)
    chance.shuffle(events)
    while events:
        size = chance.randint(1, 5)
        await exchange.hear(*events[:size])
        del events[:size]

    assert {person: await exchange.balance(person) for person in range(6)} == expected, seed
    assert await exchange.value("SELECT count(*) FROM parked_fact") == 0
    assert await exchange.value("SELECT count(*) FROM dead_fact") == 0
    assert await exchange.broken() == []


async def test_many_at_once_agree(exchange: TaskExchange) -> None:
    tasks = [Task(number) for number in range(12)]
    events = [
        one
        for task in tasks
        for one in (task.created(), task.assigned(1), task.assigned(2), task.completed())
    ]
    chance = random.Random(5)
    streams = [chance.sample(events, len(events)) for _ in range(4)]

    async def one(stream: list[dict[str, object]]) -> None:
        for start in range(0, len(stream), 7):
            await exchange.hear(*stream[start : start + 7])

    await asyncio.gather(*(one(stream) for stream in streams))

    assert await exchange.balance(1) == -sum(task.fee for task in tasks)
    assert await exchange.balance(2) == sum(task.reward - task.fee for task in tasks)
    assert await exchange.value("SELECT count(*) FROM wallet_entry") == 36


async def test_what_contradicts_is_kept_for_a_person_and_moves_nothing(
    exchange: TaskExchange,
) -> None:
    task = Task(1)
    await exchange.hear(task.created(), task.assigned(1), task.completed())
    before = await kinds(exchange)

    await exchange.hear(task.assigned(2), {**task.completed(), "event_id": str(uuid4())})

    assert await kinds(exchange) == before
    why = [row["why"] for row in await exchange.rows("SELECT why FROM dead_fact ORDER BY why")]
    assert len(why) == 2
    assert "completed under number 1" in why[0]


@pytest.mark.parametrize(
    "wrong",
    [
        {"event_version": 9},
        {"event_version": "2"},
        {"event_name": "TaskEaten"},
        {"occurred_at": "yesterday"},
        {"occurred_at": "2026-03-02T09:00:00"},
        {"occurred_at": "0001-01-01T00:00:00Z"},
        {"aggregate_version": 0},
        {"aggregate_version": 2**40},
        {"data": None},
        {"data": {"task_id": "x"}},
        {"event_id": "x"},
    ],
)
async def test_what_cannot_be_read_is_kept_and_its_neighbours_are_done(
    exchange: TaskExchange, wrong: dict[str, object]
) -> None:
    good, bad = Task(1), Task(2)
    await exchange.hear(good.created(), {**bad.created(), **wrong}, good.assigned(1))
    assert await exchange.value("SELECT count(*) FROM dead_fact") == 1
    assert await exchange.balance(1) == -good.fee


async def test_a_title_of_a_megabyte_and_wrong_fields_are_refused(exchange: TaskExchange) -> None:
    task = Task(1)
    await exchange.hear(task.created(title="x" * 1_000_000))
    one = task.assigned(1)
    await exchange.hear({**one, "data": {**one["data"], "assignment_no": -1}})
    assert await exchange.value("SELECT count(*) FROM dead_fact") == 2
    assert await exchange.value("SELECT count(*) FROM wallet_entry") == 0


async def test_the_future_waits(exchange: TaskExchange) -> None:
    task = Task(1, now=exchange.clock.now() + hours(1))
    await exchange.hear(task.created(), task.assigned(1))
    assert await exchange.balance(1) == 0
    waiting = await exchange.rows("SELECT why FROM parked_fact")
    assert [row["why"] for row in waiting] == ["future", "future"]

    exchange.clock.advance(hours(1))
    async with exchange.open_uow() as uow:
        now = exchange.clock.now()
        ripe = await exchange.books.ripe(uow, now, now - timedelta(days=1), 10)
        await uow.commit()
    await exchange.hear(*(dict(envelope) for *_, envelope in ripe))
    assert await exchange.balance(1) == -task.fee


async def test_old_titles_are_parted_from_their_keys(exchange: TaskExchange) -> None:
    task = Task(1)
    one = task.event("TaskCreated", version=1, title="[AB-1] - Old", author_id=str(PEOPLE[0]))
    await exchange.hear(one)
    row = (await exchange.rows("SELECT title, jira_id FROM task_account"))[0]
    assert (row["title"], row["jira_id"]) == ("Old", "AB-1")


async def test_a_fact_of_a_closed_day_is_entered_on_the_first_open_one(
    exchange: TaskExchange,
) -> None:
    task = Task(1)
    await exchange.hear(task.created())
    late = task.assigned(1)
    exchange.clock.advance(timedelta(days=2))
    await exchange.pay()

    await exchange.hear(late)

    rows = await exchange.rows("SELECT value_date, posting_date FROM wallet_entry")
    assert [(row["value_date"], row["posting_date"]) for row in rows] == [(day(2), day(4))]
    told = await exchange.rows("SELECT data FROM event WHERE name = 'OperationPosted'")
    assert [row["data"]["late"] for row in told] == [True]


async def test_what_was_given_up_is_taken_up_when_its_task_is_known_after_all(
    exchange: TaskExchange,
) -> None:
    task = Task(1)
    created, assigned, completed = task.created(), task.assigned(1), task.completed()
    await exchange.hear(completed)
    exchange.clock.advance(hours(25))
    take_up = TakeUpParked(exchange.open_uow, exchange.books)
    order = JobOrder(now=exchange.clock.now(), cause=cause())
    assert (await take_up(order)).counts == {"taken_up": 0, "given_up": 1}
    assert await exchange.value("SELECT count(*) FROM dead_fact") == 1

    await exchange.hear(created)
    await exchange.hear(assigned)

    assert await exchange.balance(1) == task.reward - task.fee
    assert await exchange.value("SELECT count(*) FROM dead_fact") == 0
