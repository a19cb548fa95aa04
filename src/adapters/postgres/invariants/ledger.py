"""The books recomputed from their entries: rules 1 to 5 and 13.

Ranges of operations and of accounts are compared set by set in the database, so memory stays flat
and progress can be shown; all of it sees one snapshot, so postings may go on meanwhile.
"""

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any
from uuid import UUID

import asyncpg

from application.invariants import Violation
from application.ledger.ports import Progress

NAMES = {
    1: "entries of an operation sum to 0 per currency",
    2: "all entries sum to 0 per currency",
    3: "balances equal the sums of their entries",
    4: "entries are as they were posted",
    5: "one operation per key",
    13: "limited accounts are never below their floor",
}
OPERATIONS_AT_ONCE = 20_000
ACCOUNTS_AT_ONCE = 5_000
_FIRST, _LAST = UUID(int=0), UUID(int=2**128 - 1)

# `difference` is null when only the shape of the operation is wrong.
_OPERATIONS = """
WITH sums AS (
    SELECT operation_id, currency, sum(amount_minor)::bigint AS difference, count(*) AS entries,
        max(seq) AS last, min(posting_date) AS earliest, max(posting_date) AS latest
    FROM entry WHERE operation_id > $1 AND operation_id <= $2 GROUP BY operation_id, currency
), whole AS (
    SELECT operation_id, sum(entries) AS entries, max(last) AS last,
        min(earliest) AS earliest, max(latest) AS latest
    FROM sums GROUP BY operation_id
)
SELECT 1 AS rule, operation_id::text AS what, 'off by ' || difference || ' ' || currency AS how
FROM sums WHERE difference <> 0
UNION ALL
SELECT 4, coalesce(operation.id, whole.operation_id)::text,
    CASE WHEN operation.id IS NULL THEN 'its entries are without an operation'
        WHEN whole.operation_id IS NULL THEN 'it has no entries'
        WHEN whole.entries <> operation.entry_count OR whole.last <> operation.entry_count
            THEN whole.entries || ' entries of ' || operation.entry_count
        ELSE 'its entries are dated ' || whole.earliest || ' to ' || whole.latest
            || ', not ' || operation.posting_date END
FROM (SELECT * FROM operation WHERE id > $1 AND id <= $2) AS operation
FULL JOIN whole ON whole.operation_id = operation.id
WHERE operation.id IS NULL OR whole.operation_id IS NULL
    OR whole.entries <> operation.entry_count OR whole.last <> operation.entry_count
    OR whole.earliest <> operation.posting_date OR whole.latest <> operation.posting_date
UNION ALL
SELECT 4, mirror.id::text, 'it does not mirror ' || mirror.reverses
FROM operation AS mirror
WHERE mirror.id > $1 AND mirror.id <= $2 AND mirror.reverses IS NOT NULL AND (
    SELECT array_agg(row(account_id, -amount_minor)::text ORDER BY account_id, -amount_minor)
    FROM entry WHERE operation_id = mirror.id
) IS DISTINCT FROM (
    SELECT array_agg(row(account_id, amount_minor)::text ORDER BY account_id, amount_minor)
    FROM entry WHERE operation_id = mirror.reverses
)
"""

_TOTALS = """
SELECT currency, sum(amount_minor)::text AS total FROM entry
WHERE operation_id > $1 AND operation_id <= $2 GROUP BY currency
"""

