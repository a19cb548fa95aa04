"""Tasks as the books know them, and facts that wait or contradict."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from adapters.postgres import tables
from adapters.postgres.bulk import insert_many
from adapters.postgres.subscriptions import utc
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from application.ledger.envelopes import Heard, Unreadable, Upcast, read_envelope
from application.ledger.task_events import GIVEN_UP
from application.ports import JsonObject
from domain.ledger.pricing import PRICING_VERSION, Prices
from domain.ledger.task_accounts import Details, TaskAccount, TaskState
from domain.shared.money import Money

_UNKNOWN = "unknown"
_SAVE = """
UPDATE task_account AS kept SET state = given.state, assignee_id = given.assignee_id,
    last_no = given.last_no, completed_by = given.completed_by,
    completed_no = given.completed_no, completed_at = given.completed_at,
    details_version = given.details_version, title = given.title, jira_id = given.jira_id,
    description = given.description, author_id = given.author_id
FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::integer[], $5::uuid[], $6::integer[],
    $7::timestamptz[], $8::integer[], $9::text[], $10::text[], $11::text[], $12::uuid[])
    AS given(task_id, state, assignee_id, last_no, completed_by, completed_no, completed_at,
        details_version, title, jira_id, description, author_id)
WHERE kept.task_id = given.task_id
"""
_RIPE = """
DELETE FROM parked_fact WHERE event_id IN (
    SELECT event_id FROM parked_fact
    WHERE (why = 'future' AND occurred_at <= $1) OR (why = 'unknown_task' AND parked_at <= $2)
    ORDER BY occurred_at LIMIT $3 FOR UPDATE SKIP LOCKED
) RETURNING event_id, task_id, why, envelope
"""
_PARKED = """
SELECT event_id, envelope FROM parked_fact WHERE task_id = ANY($1) AND why = 'unknown_task'
UNION ALL
SELECT event_id, envelope FROM dead_fact WHERE task_id = ANY($1) AND why = $2
"""


class PostgresTaskBooks:
    """Rows of tasks, in the transaction of the unit of work it is given."""

    def __init__(self, upcast: Upcast) -> None:
        self._upcast = upcast

    async def lock(
        self, uow: PostgresUnitOfWork, new: Sequence[TaskAccount]
    ) -> Mapping[UUID, TaskAccount | None]:
        """Lock the rows of tasks, made with these prices where there are none."""
        await insert_many(
            uow.driver,
            tables.accounts.task_account,
            [
                {
                    "task_id": one.task_id,
                    "currency": one.prices.fee.currency.code,
                    "fee_minor": one.prices.fee.amount_minor,
                    "reward_minor": one.prices.reward.amount_minor,
                    "pricing_version": PRICING_VERSION,
                    "state": _UNKNOWN,
                    "last_no": 0,
                    "details_version": 0,
                    "title": "",
                }
                for one in new
            ],
            "ON CONFLICT (task_id) DO NOTHING",
        )
        rows = await uow.driver.fetch(
            "SELECT * FROM task_account WHERE task_id = ANY($1) ORDER BY task_id FOR UPDATE",
            [one.task_id for one in new],
        )
        return {row["task_id"]: _account(row) for row in rows}

    async def save(self, uow: PostgresUnitOfWork, accounts: Sequence[TaskAccount]) -> None:
        """Write tasks down; their rows are locked."""
        if not accounts:
            return
        columns: Sequence[Callable[[TaskAccount], Any]] = (
            lambda one: one.task_id,
            lambda one: one.state.value,
            lambda one: one.assignee_id,
            lambda one: one.last_no,
            lambda one: one.completed_by,
            lambda one: one.completed_no,
            lambda one: one.completed_at,
            lambda one: one.details.version,
            lambda one: one.details.title,
            lambda one: one.details.jira_id,
            lambda one: one.details.description,
            lambda one: one.details.author_id,
        )
        await uow.driver.execute(_SAVE, *([read(one) for one in accounts] for read in columns))

    async def parked(self, uow: PostgresUnitOfWork, task_ids: Collection[UUID]) -> Sequence[Heard]:
        """Return completions that wait for these tasks, in the order of their versions."""
        rows = await uow.driver.fetch(_PARKED, list(task_ids), GIVEN_UP)
        read = [read_envelope(row["envelope"], row["event_id"], self._upcast) for row in rows]
        heard = [one for one in read if isinstance(one, Heard)]
        return sorted(heard, key=lambda one: one.version)

    async def park(self, uow: PostgresUnitOfWork, facts: Sequence[tuple[Heard, str]]) -> None:
        """Keep facts that wait, each once."""
        once = {one.event_id: (one, why) for one, why in facts}
        await insert_many(
            uow.driver,
            tables.accounts.parked_fact,
            [
                {
                    "event_id": key,
                    "task_id": one.fact.task_id,
                    "why": why,
                    "envelope": dict(one.envelope),
                    "occurred_at": one.occurred_at,
                    "parked_at": uow.clock.now(),
                }
                for key, (one, why) in once.items()
            ],
            "ON CONFLICT (event_id) DO NOTHING",
        )

    async def unpark(self, uow: PostgresUnitOfWork, ids: Collection[UUID]) -> None:
        """Let go of facts that wait no more."""
        if ids:
            await uow.driver.execute("DELETE FROM parked_fact WHERE event_id = ANY($1)", list(ids))
            await uow.driver.execute("DELETE FROM dead_fact WHERE event_id = ANY($1)", list(ids))

    async def bury(self, uow: PostgresUnitOfWork, facts: Sequence[Unreadable]) -> int:
        """Keep facts for a person, each once; return how many were not kept before."""
        once = {one.event_id: one for one in facts}
        rows = await insert_many(
            uow.driver,
            tables.accounts.dead_fact,
            [
                {
                    "event_id": key,
                    "task_id": one.task_id,
                    "why": one.why[:1000],
                    "envelope": dict(one.envelope),
                    "died_at": uow.clock.now(),
                }
                for key, one in once.items()
            ],
            "ON CONFLICT (event_id) DO NOTHING RETURNING event_id",
        )
        return len(rows)

    async def exhume(self, uow: PostgresUnitOfWork, event_id: UUID) -> JsonObject | None:
        """Take a fact from the dead; None when it is not there."""
        envelope: JsonObject | None = await uow.driver.fetchval(
            "DELETE FROM dead_fact WHERE event_id = $1 RETURNING envelope", event_id
        )
        return envelope

    async def ripe(
        self, uow: PostgresUnitOfWork, now: datetime, given_up: datetime, limit: int
    ) -> Sequence[tuple[UUID, UUID, str, JsonObject]]:
        """Take facts whose instant has come, and unknown ones parked before `given_up`."""
        rows = await uow.driver.fetch(_RIPE, now, given_up, limit)
        return [(row["event_id"], row["task_id"], row["why"], row["envelope"]) for row in rows]


def _account(row: Mapping[str, Any]) -> TaskAccount | None:
    if row["state"] == _UNKNOWN:
        return None
    currency = row["currency"]
    return TaskAccount(
        task_id=row["task_id"],
        prices=Prices(
            Money.of(row["fee_minor"], currency), Money.of(row["reward_minor"], currency)
        ),
        state=TaskState(row["state"]),
        assignee_id=row["assignee_id"],
        last_no=row["last_no"],
        completed_by=row["completed_by"],
        completed_no=row["completed_no"],
        completed_at=utc(row["completed_at"]) if row["completed_at"] else None,
        details=Details(
            version=row["details_version"],
            title=row["title"],
            jira_id=row["jira_id"],
            description=row["description"],
            author_id=row["author_id"],
        ),
    )
