"""Events are counted once, in any order and by any number, and anew with the same result."""

import asyncio
import random
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from application.analytics.facts import UnreadableEvent
from application.envelope import Envelope
from tests.integration.analytics.counted import Counted
from tests.integration.billing.house import cause
from tests.integration.tasks.exchange import PEOPLE, START, day, hours


async def live(counted: Counted, seed: int, days: int = 4) -> None:
    """Let some days pass: tasks given and done, told late and twice, and paid every night."""
    chance = random.Random(seed)
    late: list[dict[str, Any]] = []
    for night in range(days):
        told: list[dict[str, Any]] = []
        for number in range(6):
            task = counted.task(100 * seed + 10 * night + number)
            task.created()
            for _ in range(chance.randint(1, 3)):
                task.assigned(chance.randint(0, 5))
            if chance.random() < 0.7:
                task.completed()
            told += task.sent
        told += late + chance.choices(told, k=5)
        chance.shuffle(told)
        late = [told.pop() for _ in range(4)]
        for start in range(0, len(told), 7):
            await counted.hear(*told[start : start + 7])
        counted.next_day()
        await counted.pay()
    await counted.hear(*late)


async def test_the_company_earned_what_tasks_took_from_people_and_what_the_books_say(
    counted: Counted,
) -> None:
    await live(counted, 1)
    await counted.count()

    by_person = await counted.rows(
        "SELECT value_date AS day, -sum(amount_minor)::bigint AS net FROM wallet_entry "
        "WHERE kind IN ('ASSIGN_FEE', 'TASK_REWARD') GROUP BY 1 ORDER BY 1"
    )
    by_company = await counted.rows(
        "SELECT day, fees_minor - rewards_minor AS net FROM company_day "
        "WHERE dated = 'value' ORDER BY day"
    )
    assert [dict(row) for row in by_company] == [dict(row) for row in by_person]
    assert [dict(row) for row in by_company] == [
        dict(row)
        for row in await counted.rows(
            "SELECT day, -sum(net_minor)::bigint AS net FROM person_day GROUP BY 1 ORDER BY 1"
        )
    ]
    booked = await counted.rows(
        "SELECT day, sum(credit_minor - debit_minor)::bigint AS net FROM day_balance "
        "JOIN account ON account.id = account_id "
        "WHERE code IN ('fee_income', 'reward_expense') GROUP BY 1 ORDER BY 1"
    )
    posted = await counted.rows(
        "SELECT day, fees_minor - rewards_minor AS net FROM company_day "
        "WHERE dated = 'posting' ORDER BY day"
    )
    assert [dict(row) for row in posted] == [dict(row) for row in booked]
    assert await counted.net("value") == await counted.net("posting")
    assert len(by_company) == 4


async def test_payouts_change_no_day_and_do_change_balances(counted: Counted) -> None:
    task = counted.task(1)
    await counted.hear(task.created(), task.assigned(1), task.completed())
    await counted.count()
    before = await counted.tables()
    counted.next_day()
    await counted.pay()

    assert await counted.count() == {"counted": 2}

    after = await counted.tables()
    assert before["company_day"] == after["company_day"]
    assert before["person_day"] == after["person_day"]
    assert [row["balance_minor"] for row in after["person_balance"]] == [0]
    assert [row["people"] for row in after["red_day"]] == [0]


async def test_people_in_the_red_are_those_whose_wallets_are(counted: Counted) -> None:
    await live(counted, 2)
    await counted.count()

    wallets = await counted.rows(
        "SELECT person_id, currency, balance_minor, seq AS wallet_seq FROM wallet ORDER BY 1, 2"
    )
    kept = (await counted.tables())["person_balance"]
    assert kept == [dict(row) for row in wallets]
    assert any(row["balance_minor"] < 0 for row in kept)
    closed = [row["people"] for row in (await counted.tables())["red_day"]]
    assert len(closed) == 4


async def test_a_day_keeps_how_many_were_in_the_red_when_it_closed(counted: Counted) -> None:
    first, second = counted.task(1), counted.task(2)
    await counted.hear(first.created(), first.assigned(1), second.created(), second.assigned(2))
    counted.next_day()
    await counted.pay()
    first.now = counted.clock.now()
    await counted.hear(first.completed())
    counted.next_day()
    await counted.pay()
    await counted.count(counted.reads(1))

    assert (await counted.tables())["red_day"] == [
        {"day": day(2), "people": 2},
        {"day": day(3), "people": 1},
    ]


