"""What the database refuses by itself, whoever writes to it and by whatever door."""

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID, uuid4

import asyncpg
import pytest

from adapters.entropy import SystemEntropy
from adapters.postgres.ledger import PostgresLedger
from adapters.postgres.ledger_books import PostgresBooks
from domain.ledger.chart import company, wallet
from tests.integration.ledger.conftest import Post, violations
from tests.postings import CASH, NOON, REVENUE, RUB, USD, a_posting, rub, top_up

TODAY = NOON.date()


@dataclass(frozen=True)
class Line:
    account: UUID
    amount: int
    seq: int
    currency: str = "RUB"
    day: date = TODAY


GOOD = (Line(CASH.id, 100, 1), Line(REVENUE.id, -100, 2))

_INSERT = """
WITH new AS (
    INSERT INTO operation (id, key, kind, occurred_at, value_date, posting_date, entry_count,
        actor, reason, correlation_id, reverses)
    VALUES ($1, $2, 'by_hand', now(), $3, $3, $4, 'psql', 'by hand', $1, $5)
)
INSERT INTO entry (operation_id, account_id, amount_minor, seq, currency, posting_date)
SELECT $1, * FROM unnest($6::uuid[], $7::bigint[], $8::smallint[], $9::text[], $10::date[])
"""


async def by_hand(
    driver: asyncpg.Connection,
    *lines: Line,
    count: int | None = None,
    key: str | None = None,
    reverses: UUID | None = None,
    day: date = TODAY,
) -> UUID:
    """Insert an operation and its entries as a person with psql would."""
    operation_id = uuid4()
    await driver.execute(
        _INSERT,
        operation_id,
        key or f"hand:{operation_id}",
        day,
        len(lines) if count is None else count,
        reverses,
        [line.account for line in lines],
        [line.amount for line in lines],
        [line.seq for line in lines],
        [line.currency for line in lines],
        [line.day for line in lines],
    )
    return operation_id


@pytest.fixture(autouse=True)
async def opened(post: Post, driver: asyncpg.Connection) -> None:
    """Cash and revenue exist, and hold ten roubles."""
    await post(a_posting(1000))


async def counts(driver: asyncpg.Connection) -> tuple[int, ...]:
    return tuple(
        await driver.fetchrow(
            "SELECT (SELECT count(*) FROM operation), (SELECT count(*) FROM entry), "
            "(SELECT sum(balance_minor) FILTER (WHERE balance_minor > 0) FROM account_balance), "
            "(SELECT sum(entries) FROM day_balance)"
        )
    )


async def test_what_is_inserted_whole_by_hand_moves_the_balances_too(
    driver: asyncpg.Connection, books: PostgresBooks
) -> None:
    await by_hand(driver, *GOOD)

    assert await books.balance(CASH) == rub(1100)
    assert await violations(driver) == []