_ACCOUNTS = """
WITH days AS (
    SELECT account_id, posting_date AS day, min(currency) AS currency,
        min(currency) <> max(currency) AS mixed,
        sum(greatest(amount_minor, 0))::bigint AS debit_minor,
        sum(greatest(-amount_minor, 0))::bigint AS credit_minor, count(*) AS entries
    FROM entry WHERE account_id > $1 AND account_id <= $2 GROUP BY account_id, posting_date
), kept_days AS (
    SELECT account_id, day, sum(debit_minor)::bigint AS debit_minor,
        sum(credit_minor)::bigint AS credit_minor, sum(entries)::bigint AS entries
    FROM day_balance WHERE account_id > $1 AND account_id <= $2 GROUP BY account_id, day
), sums AS (
    SELECT account_id, sum(debit_minor - credit_minor)::bigint AS balance_minor,
        bool_or(mixed) OR min(currency) <> max(currency) AS mixed, min(currency) AS currency
    FROM days GROUP BY account_id
), kept AS (
    SELECT account_id, sum(balance_minor)::bigint AS balance_minor
    FROM account_balance WHERE account_id > $1 AND account_id <= $2 GROUP BY account_id
)
SELECT 3 AS rule, coalesce(sums.account_id, kept.account_id)::text AS what,
    'balance ' || coalesce(kept.balance_minor::text, 'none') || ', entries sum to '
    || coalesce(sums.balance_minor, 0) AS how
FROM sums FULL JOIN kept ON kept.account_id = sums.account_id
WHERE coalesce(sums.balance_minor, 0) <> coalesce(kept.balance_minor, 0)
UNION ALL
SELECT 3, coalesce(days.account_id, kept_days.account_id)::text,
    'day ' || coalesce(days.day, kept_days.day) || ' keeps '
    || coalesce(row(kept_days.debit_minor, kept_days.credit_minor, kept_days.entries)::text, 'none')
    || ', entries give '
    || coalesce(row(days.debit_minor, days.credit_minor, days.entries)::text, 'none')
FROM days FULL JOIN kept_days
    ON kept_days.account_id = days.account_id AND kept_days.day = days.day
WHERE (days.debit_minor, days.credit_minor, days.entries)
    IS DISTINCT FROM (kept_days.debit_minor, kept_days.credit_minor, kept_days.entries)
UNION ALL
SELECT 4, sums.account_id::text,
    CASE WHEN account.id IS NULL THEN 'entries name an account that does not exist'
        ELSE 'entries are not all in ' || account.currency END
FROM sums LEFT JOIN account ON account.id = sums.account_id
WHERE account.id IS NULL OR sums.mixed OR sums.currency <> account.currency
UNION ALL
SELECT 13, account.id::text, 'balance ' || CASE WHEN kind IN ('asset', 'expense') THEN 1 ELSE -1 END
    * coalesce(sums.balance_minor, 0) || ', floor ' || account.floor_minor
FROM account LEFT JOIN sums ON sums.account_id = account.id
WHERE account.id > $1 AND account.id <= $2 AND account.floor_minor IS NOT NULL
    AND CASE WHEN kind IN ('asset', 'expense') THEN 1 ELSE -1 END
        * coalesce(sums.balance_minor, 0) < account.floor_minor
"""

_KEYS = """
SELECT 5 AS rule, key AS what, count(*) || ' operations' AS how
FROM operation GROUP BY key HAVING count(*) > 1
"""


async def check(driver: asyncpg.Connection, progress: Progress) -> AsyncIterator[Violation]:
    """Yield every difference between the books and their entries; change nothing.

    It takes a snapshot of its own unless the connection is in a transaction already.
    """
    async with _one_moment(driver):
        steps = await _count(driver)
        done = 0
        totals: defaultdict[str, int] = defaultdict(int)
        async for low, high, rows in _ranges(driver, "operation", OPERATIONS_AT_ONCE):
            progress(done, steps, "operations")
            for violation in await _differences(driver, _OPERATIONS, low, high):
                yield violation
            for row in await driver.fetch(_TOTALS, low, high):
                totals[row["currency"]] += int(row["total"])
            done += rows
        async for low, high, rows in _ranges(driver, "account", ACCOUNTS_AT_ONCE):
            progress(done, steps, "balances")
            for violation in await _differences(driver, _ACCOUNTS, low, high):
                yield violation
            done += rows
        progress(done, steps, "totals and keys")
        for currency, total in sorted(totals.items()):
            if total:
                yield Violation(2, NAMES[2], f"the books are off by {total} {currency}")
        for violation in await _differences(driver, _KEYS):
            yield violation
        progress(steps, steps, "done")


def _one_moment(driver: asyncpg.Connection) -> AbstractAsyncContextManager[Any]:
    if driver.is_in_transaction():
        return nullcontext()
    transaction: AbstractAsyncContextManager[Any] = driver.transaction(
        isolation="repeatable_read", readonly=True
    )
    return transaction


async def _count(driver: asyncpg.Connection) -> int:
    counted: int = await driver.fetchval(
        "SELECT (SELECT count(*) FROM operation) + (SELECT count(*) FROM account)"
    )
    return counted


async def _ranges(
    driver: asyncpg.Connection, table: str, size: int
) -> AsyncIterator[tuple[UUID, UUID, int]]:
    """Yield ranges (low, high] that hold `size` rows of a table and leave no id out."""
    low = _FIRST
    while True:
        high: UUID | None = await driver.fetchval(
            f"SELECT id FROM {table} WHERE id > $1 ORDER BY id OFFSET $2 LIMIT 1",  # noqa: S608
            low,
            size - 1,
        )
        if high is None:
            rest: int = await driver.fetchval(
                f"SELECT count(*) FROM {table} WHERE id > $1",  # noqa: S608
                low,
            )
            yield low, _LAST, rest
            return
        yield low, high, size
        low = high


async def _differences(driver: asyncpg.Connection, query: str, *args: Any) -> list[Violation]:
    rows = await driver.fetch(query, *args)
    return [
        Violation(row["rule"], NAMES[row["rule"]], f"{row['what']}: {row['how']}") for row in rows
    ]