async def test_the_dearest_task_of_a_day_is_that_of_all_completed_on_it(counted: Counted) -> None:
    await live(counted, 3)
    await counted.count(counted.reads(3))

    await same_as_brute_force(counted)


async def same_as_brute_force(counted: Counted) -> None:
    found = await counted.rows(
        "SELECT DISTINCT ON (value_date) value_date AS day, amount_minor AS price_minor, task_id "
        "FROM wallet_entry WHERE kind = 'TASK_REWARD' "
        "ORDER BY value_date, amount_minor DESC, occurred_at, task_id"
    )
    kept = (await counted.tables())["top_task_day"]
    assert [(row["day"], row["price_minor"], row["task_id"]) for row in kept] == [
        tuple(row.values()) for row in found
    ]
    assert len(kept) >= 3


@pytest.mark.parametrize("piece", [1, 7, 1000])
async def test_counted_anew_it_comes_to_the_same(counted: Counted, piece: int) -> None:
    await live(counted, 4)
    await counted.count(counted.reads(5))
    before = await counted.tables()
    assert all(before.values())

    await counted.rebuild(piece)

    assert await counted.tables() == before


async def test_two_who_read_at_once_count_once(counted: Counted) -> None:
    await live(counted, 5)
    reports = await asyncio.gather(*(counted.count(counted.reads(size)) for size in (1, 2, 3, 1)))
    at_once = await counted.tables()
    assert not any("repeated" in report for report in reports)

    await counted.rebuild(1000)

    assert await counted.tables() == at_once
    operations = await counted.value("SELECT count(*) FROM wallet_entry")
    assert len(at_once["told_operation"]) == operations


async def test_a_rebuild_beside_the_timetable_counts_once(counted: Counted) -> None:
    await live(counted, 6)
    await counted.count()
    before = await counted.tables()

    await asyncio.gather(counted.rebuild(4), counted.count(counted.reads(3)), counted.rebuild(9))

    assert await counted.tables() == before


async def test_what_is_told_again_under_another_name_is_counted_once(counted: Counted) -> None:
    fee = counted.posted("ASSIGN_FEE", -12, day(2))
    reward = counted.posted("TASK_REWARD", 30, day(2))
    await counted.tell(fee, reward, fee)
    assert await counted.count() == {"counted": 2, "repeated": 1}
    before = await counted.tables()

    await counted.tell(reward, fee)

    assert await counted.count() == {"repeated": 2}
    assert await counted.tables() == before
    assert await counted.net() == -18
    await counted.tell(reward, counted.posted("ASSIGN_FEE", -15, day(2)), fee)
    assert await counted.count() == {"counted": 1, "repeated": 2}
    assert await counted.net() == -3


async def test_the_order_of_telling_changes_nothing(counted: Counted) -> None:
    events = [
        counted.posted(
            "TASK_REWARD", 20 + number % 4, day(2 + number % 2), task_id=UUID(int=number)
        )
        for number in range(12)
    ]
    events += [
        counted.posted(
            "REVERSAL",
            -events[number].amount_minor,
            day(4),
            task_id=UUID(int=number),
            reverses_kind="TASK_REWARD",
        )
        for number in (3, 7, 11, 2)
    ]
    results = []
    for seed in range(6):
        random.Random(seed).shuffle(events)
        await counted.run_sql("TRUNCATE told_operation, company_day, person_day, person_balance")
        await counted.run_sql("TRUNCATE top_task_day")
        await counted.tell(*(replace(one) for one in events))
        await counted.count(counted.reads(1 + seed))
        results.append(await counted.tables())
    assert all(one == results[0] for one in results)
    tops = results[0]["top_task_day"]
    assert [(row["day"], row["price_minor"]) for row in tops] == [(day(2), 22), (day(3), 21)]


async def test_an_older_place_in_a_wallet_never_replaces_a_newer_one(counted: Counted) -> None:
    newer = counted.posted("ASSIGN_FEE", -1, day(2), wallet_seq=9, balance_after_minor=-50)
    older = counted.posted("TASK_REWARD", 2, day(2), wallet_seq=8, balance_after_minor=80)
    await counted.tell(newer)
    await counted.count()
    await counted.tell(older)
    await counted.count()

    (kept,) = (await counted.tables())["person_balance"]
    assert (kept["balance_minor"], kept["wallet_seq"]) == (-50, 9)


