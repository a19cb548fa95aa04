"""Reading the books: balances, statements, the trial balance, and what belongs to what."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.connections import borrowed
from adapters.postgres.invariants.ledger import check
from adapters.postgres.ledger_rows import operations_from, operations_where
from application.invariants import Violation
from application.ledger.paging import bounded, cursor_after, position_of
from application.ledger.ports import (
    DayBalance,
    Progress,
    Statement,
    StatementLine,
    TrialLine,
)
from application.ports import Page
from domain.ledger.chart import Account
from domain.ledger.posting import Operation
from domain.shared.ids import AttemptId, OperationId, RefundId
from domain.shared.money import Currency, Money

_STATEMENT = """
SELECT e.operation_id, e.seq, e.posting_date, e.amount_minor, o.key, o.kind
FROM entry AS e JOIN operation AS o ON o.id = e.operation_id
WHERE e.account_id = $1 AND (e.posting_date, e.operation_id, e.seq) > ($2, $3, $4)
ORDER BY e.posting_date, e.operation_id, e.seq LIMIT $5
"""

_DAYS = """
SELECT day, sum(debit_minor)::bigint AS debit_minor, sum(credit_minor)::bigint AS credit_minor,
    sum(entries)::bigint AS entries
FROM day_balance WHERE account_id = $1 AND day BETWEEN $2 AND $3 GROUP BY day ORDER BY day
"""

_TRIAL = """
SELECT a.code, a.currency, sum(d.debit_minor)::bigint AS debit_minor,
    sum(d.credit_minor)::bigint AS credit_minor, count(DISTINCT a.id) AS accounts
FROM day_balance AS d JOIN account AS a ON a.id = d.account_id
WHERE $1::date IS NULL OR d.day <= $1
GROUP BY a.code, a.currency ORDER BY a.currency, a.code
"""


class PostgresBooks:
    """Answers questions about the books on the connection it is given."""

    def __init__(self, driver: asyncpg.Connection) -> None:
        self._driver = driver

    async def balance(self, account: Account) -> Money:
        """Return the balance on the account's normal side."""
        return (await self.balances([account]))[account.id]

    async def balances(self, accounts: Sequence[Account]) -> dict[UUID, Money]:
        """Return balances on the normal sides, zero for accounts never used."""
        rows = await self._driver.fetch(
            "SELECT account_id, sum(balance_minor)::bigint AS balance_minor FROM account_balance "
            "WHERE account_id = ANY($1) GROUP BY account_id",
            [account.id for account in accounts],
        )
        kept = {row["account_id"]: row["balance_minor"] for row in rows}
        return {a.id: Money(a.kind.normal_sign * kept.get(a.id, 0), a.currency) for a in accounts}

    async def day_balances(self, account: Account, first: date, last: date) -> list[DayBalance]:
        """Return the days with movements, shards taken together."""
        rows = await self._driver.fetch(_DAYS, account.id, first, last)
        return [DayBalance(**row) for row in rows]

    async def statement(self, account: Account, page: Page) -> Statement:
        """Return one page of entries; a cursor that is not ours is an InvalidValue."""
        limit = bounded(page.limit)
        rows = await self._driver.fetch(
            _STATEMENT, account.id, *position_of(page.cursor), limit + 1
        )
        lines = [_line(row, account.currency) for row in rows[:limit]]
        return Statement(lines, cursor_after(lines[-1]) if len(rows) > limit else None)

    async def trial_balance(self, *, through: date | None = None) -> list[TrialLine]:
        """Return turnover and balance per code and currency from the day balances."""
        rows = await self._driver.fetch(_TRIAL, through)
        return [
            TrialLine(
                code=row["code"],
                currency=Currency(row["currency"]),
                debit_minor=row["debit_minor"],
                credit_minor=row["credit_minor"],
                accounts=row["accounts"],
            )
            for row in rows
        ]

    async def operation(self, operation_id: OperationId) -> Operation | None:
        """Return one operation with its entries."""
        return _one(await self._operations("o.id = $1", operation_id))

    async def operation_by_key(self, key: str) -> Operation | None:
        """Return the operation posted under a key."""
        return _one(await self._operations("o.key = $1", key))

    async def operations_of_attempt(self, attempt_id: AttemptId) -> list[Operation]:
        """Return what a charge attempt caused, oldest first."""
        return await self._operations("o.attempt_id = $1", attempt_id)

    async def operations_of_refund(self, refund_id: RefundId) -> list[Operation]:
        """Return what a refund caused, oldest first."""
        return await self._operations("o.refund_id = $1", refund_id)

    async def reversal_of(self, operation_id: OperationId) -> Operation | None:
        """Return the reversal of an operation."""
        return _one(await self._operations("o.reverses = $1", operation_id))

    def check(self, progress: Progress) -> AsyncIterator[Violation]:
        """Recompute everything; the connection must not be inside a transaction yet."""
        return check(self._driver, progress)

    async def _operations(self, condition: str, value: Any) -> list[Operation]:
        return operations_from(await self._driver.fetch(operations_where(condition), value))


def _one(operations: Sequence[Operation]) -> Operation | None:
    return operations[0] if operations else None


def _line(row: Any, currency: Currency) -> StatementLine:
    return StatementLine(
        operation_id=row["operation_id"],
        seq=row["seq"],
        posting_date=row["posting_date"],
        amount=Money(row["amount_minor"], currency),
        key=row["key"],
        kind=row["kind"],
    )


def books(engine: AsyncEngine) -> Callable[[], AbstractAsyncContextManager[PostgresBooks]]:
    """Return the factory that opens the books for reading on a connection of a pool."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[PostgresBooks]:
        async with borrowed(engine) as (_, driver):
            yield PostgresBooks(driver)

    return opened
