"""Days are closed one by one, everybody is paid what is due for each, and nothing twice."""

import asyncio
import random
from datetime import timedelta

import pytest

from domain.ledger.payout import Rules
from tests.integration.tasks.exchange import PEOPLE, Task, TaskExchange, hours

DAY = timedelta(days=1)


async def earn(exchange: TaskExchange, number: int, person: int) -> Task:
    """Let somebody be given a task, and complete it."""
    task = Task(number, now=exchange.clock.now())
    await exchange.hear(task.created(), task.assigned(person), task.completed())
    return task


async def owe(exchange: TaskExchange, number: int, person: int) -> Task:
    """Let somebody be given a task."""
    task = Task(number, now=exchange.clock.now())
    await exchange.hear(task.created(), task.assigned(person))
    return task


async def payouts(exchange: TaskExchange) -> list[tuple[int, int, int]]:
    rows = await exchange.rows(
        "SELECT person_id, run, amount_minor FROM payout ORDER BY run, person_id"
    )
    return [(PEOPLE.index(row["person_id"]), row["run"].day, row["amount_minor"]) for row in rows]


async def test_what_is_due_is_paid_once_and_the_wallet_is_empty(exchange: TaskExchange) -> None:
    task = await earn(exchange, 1, 1)
    exchange.clock.advance(DAY)

    first, second = await exchange.pay(), await exchange.pay()

    assert first.counts == {"closed": 1, "settled": 1, "paid": 1, "done": 1}
    assert second.counts == {}
    assert await payouts(exchange) == [(1, 2, task.reward - task.fee)]
    assert await exchange.balance(1) == 0
    told = await exchange.rows("SELECT name FROM event ORDER BY position")
    assert [row["name"] for row in told][-2:] == [
        "OperationPosted",
        "DayClosed",
    ]


async def test_the_worked_example_of_a_debt_and_a_late_fact(exchange: TaskExchange) -> None:
    task = await owe(exchange, 1, 1)
    exchange.clock.advance(DAY)
    await exchange.pay()
    assert await exchange.balance(1) == -task.fee
    task.now = exchange.clock.now()
    late = task.completed()
    exchange.clock.advance(DAY)
    await exchange.pay()

    await exchange.hear(late)
    exchange.clock.advance(DAY)
    await exchange.pay()

    assert await payouts(exchange) == [(1, 4, task.reward - task.fee)]


async def test_days_are_paid_one_by_one_however_late(exchange: TaskExchange) -> None:
    first = await earn(exchange, 1, 1)
    exchange.clock.advance(DAY)
    second = await owe(exchange, 2, 1)
    exchange.clock.advance(5 * DAY)

    report = await exchange.pay()

    assert await payouts(exchange) == [(1, 2, first.reward - first.fee)]
    assert await exchange.balance(1) == -second.fee
    assert report.counts["closed"] == 6


async def test_years_without_anything_are_closed_at_once(exchange: TaskExchange) -> None:
    await owe(exchange, 1, 1)
    exchange.clock.advance(4000 * DAY)
    task = await earn(exchange, 2, 2)
    exchange.clock.advance(DAY)

    report = await exchange.pay()

    assert report.counts["closed"] == 4001
    assert report.counts["settled"] == 2, "a debtor who does nothing costs nothing"
    assert await exchange.value("SELECT count(*) FROM payout_run") == 4001
    assert await exchange.value("SELECT count(*) FROM payout") == 1
    assert task.reward > task.fee


async def test_what_happens_after_midnight_is_not_looked_at(exchange: TaskExchange) -> None:
    earned = await earn(exchange, 1, 1)
    exchange.clock.advance(hours(13))  # past midnight in Moscow
    owed = await owe(exchange, 2, 1)

    await exchange.pay()

    assert await payouts(exchange) == [(1, 2, earned.reward - earned.fee)]
    assert await exchange.balance(1) == -owed.fee


async def test_little_is_carried_and_what_is_held_waits(exchange: TaskExchange) -> None:
    await earn(exchange, 1, 1)
    await earn(exchange, 2, 2)
    async with exchange.open_uow() as uow:
        await uow.driver.execute("UPDATE wallet SET is_held = true WHERE person_id = $1", PEOPLE[2])
        await uow.commit()
    much = exchange.runner(rules=Rules(least_minor=1_000_000))
    exchange.clock.advance(DAY)
    await exchange.pay(much)
    assert await payouts(exchange) == []

    async with exchange.open_uow() as uow:
        await uow.driver.execute("UPDATE wallet SET is_held = false")
        await uow.commit()
    exchange.clock.advance(DAY)
    await exchange.pay()
    assert [(person, run) for person, run, _ in await payouts(exchange)] == [(1, 3), (2, 3)]