async def test_a_reward_taken_back_lets_the_next_dearest_stand(counted: Counted) -> None:
    best = counted.posted("TASK_REWARD", 38, day(2), task_id=UUID(int=1))
    second = counted.posted("TASK_REWARD", 25, day(2), task_id=UUID(int=2))
    only = counted.posted("TASK_REWARD", 23, day(1), task_id=UUID(int=3))
    await counted.tell(best, second, only)
    await counted.count()

    await counted.tell(
        *(
            counted.posted(
                "REVERSAL",
                -one.amount_minor,
                day(3),
                task_id=one.task_id,
                reverses_kind="TASK_REWARD",
            )
            for one in (best, only)
        )
    )
    await counted.count()

    tops = (await counted.tables())["top_task_day"]
    assert [(row["day"], row["task_id"]) for row in tops] == [(day(2), UUID(int=2))]
    company = {
        (row["dated"], row["day"]): row["rewards_minor"]
        for row in (await counted.tables())["company_day"]
    }
    assert company["value", day(3)] == -61
    assert await counted.net() == -25


async def test_a_piece_that_fails_leaves_nothing_and_is_read_again(counted: Counted) -> None:
    await counted.tell(counted.posted("ASSIGN_FEE", -12, day(2)))
    await counted.count()
    before = await counted.tables()
    async with counted.open_uow() as uow:
        uow.events.record(cause(), [counted.posted("ASSIGN_FEE", -15, day(2))])
        await uow.events.flush()
        await uow.driver.execute(
            "INSERT INTO event (event_id, name, version, aggregate_id, occurred_at, "
            "correlation_id, actor, reason, data) "
            "VALUES ($1, 'OperationPosted', 2, $1, now(), $1, 'x', 'y', '{}')",
            uuid4(),
        )
        await uow.commit()

    with pytest.raises(UnreadableEvent, match="v2"):
        await counted.count()

    assert await counted.tables() == before
    with pytest.raises(UnreadableEvent, match="v2"):
        await counted.count(counted.reads(1))
    assert await counted.net() == 27


async def test_as_of_is_now_when_everything_is_read_and_older_while_it_is_not(
    counted: Counted,
) -> None:
    await counted.tell(counted.posted("ASSIGN_FEE", -12, day(2)))
    counted.clock.advance(hours(1))
    await counted.tell(counted.posted("ASSIGN_FEE", -12, day(2)))
    counted.clock.advance(hours(1))
    assert await as_of(counted) is None
    await counted.horizon()

    await counted.reader(counted.order(limit=1))
    assert await as_of(counted) == START
    await counted.count()
    assert await as_of(counted) == START + timedelta(hours=2)
    counted.clock.advance(hours(5))
    await counted.count()
    assert await as_of(counted) == START + timedelta(hours=7)


async def as_of(counted: Counted) -> Any:
    return await counted.value("SELECT as_of FROM feed_cursor")


async def test_a_dry_run_counts_and_changes_nothing(counted: Counted) -> None:
    await counted.tell(counted.posted("ASSIGN_FEE", -12, day(2)))
    await counted.horizon()
    report = await counted.reader(counted.order(dry_run=True))
    assert report.counts == {"would_read": 1}
    assert not any((await counted.tables()).values())
    assert await counted.value("SELECT count(*) FROM feed_cursor") == 0


async def test_an_event_behind_an_open_transaction_is_counted_when_that_ends(
    counted: Counted,
) -> None:
    """Positions are given out before commits: nothing is passed by."""
    async with counted.open_uow() as early:
        early.events.record(cause(), [counted.posted("ASSIGN_FEE", -10, day(2))])
        await early.events.flush()
        await counted.tell(counted.posted("ASSIGN_FEE", -20, day(2), person_id=PEOPLE[1]))
        await counted.reader(counted.order())
        assert await counted.net() == 0
        assert await as_of(counted) is None
        await early.commit()
    await counted.count()
    assert await counted.net() == 30


async def test_what_a_partner_tells_is_neither_counted_nor_the_time(counted: Counted) -> None:
    ours = counted.posted("ASSIGN_FEE", -12, day(2))
    async with counted.open_uow() as uow:
        told = Envelope.of(
            ours,
            event_id=uuid4(),
            occurred_at=START - timedelta(days=400),
            producer="tracker",
            aggregate_version=1,
            cause=cause(),
        )
        uow.events.record(cause(), [ours])
        uow.events.tell(cause(), [told, replace(told, event_id=uuid4())])
        uow.events.record(cause(), [counted.posted("ASSIGN_FEE", -1, day(2))])
        await uow.commit()
    await counted.horizon()
    counted.clock.advance(hours(1))

    await counted.reader(counted.order(limit=2))
    assert await as_of(counted) == START
    await counted.reader(counted.order(limit=1))
    assert await as_of(counted) == START
    assert await counted.count() == {"counted": 1}
    assert await counted.net() == 13
