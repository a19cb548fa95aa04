"""The check of the books finds what only a broken database could do, and names it."""

from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.invariants import ledger as invariant
from adapters.postgres.ledger_books import PostgresBooks
from adapters.postgres.ledger_books import books as open_books
from application.ledger.check import CheckLedger
from domain.ledger.chart import wallet
from domain.ledger.posting import reversal
from tests.integration.ledger.conftest import Post, violations
from tests.postings import CASH, NOON, REVENUE, RUB, a_cause, a_posting, top_up

ANNA = UUID(int=5)


@pytest.fixture(autouse=True)
async def booked(post: Post) -> None:
    await post(a_posting(1000), a_posting(177), top_up(ANNA, 500, floor_minor=0))


async def tamper(driver: asyncpg.Connection, *changes: str) -> None:
    """Change rows as a broken disk would: without asking the triggers."""
    tables = ("operation", "entry", "account")
    async with driver.transaction():
        for table in tables:
            await driver.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for change in changes:
            await driver.execute(change)
        for table in tables:
            await driver.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


async def test_books_that_hold_are_clean(driver: asyncpg.Connection) -> None:
    assert await violations(driver) == []


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        ("UPDATE entry SET amount_minor = 1001 WHERE amount_minor = 1000", {1, 2, 3}),
        ("UPDATE entry SET amount_minor = amount_minor * 2 WHERE abs(amount_minor) = 177", {3}),
        ("DELETE FROM entry WHERE amount_minor = 177", {1, 2, 3, 4}),
        ("DELETE FROM entry WHERE abs(amount_minor) = 177", {3, 4}),
        ("DELETE FROM operation WHERE entry_count = 2", {4}),
        ("UPDATE entry SET posting_date = '2026-02-02' WHERE amount_minor = 177", {3, 4}),
        ("UPDATE operation SET entry_count = 3", {4}),
        ("UPDATE entry SET currency = 'USD' WHERE amount_minor = 177", {1, 2, 4}),
        ("UPDATE account_balance SET balance_minor = balance_minor + 1", {3}),
        ("UPDATE day_balance SET credit_minor = credit_minor + 1", {3}),
        ("UPDATE day_balance SET entries = entries + 1", {3}),
        ("UPDATE day_balance SET day = '2026-02-02'", {3}),
        ("DELETE FROM day_balance WHERE debit_minor > 0", {3}),
        ("DELETE FROM account_balance WHERE balance_minor > 0", {3}),
        ("UPDATE account SET floor_minor = 501 WHERE owner IS NOT NULL", {13}),
        ("DELETE FROM account WHERE code = 'cash'", {4}),
    ],
)
async def test_every_difference_is_found(
    driver: asyncpg.Connection, change: str, rules: set[int]
) -> None:
    await tamper(driver, change)

    assert {int(one.split()[0]) for one in await violations(driver)} == rules


async def test_a_difference_of_one_kopeck_is_told_with_its_account(
    driver: asyncpg.Connection,
) -> None:
    account = wallet(ANNA, RUB).id
    await tamper(
        driver,
        f"UPDATE account_balance SET balance_minor = balance_minor - 1 "
        f"WHERE account_id = '{account}'",
    )

    assert await violations(driver) == [f"3 {account}: balance -501, entries sum to -500"]


async def test_a_key_that_is_there_twice_is_found(driver: asyncpg.Connection, post: Post) -> None:
    await tamper(
        driver,
        "ALTER TABLE operation DROP CONSTRAINT uq_operation_key",
        "UPDATE operation SET key = 'one' WHERE id IN (SELECT id FROM operation LIMIT 2)",
    )

    assert await violations(driver) == ["5 one: 2 operations"]


async def test_a_reversal_that_is_no_mirror_is_found(
    driver: asyncpg.Connection, post: Post, books: PostgresBooks
) -> None:
    [posted] = await post(a_posting(300))
    operation = await books.operation(posted.operation_id)
    assert operation is not None
    [undone] = await post(reversal(operation, occurred_at=NOON, cause=a_cause()))
    assert await violations(driver) == []

    await tamper(
        driver,
        f"UPDATE entry SET amount_minor = amount_minor + sign(amount_minor) "
        f"WHERE operation_id = '{undone.operation_id}'",
    )

    assert f"4 {undone.operation_id}: it does not mirror {posted.operation_id}" in (
        await violations(driver)
    )


async def test_ranges_leave_nothing_out_at_their_edges(
    driver: asyncpg.Connection, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invariant, "OPERATIONS_AT_ONCE", 3)
    monkeypatch.setattr(invariant, "ACCOUNTS_AT_ONCE", 2)
    await post(*(top_up(uuid4(), n + 1) for n in range(7)))
    assert await violations(driver) == []

    await tamper(
        driver,
        "UPDATE entry SET amount_minor = amount_minor + 1 WHERE amount_minor > 0",
        "UPDATE account_balance SET balance_minor = balance_minor + 1",
    )

    found = await violations(driver)
    assert len([one for one in found if one.startswith("1 ")]) == 10
    # Nine wallets and revenue are off by one; cash is not: by as much as its ten entries.
    assert len([one for one in found if one.startswith("3 ") and "balance" in one]) == 10


async def test_the_use_case_counts_all_and_shows_some(
    driver: asyncpg.Connection, engine: AsyncEngine, post: Post
) -> None:
    steps: list[tuple[int, int, str]] = []
    check = CheckLedger(open_books(engine))

    clean = await check(lambda done, of, what: steps.append((done, of, what)))
    await tamper(driver, "UPDATE day_balance SET entries = entries + 1")
    broken = await check(shown=2)

    assert clean.is_clean
    assert [line.code for line in clean.trial_balance] == ["cash", "purchase_revenue", "wallet"]
    assert sum(line.balance_minor for line in clean.trial_balance) == 0
    assert steps[0][0] == 0
    assert steps[-1] == (steps[-1][1], steps[-1][1], "done")
    assert [done for done, _, _ in steps] == sorted(done for done, _, _ in steps)
    assert (broken.is_clean, broken.count, len(broken.violations)) == (False, 3, 2)


async def test_postings_that_go_on_meanwhile_are_no_differences(
    driver: asyncpg.Connection, database_url: str, post: Post
) -> None:
    await tamper(driver, "UPDATE operation SET entry_count = 3 WHERE key LIKE 'test:%'")
    reader = await asyncpg.connect(database_url)
    try:
        checking = PostgresBooks(reader).check(lambda done, steps, what: None)
        rules = [(await anext(checking)).rule]
        await post(a_posting(5), a_posting(7, debited=REVENUE, credited=CASH))
        rules += [violation.rule async for violation in checking]
    finally:
        await reader.close()

    assert rules == [4, 4, 4]
