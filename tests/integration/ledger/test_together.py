"""Many writers at once: one operation per key, floors that hold, days that stay closed."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from adapters.clock import ManualClock
from adapters.entropy import SystemEntropy
from adapters.postgres.ledger import PostgresLedger
from adapters.postgres.ledger_batch import KnownAccounts
from adapters.postgres.ledger_books import PostgresBooks
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from application.errors import NotFound
from application.ledger.ports import Posted
from application.ledger.post import Post as PostOne
from application.ledger.post import PostMany
from application.ledger.reverse import ReverseOperation, ReverseOperations
from application.ports import UnitsOfWork
from domain.ledger.chart import wallet
from domain.ledger.errors import FloorBreached, KeyConflict, ZoneFixed
from domain.ledger.posting import Posting
from domain.shared.ids import OperationId
from tests.integration.ledger.conftest import Post, violations
from tests.postings import CASH, NOON, REVENUE, RUB, a_cause, a_posting, rub, spend, top_up

Units = UnitsOfWork[PostgresUnitOfWork]
TODAY = NOON.date()
_SOMEBODY_WAITS = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"


@pytest.fixture
def many(open_uow: Units) -> PostMany:
    return PostMany(open_uow)


async def outcome(answer: Awaitable[object]) -> object:
    try:
        return await answer
    except (FloorBreached, KeyConflict) as refused:
        return type(refused)


@pytest.mark.parametrize("door", ["post", "post_many"])
async def test_fifty_postings_of_one_key_are_one_operation(
    open_uow: Units, driver: asyncpg.Connection, books: PostgresBooks, door: str
) -> None:
    posting = a_posting()
    one, many = PostOne(open_uow, lanes=8), PostMany(open_uow)
    call: Callable[[], Awaitable[object]] = (
        (lambda: one(posting)) if door == "post" else (lambda: many([posting]))
    )

    answers = await asyncio.gather(*(call() for _ in range(50)))

    posted = [a if isinstance(a, Posted) else a[0] for a in answers]  # type: ignore[index]
    assert len({each.operation_id for each in posted}) == 1
    assert [each.replayed for each in posted].count(False) == 1
    assert await books.balance(CASH) == rub(1177)
    assert await violations(driver) == []


async def test_one_key_with_two_amounts_is_won_by_one_of_them(
    open_uow: Units, driver: asyncpg.Connection
) -> None:
    post = PostOne(open_uow, lanes=8)
    postings = [a_posting(1 + n % 2, key="contested") for n in range(40)]

    answers = await asyncio.gather(*(outcome(post(posting)) for posting in postings))

    assert answers.count(KeyConflict) == 20
    assert await driver.fetchval("SELECT count(*) FROM operation") == 1
    assert await violations(driver) == []


async def test_batches_that_overlap_in_any_order_do_not_lock_each_other_out(
    many: PostMany, driver: asyncpg.Connection, books: PostgresBooks
) -> None:
    owners = [uuid4() for _ in range(300)]
    postings = [top_up(owner, 10) for owner in owners] + [spend(owner, 3) for owner in owners]

    for again in range(3):
        batch = [replace(posting, key=f"{posting.key}:{again}") for posting in postings]
        await asyncio.gather(*(many(ordered) for ordered in (batch, batch[::-1]) * 4))

    balances = await books.balances([wallet(owner, RUB) for owner in owners])
    assert set(balances.values()) == {rub(3 * 7)}
    assert await violations(driver) == []


async def test_a_limited_wallet_is_never_overspent_by_many_at_once(
    open_uow: Units, driver: asyncpg.Connection, books: PostgresBooks, post: Post
) -> None:
    anna, boris = uuid4(), uuid4()
    await post(top_up(anna, 100, floor_minor=0), top_up(boris, 100, floor_minor=0))
    doors = [PostOne(open_uow) for _ in range(4)]
    spends = [spend(anna, 7) for _ in range(30)] + [spend(boris, 7) for _ in range(30)]
    unlimited = [a_posting(1) for _ in range(60)]
    wanted = [p for pair in zip(spends, unlimited, strict=True) for p in pair]

    answers = await asyncio.gather(
        *(outcome(doors[n % 4](posting)) for n, posting in enumerate(wanted))
    )

    assert answers.count(FloorBreached) == 2 * (30 - 14)
    assert all(isinstance(answer, Posted) for answer in answers[1::2])
    for owner in (anna, boris):
        assert await books.balance(wallet(owner, RUB)) == rub(100 - 14 * 7)
    assert await violations(driver) == []


async def test_writers_of_one_company_account_do_not_wait_for_each_other(
    database_url: str, driver: asyncpg.Connection, books: PostgresBooks
) -> None:
    writers = [await asyncpg.connect(database_url) for _ in range(10)]
    try:
        for writer in writers:
            await writer.execute("SET lock_timeout = '2s'; BEGIN")
            await PostgresLedger(writer, SystemEntropy()).post_many([a_posting(1)])
            # The first of each account is the one thing the others have to wait for.
            if writer is writers[0]:
                await writer.execute("COMMIT; BEGIN")
                await PostgresLedger(writer, SystemEntropy()).post_many([a_posting(1)])
        for writer in writers:
            await writer.execute("COMMIT")
    finally:
        for writer in writers:
            await writer.close()

    assert await books.balance(CASH) == rub(11)
    shards = await driver.fetch(
        "SELECT DISTINCT shard FROM account_balance WHERE account_id = $1", CASH.id
    )
    assert len(shards) == 10
    assert await violations(driver) == []


async def test_a_day_closes_after_the_postings_that_are_on_their_way_into_it(
    database_url: str, driver: asyncpg.Connection, books: PostgresBooks, post: Post
) -> None:
    slow, closer = [await asyncpg.connect(database_url) for _ in range(2)]
    try:
        await slow.execute("BEGIN")
        [in_time] = await PostgresLedger(slow, SystemEntropy()).post_many([a_posting(1)])

        async def close() -> None:
            async with closer.transaction():
                await PostgresLedger(closer, SystemEntropy()).close_through(TODAY)

        closing = asyncio.create_task(close())
        async with asyncio.timeout(10):
            while not await driver.fetchval(_SOMEBODY_WAITS):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert not closing.done()
        await slow.execute("COMMIT")
        await closing
        [late] = await post(a_posting(1))
    finally:
        await slow.close()
        await closer.close()

    assert in_time.posting_date == TODAY
    assert late.posting_date == TODAY + timedelta(days=1)
    assert await violations(driver) == []


async def test_the_books_of_a_closed_day_never_move_again(
    open_uow: Units, driver: asyncpg.Connection
) -> None:
    post = PostOne(open_uow, lanes=4)
    books_at_close: dict[date, list[asyncpg.Record]] = {}
    balances = "SELECT * FROM day_balance WHERE day <= $1 ORDER BY account_id, day, shard"

    async def close(day: date) -> None:
        async with open_uow() as uow:
            await uow.ledger.close_through(day)
            books_at_close[day] = await uow.driver.fetch(balances, day)
            await uow.commit()

    async def caller(number: int) -> None:
        for step in range(20):
            await post(a_posting(1))
            if number == 0 and step % 4 == 3:
                await close(TODAY + timedelta(days=step // 4))

    await asyncio.gather(*(caller(number) for number in range(16)))

    for day, kept in books_at_close.items():
        assert await driver.fetch(balances, day) == kept
    assert len(books_at_close) == 5
    assert all(books_at_close.values())
    assert await driver.fetchval("SELECT count(*) FROM operation") == 320
    assert await violations(driver) == []


async def test_fifty_reversals_are_one(
    open_uow: Units, driver: asyncpg.Connection, books: PostgresBooks, post: Post
) -> None:
    [posted] = await post(a_posting(1177))
    reverse = ReverseOperations(open_uow, ManualClock(NOON))

    answers = await asyncio.gather(
        *(reverse([ReverseOperation(posted.operation_id, a_cause())]) for _ in range(50))
    )

    assert len({each.operation_id for [each] in answers}) == 1
    assert await books.balance(CASH) == rub(0)
    assert await violations(driver) == []


async def test_a_reversal_of_nothing_reverses_nothing(
    open_uow: Units, books: PostgresBooks, post: Post
) -> None:
    [posted] = await post(a_posting(1177))
    reverse = ReverseOperations(open_uow, ManualClock(NOON))

    with pytest.raises(NotFound):
        await reverse(
            [
                ReverseOperation(posted.operation_id, a_cause()),
                ReverseOperation(OperationId(uuid4()), a_cause()),
            ]
        )

    assert await books.balance(CASH) == rub(1177)


async def test_a_refused_posting_takes_its_whole_batch_with_it(
    many: PostMany, books: PostgresBooks
) -> None:
    taken = a_posting(1)
    await many([taken])

    with pytest.raises(KeyConflict):
        await many([a_posting(5), a_posting(2, key=taken.key)])

    assert await books.balance(CASH) == rub(1)


async def test_an_account_opened_in_a_transaction_that_rolled_back_is_opened_again(
    driver: asyncpg.Connection, books: PostgresBooks
) -> None:
    known = KnownAccounts()

    async def post(*batches: list[Posting], commit: bool) -> None:
        await driver.execute("BEGIN")
        ledger = PostgresLedger(driver, SystemEntropy(), known)
        for batch in batches:
            await ledger.post_many(batch)
        await driver.execute("COMMIT" if commit else "ROLLBACK")

    await post([a_posting(1)], [a_posting(1)], commit=False)
    await post([a_posting(1)], commit=True)
    await post([a_posting(1)], commit=True)

    assert await books.balance(CASH) == rub(2)
    assert known.missing([CASH, REVENUE]) == []


async def test_what_was_known_is_forgotten_when_the_database_does_not_know_it(
    driver: asyncpg.Connection, books: PostgresBooks
) -> None:
    known = KnownAccounts()
    known.add([CASH, REVENUE])

    async def post() -> None:
        async with driver.transaction():
            await PostgresLedger(driver, SystemEntropy(), known).post_many([a_posting(1)])

    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await post()
    await post()

    assert await books.balance(CASH) == rub(1)


async def test_the_cost_of_a_batch_follows_the_batch_though_it_was_planned_on_empty_tables(
    driver: asyncpg.Connection, post: Post
) -> None:
    # The session plans its queries now, six times so that it settles on them for good.
    for _ in range(6):
        await post(a_posting(1))
    owners = [uuid4() for _ in range(20_000)]
    for start in range(0, 20_000, 1000):
        await post(*(top_up(owner, 1) for owner in owners[start : start + 1000]))

    async def rows_read() -> Counter[str]:
        read = await driver.fetch(
            "SELECT relname, seq_tup_read + coalesce(idx_tup_fetch, 0) AS rows "
            "FROM pg_stat_xact_user_tables"
        )
        return Counter({row["relname"]: row["rows"] for row in read})

    async with driver.transaction():
        again = [spend(owner, 1) for owner in owners[:100]]
        ledger = PostgresLedger(driver, SystemEntropy())
        before = await rows_read()
        await ledger.post_many(again)
        await ledger.post_many(again)
        cost = await rows_read() - before

    assert cost["account_balance"] >= 100
    assert all(rows < 1000 for rows in cost.values()), cost


async def test_the_first_posting_fixes_the_zone_for_everybody(
    driver: asyncpg.Connection, post: Post
) -> None:
    evening = NOON.replace(hour=22)

    async def from_(zone: str, posting: Posting) -> Posted:
        async with driver.transaction():
            ledger = PostgresLedger(driver, SystemEntropy(), zone=ZoneInfo(zone))
            [posted] = await ledger.post_many([posting])
            return posted

    first = await from_("Europe/Moscow", a_posting(occurred_at=evening))
    with pytest.raises(ZoneFixed, match="Europe/Moscow"):
        await from_("UTC", a_posting(occurred_at=evening))
    second = await from_("Europe/Moscow", a_posting(occurred_at=evening))
    [third] = await post(a_posting(occurred_at=evening))

    tomorrow = TODAY + timedelta(days=1)
    assert {each.posting_date for each in (first, second, third)} == {tomorrow}


async def test_two_zones_at_the_first_posting_are_won_by_one(
    database_url: str, driver: asyncpg.Connection
) -> None:
    async def first(zone: str) -> object:
        writer = await asyncpg.connect(database_url)
        try:
            async with writer.transaction():
                ledger = PostgresLedger(writer, SystemEntropy(), zone=ZoneInfo(zone))
                return await ledger.post_many([a_posting(1) for _ in range(50)])
        except ZoneFixed as refused:
            return refused
        finally:
            await writer.close()

    answers = await asyncio.gather(*(first(zone) for zone in ("Europe/Moscow", "Asia/Almaty") * 4))

    assert [isinstance(answer, ZoneFixed) for answer in answers].count(False) == 4
    assert await driver.fetchval("SELECT count(*) FROM operation") == 200
    assert await violations(driver) == []