async def test_a_strict_run_waits_for_facts_of_the_day(exchange: TaskExchange) -> None:
    strict = exchange.runner(strict=True)
    await earn(exchange, 1, 1)
    task = Task(2, now=exchange.clock.now())
    created, assigned, completed = task.created(), task.assigned(2), task.completed()
    await exchange.hear(completed)
    exchange.clock.advance(DAY)

    assert (await exchange.pay(strict)).counts == {"waits_for_facts": 1}
    await exchange.hear(created, assigned)
    assert (await exchange.pay(strict)).counts["paid"] == 2


async def test_many_runners_and_posters_at_once_pay_once(exchange: TaskExchange) -> None:
    for number in range(20):
        await earn(exchange, number, number % 6)
    exchange.clock.advance(DAY)
    tasks = [Task(100 + number, now=exchange.clock.now()) for number in range(20)]

    async def post(task: Task, person: int) -> None:
        await exchange.hear(task.created(), task.assigned(person))
        await exchange.hear(task.completed())

    await asyncio.gather(
        *(exchange.pay() for _ in range(4)),
        *(post(task, place % 6) for place, task in enumerate(tasks)),
    )
    await exchange.pay()

    paid = await payouts(exchange)
    assert [(person, run) for person, run, _ in paid] == [(person, 2) for person in range(6)]
    assert await exchange.value("SELECT status FROM payout_run") == "done"


class Killed(Exception):
    """The process is gone."""


@pytest.mark.parametrize("when", range(8))
async def test_a_run_that_is_killed_goes_on_where_it_stopped(
    exchange: TaskExchange, when: int
) -> None:
    for number in range(6):
        await earn(exchange, number, number)
    exchange.clock.advance(DAY)
    await owe(exchange, 50, 1)
    exchange.clock.advance(DAY)
    runner, left = exchange.payouts, when
    open_uow = runner.units_of_work

    def counted():  # type: ignore[no-untyped-def]
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed
        return open_uow()

    object.__setattr__(runner, "units_of_work", counted)
    try:
        await exchange.pay()
    except Killed:
        assert await exchange.broken() == []
    object.__setattr__(runner, "units_of_work", open_uow)
    await exchange.pay()

    assert [(person, run) for person, run, _ in await payouts(exchange)] == [
        (person, 2) for person in range(6)
    ]
    assert await exchange.value("SELECT count(*) FROM payout_run WHERE status = 'done'") == 2


async def test_weeks_of_chance_add_up_after_every_step(exchange: TaskExchange) -> None:
    chance, tasks, number = random.Random(11), list[Task](), 0
    waiting: list[dict[str, object]] = []
    for _ in range(40):
        match chance.randint(0, 4):
            case 0:
                exchange.clock.advance(hours(chance.choice([2, 9, 30])))
                await exchange.pay()
            case 1:
                number += 1
                task = Task(number, now=exchange.clock.now())
                tasks.append(task)
                waiting += [task.created(), task.assigned(chance.randint(0, 5))]
            case 2 if tasks:
                task = chance.choice(tasks)
                task.now = exchange.clock.now()
                waiting.append(task.assigned(chance.randint(0, 5)))
            case 3 if tasks:
                task = tasks.pop(chance.randrange(len(tasks)))
                task.now = exchange.clock.now()
                waiting.append(task.completed())
            case _:
                chance.shuffle(waiting)
                await exchange.hear(*waiting[:5], *waiting[:2])
                del waiting[:5]
        assert await exchange.broken() == []
    await exchange.hear(*waiting)
    exchange.clock.advance(2 * DAY)
    await exchange.pay()
    paid = await exchange.value("SELECT coalesce(sum(amount_minor), 0) FROM payout")
    carried = await exchange.value("SELECT sum(carry_minor) FROM wallet")
    moved = await exchange.value(
        "SELECT sum(amount_minor) FROM wallet_entry WHERE kind <> 'PAYOUT'"
    )
    assert paid + carried == moved
