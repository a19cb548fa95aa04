"""What is looked at of people's accounts."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.codec import plain
from adapters.postgres.connections import borrowed
from adapters.postgres.queries import cursor_of, read_cursor
from application.ports import JsonObject, Listing, Page
from domain.shared.errors import InvalidValue

_WALLETS = """
SELECT wallet.currency, balance_minor, carry_minor,
    coalesce(rewards_minor, 0) AS rewards_today_minor, coalesce(fees_minor, 0) AS fees_today_minor,
    coalesce(rewards_minor - fees_minor + adjustments_minor, 0) AS net_today_minor
FROM wallet LEFT JOIN wallet_day AS today ON today.person_id = wallet.person_id
    AND today.currency = wallet.currency AND today.day = $2
WHERE wallet.person_id = $1 ORDER BY wallet.currency
"""
_LOG = """
SELECT one.currency, one.seq, one.operation_id, one.kind, one.amount_minor, one.balance_minor,
    one.value_date, one.posting_date, one.occurred_at, one.task_id, one.payout_id, task.title,
    task.jira_id, task.description
FROM wallet_entry AS one LEFT JOIN task_account AS task ON task.task_id = one.task_id
WHERE one.person_id = $1 AND one.currency = $2 AND ($3::bigint IS NULL OR one.seq < $3)
ORDER BY one.seq DESC LIMIT $4
"""
_CORRECTIONS = """
SELECT id, person_id, currency, amount_minor, operation_id, reversed_kind, task_id, reason,
    proposed_by, proposed_at, state, decided_by, decided_at, note, posted_id
FROM correction WHERE ($1::text IS NULL OR state = $1) AND ($2::uuid IS NULL OR person_id = $2)
    AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $4
"""
_PAYOUTS = """
SELECT id, person_id, currency, run, amount_minor, state, created_at, decided_at FROM payout
WHERE ($1::uuid IS NULL OR person_id = $1) AND ($2::text IS NULL OR state = $2)
    AND ($3::date IS NULL OR (run, id) < ($3, $4::uuid)) ORDER BY run DESC, id DESC LIMIT $5
"""
_RUNS = """
SELECT run.day, run.status, run.closed_at, run.done_at,
    (SELECT count(*) FROM payout WHERE payout.run = run.day) AS payouts
FROM payout_run AS run WHERE ($1::date IS NULL OR run.day < $1) ORDER BY run.day DESC LIMIT $2
"""
_DEAD = """
SELECT event_id, task_id, why, envelope, died_at FROM dead_fact
WHERE ($1::uuid IS NULL OR (died_at, event_id) > (
    SELECT died_at, event_id FROM dead_fact AS last WHERE last.event_id = $1))
ORDER BY died_at, event_id LIMIT $2
"""


class PostgresAccountQueries:
    """Read models of accounts."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def wallets(self, person_id: UUID, today: date) -> list[JsonObject]:
        """Return a person's wallets, with what today has brought so far."""
        async with borrowed(self._engine) as (_, driver):
            return [plain(dict(row)) for row in await driver.fetch(_WALLETS, person_id, today)]

    async def log(self, person_id: UUID, currency: str, page: Page) -> Listing:
        """Return what moved a wallet, latest first, each with its task and the balance after."""
        text = read_cursor(page.cursor)
        if text is not None and not (text.isascii() and text.isdigit() and len(text) < 19):
            raise InvalidValue("that cursor was not given out here")
        before = int(text) if text else None
        async with borrowed(self._engine) as (_, driver):
            rows = await driver.fetch(_LOG, person_id, currency, before, page.limit + 1)
        items = [plain(_described(dict(row))) for row in rows[: page.limit]]
        more = cursor_of(str(items[-1]["seq"])) if len(rows) > page.limit else None
        return Listing(items=items, next_cursor=more)

    async def corrections(self, page: Page, state: str | None, person_id: UUID | None) -> Listing:
        """Return corrections, latest first."""
        before = _uuid(read_cursor(page.cursor))
        async with borrowed(self._engine) as (_, driver):
            rows = await driver.fetch(_CORRECTIONS, state, person_id, before, page.limit + 1)
        return _listing(rows, page, lambda row: row["id"])

    async def payouts(self, page: Page, person_id: UUID | None, state: str | None) -> Listing:
        """Return payouts, those of the latest day first."""
        run, _, key = (read_cursor(page.cursor) or "").partition("/")
        try:
            day = date.fromisoformat(run) if run else None
        except ValueError as error:
            raise InvalidValue("that cursor was not given out here") from error
        before = _uuid(key or None)
        if (day is None) != (before is None):
            raise InvalidValue("that cursor was not given out here")
        async with borrowed(self._engine) as (_, driver):
            rows = await driver.fetch(_PAYOUTS, person_id, state, day, before, page.limit + 1)
        return _listing(rows, page, lambda row: f"{row['run']}/{row['id']}")

    async def runs(self, page: Page) -> Listing:
        """Return closed days, latest first."""
        text = read_cursor(page.cursor)
        try:
            before = date.fromisoformat(text) if text else None
        except ValueError as error:
            raise InvalidValue("that cursor was not given out here") from error
        async with borrowed(self._engine) as (_, driver):
            rows = await driver.fetch(_RUNS, before, page.limit + 1)
        return _listing(rows, page, lambda row: row["day"])

    async def dead(self, page: Page) -> Listing:
        """Return facts that wait for a person, oldest first."""
        after = _uuid(read_cursor(page.cursor))
        async with borrowed(self._engine) as (_, driver):
            rows = await driver.fetch(_DEAD, after, page.limit + 1)
        return _listing(rows, page, lambda row: row["event_id"])


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise InvalidValue("that cursor was not given out here") from error


def _listing(rows: Sequence[Any], page: Page, key: Callable[[JsonObject], Any]) -> Listing:
    items = [plain(dict(row)) for row in rows[: page.limit]]
    more = cursor_of(key(items[-1])) if len(rows) > page.limit else None
    return Listing(items=items, next_cursor=more)


def _described(row: dict[str, Any]) -> dict[str, Any]:
    """Say of a task nobody has told the title of that it will come."""
    if row["task_id"] is not None and not row["title"]:
        row["title"] = "description pending"
    return row
