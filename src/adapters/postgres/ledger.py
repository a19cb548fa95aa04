"""The books on PostgreSQL: a batch is one call of `ledger_post`, whatever its size."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from adapters.postgres.ledger_batch import POST, Batch, KnownAccounts, prepare
from adapters.postgres.ledger_rows import operations_from, operations_where
from application.errors import NotFound
from application.ledger.ports import Posted, Refusal
from application.ledger.splitting import split_on_breach
from application.ports import Entropy
from domain.ledger.chart import Account
from domain.ledger.errors import DayAlreadyClosed, FloorBreached, KeyConflict, ZoneFixed
from domain.ledger.posting import Operation, Posting
from domain.shared.errors import InvalidValue
from domain.shared.ids import OperationId

# The detail of a check violation shows the failing row, whose first column is the account.
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class PostgresLedger:
    """Writes to the books in the transaction of the connection it is given.

    `zone` is the zone this deployment counts business days in: the first posting fixes it, and
    from then on a ledger with another one posts nothing (ZoneFixed). Without it the ledger goes
    by the zone of the books.
    """

    def __init__(
        self,
        driver: asyncpg.Connection,
        entropy: Entropy,
        known: KnownAccounts | None = None,
        zone: ZoneInfo | None = None,
    ) -> None:
        self._driver = driver
        self._zone = None if zone is None else zone.key
        self._entropy = entropy
        self._known = KnownAccounts() if known is None else known
        self._opened_some = False

    async def post_many(self, postings: Sequence[Posting]) -> Sequence[Posted]:
        """Enter postings in one round trip; see the port for what is refused."""
        posted: list[Posted] = []
        for answer in await self._enter(postings):
            if isinstance(answer, KeyConflict):
                raise answer
            posted.append(answer)
        return posted

    async def try_many(self, postings: Sequence[Posting]) -> Sequence[Posted | Refusal]:
        """Enter what can be entered; savepoints undo the halves of a batch that breach a floor."""
        return await split_on_breach(postings, self._enter_or_undo)

    async def operations(self, ids: Sequence[OperationId]) -> dict[OperationId, Operation]:
        """Return the operations that exist, by id."""
        rows = await self._driver.fetch(operations_where("o.id = ANY($1)"), list(ids))
        return {operation.id: operation for operation in operations_from(rows)}

    async def limit(self, account: Account, floor_minor: int | None) -> None:
        """Set or lift the floor of a personal account that was posted to before."""
        if account.owner is None:
            raise InvalidValue(f"{account} is the company's: only personal accounts are limited")
        async with _rules_kept():
            found = await self._driver.fetchval(
                "WITH kept AS (UPDATE account_balance SET floor_minor = $2 WHERE account_id = $1) "
                "UPDATE account SET floor_minor = $2 WHERE id = $1 RETURNING id",
                account.id,
                floor_minor,
            )
        if found is None:
            raise NotFound("account", account)

    async def use_zone(self, zone: str) -> None:
        """Set the zone of business days; a no-op when it is the ledger's already."""
        async with _rules_kept():
            await self._driver.execute(
                "UPDATE ledger_calendar SET zone = $1 WHERE zone <> $1", zone
            )

    async def close_through(self, day: date) -> None:
        """Close days under the calendar's lock, alone: no posting is on its way into them."""
        await self._driver.execute("SELECT ledger_lock_calendar_alone()")
        closed: date | None = await self._driver.fetchval(
            "SELECT closed_through FROM ledger_calendar"
        )
        if closed is not None and day < closed:
            raise DayAlreadyClosed(day, closed)
        await self._driver.execute("UPDATE ledger_calendar SET closed_through = $1", day)

    async def _enter_or_undo(self, postings: Sequence[Posting]) -> Sequence[Posted | Refusal]:
        await self._driver.execute("SAVEPOINT ledger_batch")
        try:
            answers = await self._enter(postings)
        except FloorBreached:
            await self._driver.execute("ROLLBACK TO SAVEPOINT ledger_batch")
            raise
        await self._driver.execute("RELEASE SAVEPOINT ledger_batch")
        return answers

    async def _enter(self, postings: Sequence[Posting]) -> list[Posted | KeyConflict]:
        if not postings:
            return []
        first: dict[str, Posting] = {}
        for posting in postings:
            first.setdefault(posting.key, posting)
        batch = prepare(list(first.values()), self._entropy, self._known)
        try:
            async with _rules_kept():
                row = await self._driver.fetchrow(POST, *batch.arrays, self._zone)
        except asyncpg.ForeignKeyViolationError:
            self._known.forget()
            raise
        self._opened_some = self._opened_some or row["opened"] > 0
        if not self._opened_some:
            self._known.add(batch.offered)
        by_key = _answers(batch, row)
        if len(first) == len(postings):
            return [by_key[posting.key] for posting in postings]
        return await self._with_repeats(postings, first, by_key)

    async def _with_repeats(
        self,
        postings: Sequence[Posting],
        first: dict[str, Posting],
        by_key: dict[str, Posted | KeyConflict],
    ) -> list[Posted | KeyConflict]:
        """Answer a key that one batch names more than once as if the others had come later."""
        answers: list[Posted | KeyConflict] = []
        seen: set[str] = set()
        for posting in postings:
            answer = by_key[posting.key]
            if posting.key in seen and posting.money != first[posting.key].money:
                # The first of them may have been the one that was refused.
                [answer] = await self._enter([posting])
            elif posting.key in seen and isinstance(answer, Posted):
                answer = replace(answer, replayed=True)
            seen.add(posting.key)
            answers.append(answer)
        return answers


def _answers(batch: Batch, row: Any) -> dict[str, Posted | KeyConflict]:
    days = row["posting_dates"]
    answers: dict[str, Posted | KeyConflict] = {
        posting.key: Posted(batch.ids[index], days[index])
        for index, posting in enumerate(batch.postings)
    }
    if row["known_positions"] is not None:
        known = zip(
            row["known_positions"],
            row["known_ids"],
            row["known_dates"],
            row["known_agree"],
            strict=True,
        )
        for position, operation_id, day, agree in known:
            key = batch.postings[position - 1].key
            answers[key] = Posted(operation_id, day, True) if agree else KeyConflict(key)
    return answers


@asynccontextmanager
async def _rules_kept() -> AsyncIterator[None]:
    """Say in the words of the domain which rule the database refused to break."""
    try:
        yield
    except asyncpg.CheckViolationError as error:
        if error.constraint_name != "ck_account_balance_floor":
            raise
        found = _UUID.search(error.detail or "")
        raise FloorBreached(UUID(found.group()) if found else None) from error
    except asyncpg.RestrictViolationError as error:
        if error.constraint_name != "ledger_zone_fixed":
            raise
        raise ZoneFixed(str(error).rpartition(" ")[2]) from error