@pytest.mark.parametrize(
    ("lines", "count", "refused_by"),
    [
        ((GOOD[0], replace(GOOD[1], amount=-99)), None, "ledger_balanced"),
        ((replace(GOOD[0], currency="USD"), GOOD[1]), None, "ledger_balanced"),
        ((GOOD[0],), None, "ck_operation_entry_count"),
        ((), 2, "ledger_whole"),
        (GOOD, 3, "ledger_whole"),
        ((GOOD[0], replace(GOOD[1], seq=3)), None, "ledger_whole"),
        ((replace(GOOD[0], seq=0), replace(GOOD[1], seq=1)), None, "ledger_whole"),
        ((GOOD[0], replace(GOOD[1], seq=1)), None, "pk_entry"),
        ((GOOD[0], replace(GOOD[1], day=date(2026, 2, 1))), None, "ledger_whole"),
        ((GOOD[0], replace(GOOD[1], account=UUID(int=7))), None, "ledger_account_known"),
        (
            (replace(GOOD[0], currency="USD"), replace(GOOD[1], currency="USD")),
            None,
            "ledger_account_known",
        ),
        ((*GOOD, Line(CASH.id, 0, 3)), None, "ck_entry_amount"),
        (
            (Line(CASH.id, 10**15 + 1, 1), Line(REVENUE.id, -(10**15) - 1, 2)),
            None,
            "ck_entry_amount",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_does_not_add_up_is_refused_and_leaves_nothing(
    driver: asyncpg.Connection, lines: tuple[Line, ...], count: int | None, refused_by: str
) -> None:
    before = await counts(driver)

    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
        await by_hand(driver, *lines, count=count)

    assert refused.value.constraint_name == refused_by
    assert await counts(driver) == before


async def test_an_operation_alone_and_entries_alone_are_refused(
    driver: asyncpg.Connection,
) -> None:
    operation = (
        "INSERT INTO operation (id, key, kind, occurred_at, value_date, posting_date, "
        "entry_count, actor, reason, correlation_id) VALUES "
        "($1, 'k', 'by_hand', now(), now(), now(), 2, 'psql', 'by hand', $1)"
    )
    entries = (
        "INSERT INTO entry (operation_id, seq, account_id, amount_minor, currency, posting_date) "
        "VALUES ($1, 1, $2, 5, 'RUB', now()), ($1, 2, $3, -5, 'RUB', now())"
    )

    with pytest.raises(asyncpg.CheckViolationError, match="has no entries"):
        await driver.execute(operation, uuid4())
    with pytest.raises(asyncpg.CheckViolationError, match="must come whole"):
        await driver.execute(entries, uuid4(), CASH.id, REVENUE.id)
    # Even one after the other in one transaction: they come in one statement.
    async with driver.transaction():
        with pytest.raises(asyncpg.CheckViolationError, match="has no entries"):
            await driver.execute(operation, uuid4())


async def test_balanced_entries_added_later_are_refused(driver: asyncpg.Connection) -> None:
    operation_id = await by_hand(driver, *GOOD)
    before = await counts(driver)

    with pytest.raises(asyncpg.CheckViolationError, match="must come whole"):
        await driver.execute(
            "INSERT INTO entry (operation_id, seq, account_id, amount_minor, currency, "
            "posting_date) VALUES ($1, 3, $2, 5, 'RUB', $4), ($1, 4, $3, -5, 'RUB', $4)",
            operation_id,
            CASH.id,
            REVENUE.id,
            TODAY,
        )

    assert await counts(driver) == before


@pytest.mark.parametrize("table", ["operation", "entry"])
@pytest.mark.parametrize(
    "change", ["UPDATE {} SET posting_date = posting_date", "DELETE FROM {}", "TRUNCATE {}"]
)
async def test_the_books_are_append_only(
    driver: asyncpg.Connection, table: str, change: str
) -> None:
    with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
        await driver.execute(change.format(table))


async def test_a_key_and_a_reversal_are_unique_in_the_database(
    driver: asyncpg.Connection,
) -> None:
    mirror = (Line(CASH.id, -100, 1), Line(REVENUE.id, 100, 2))
    first = await by_hand(driver, *GOOD, key="one")

    with pytest.raises(asyncpg.UniqueViolationError):
        await by_hand(driver, *GOOD, key="one")
    undone = await by_hand(driver, *mirror, reverses=first)
    with pytest.raises(asyncpg.UniqueViolationError):
        await by_hand(driver, *mirror, reverses=first)
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await by_hand(driver, *GOOD, reverses=undone)
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await by_hand(driver, *GOOD, reverses=uuid4())


async def test_nothing_enters_a_closed_day(driver: asyncpg.Connection, post: Post) -> None:
    async with driver.transaction():
        await PostgresLedger(driver, SystemEntropy()).close_through(TODAY)

    with pytest.raises(asyncpg.CheckViolationError, match="is closed"):
        await by_hand(driver, *GOOD)


async def test_the_calendar_only_moves_forward(driver: asyncpg.Connection) -> None:
    await driver.execute("UPDATE ledger_calendar SET closed_through = '2026-01-31'")

    for change in (
        "UPDATE ledger_calendar SET closed_through = '2026-01-30'",
        "UPDATE ledger_calendar SET closed_through = NULL",
        "UPDATE ledger_calendar SET zone = 'Europe/Moscow'",
        "DELETE FROM ledger_calendar",
        "TRUNCATE ledger_calendar",
        "INSERT INTO ledger_calendar (id, zone) VALUES (2, 'UTC')",
    ):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await driver.execute(change)


async def test_a_zone_that_does_not_exist_is_refused(driver: asyncpg.Connection) -> None:
    with pytest.raises(asyncpg.InvalidParameterValueError):
        await driver.execute("UPDATE ledger_calendar SET zone = 'Mars/Olympus'")


async def test_an_account_stays_what_it_was_opened_as(driver: asyncpg.Connection) -> None:
    for change in (
        "UPDATE account SET currency = 'USD'",
        "UPDATE account SET kind = 'equity'",
        "UPDATE account SET owner = gen_random_uuid()",
        "DELETE FROM account",
        "TRUNCATE account",
    ):
        with pytest.raises(asyncpg.RestrictViolationError):
            await driver.execute(change)


async def test_a_floor_holds_for_entries_made_by_hand(
    driver: asyncpg.Connection, post: Post
) -> None:
    anna = uuid4()
    await post(top_up(anna, 50, floor_minor=0))
    account = wallet(anna, RUB).id

    with pytest.raises(asyncpg.CheckViolationError) as refused:
        await by_hand(driver, Line(account, 51, 1), Line(REVENUE.id, -51, 2))

    assert refused.value.constraint_name == "ck_account_balance_floor"


async def test_an_account_opened_by_hand_is_limited_from_the_start(
    driver: asyncpg.Connection,
) -> None:
    owner = uuid4()
    account = wallet(owner, RUB)
    await driver.execute(
        "INSERT INTO account (id, code, kind, owner, currency, floor_minor) "
        "VALUES ($1, 'wallet', 'liability', $2, 'RUB', 0)",
        account.id,
        owner,
    )

    with pytest.raises(asyncpg.CheckViolationError):
        await by_hand(driver, Line(account.id, 1, 1), Line(REVENUE.id, -1, 2))


async def test_the_database_knows_each_account_once(driver: asyncpg.Connection) -> None:
    with pytest.raises(asyncpg.UniqueViolationError):
        await driver.execute(
            "INSERT INTO account (id, code, kind, currency) "
            "VALUES (gen_random_uuid(), 'cash', 'asset', 'RUB')"
        )
    await driver.execute(
        "INSERT INTO account (id, code, kind, currency) VALUES ($1, 'cash', 'asset', 'USD')",
        company("cash", USD).id,
    )
