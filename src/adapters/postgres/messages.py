"""The rows of messages: claimed, leased, finished, set back; all in sets, all fenced."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres import claims
from adapters.postgres.connections import borrowed
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from adapters.postgres.verdicts import verdict_on
from application.messaging.ports import Leased, Overdue, Setback, Verdict
from application.ports import Entropy, Message
from application.queues import Kind, QueueSpec

_OVERDUE_LIMIT = 500


class PostgresMessages:
    """The message table as executors see it.

    What belongs to a batch's effect happens in the unit of work given; leases, renewals and the
    sweep are single statements of their own.
    """

    def __init__(self, engine: AsyncEngine, *, entropy: Entropy) -> None:
        self._engine = engine
        self._entropy = entropy

    async def take(
        self, uow: PostgresUnitOfWork, queue: str, ids: Sequence[int], limit: int
    ) -> list[Message]:
        """Claim due messages and remove them, both taking effect with the commit."""
        return _messages(await uow.driver.fetch(claims.TAKE, queue, list(ids), limit), tries=1)

    async def retake(
        self, uow: PostgresUnitOfWork, queue: str, ids: Sequence[int]
    ) -> list[Message]:
        """Claim and remove exactly these, as far as they are still due and free."""
        return _messages(await uow.driver.fetch(claims.RETAKE, queue, list(ids)), tries=1)

    async def lease(self, spec: QueueSpec, ids: Sequence[int], token: UUID | None = None) -> Leased:
        """Lease a batch, count the try, and commit; expired leases in `ids` are taken over."""
        return await self._leased(claims.LEASE, spec, ids, token)

    async def take_over(self, spec: QueueSpec, ids: Sequence[int]) -> Leased:
        """Lease of these what somebody else leased and let fall, count the try, and commit."""
        return await self._leased(claims.TAKE_OVER, spec, ids)

    async def _leased(
        self, statement: str, spec: QueueSpec, ids: Sequence[int], given: UUID | None = None
    ) -> Leased:
        token = given or self._entropy.new_id()
        async with borrowed(self._engine) as (_, driver):
            rows = await driver.fetch(
                statement, spec.name, list(ids), spec.batch_limit, token, spec.lease_seconds
            )
        return Leased(token, _messages(rows, tries=0))

    async def renew(self, leased: UUID, ids: Collection[int], lease_seconds: float) -> set[int]:
        """Prolong the lease of these messages; return those that are still held."""
        async with borrowed(self._engine) as (_, driver):
            rows = await driver.fetch(claims.RENEW, leased, list(ids), lease_seconds)
        return {row["id"] for row in rows}

    async def finish(self, uow: PostgresUnitOfWork, leased: UUID, ids: Collection[int]) -> set[int]:
        """Remove messages that are done; return those that were still held under the token."""
        if not ids:
            return set()
        return {row["id"] for row in await uow.driver.fetch(claims.FINISH, leased, list(ids))}

    async def set_back(
        self, uow: PostgresUnitOfWork, setbacks: Sequence[Setback], leased: UUID | None = None
    ) -> set[int]:
        """Put messages back or bury them; return those that nobody else had moved on."""
        if not setbacks:
            return set()
        rows = await uow.driver.fetch(
            claims.SET_BACK,
            [setback.message.id for setback in setbacks],
            [setback.message.attempt - 1 for setback in setbacks],
            [setback.tries for setback in setbacks],
            [setback.why for setback in setbacks],
            [setback.delay_seconds for setback in setbacks],
            leased,
        )
        return {row["id"] for row in rows}

    async def overdue(self, queues: Collection[str], older_than_seconds: float) -> list[Overdue]:
        """Return what is due or was leased by a process that died, at most 500 a queue."""
        async with borrowed(self._engine) as (_, driver):
            rows = await driver.fetch(
                claims.OVERDUE, list(queues), older_than_seconds, _OVERDUE_LIMIT
            )
        return _overdue(rows)

    async def fallen(self, queues: Collection[str]) -> list[Overdue]:
        """Return what was leased and let fall, at most 500 a queue."""
        async with borrowed(self._engine) as (_, driver):
            return _overdue(await driver.fetch(claims.FALLEN, list(queues), _OVERDUE_LIMIT))

    async def bury_exhausted(self, spec: QueueSpec) -> int:
        """Bury messages whose last allowed try ended with its process; return how many."""
        assert spec.kind is not Kind.LOCAL
        async with borrowed(self._engine) as (_, driver):
            return len(await driver.fetch(claims.BURY_EXHAUSTED, spec.name, spec.attempts))

    def judge(self, error: BaseException) -> Verdict:
        """Tell an error of the database from one of the message."""
        return verdict_on(error)


def _overdue(rows: Sequence[asyncpg.Record]) -> list[Overdue]:
    late: dict[str, list[asyncpg.Record]] = {}
    for row in rows:
        late.setdefault(row["queue"], []).append(row)
    return [
        Overdue(queue, [row["id"] for row in found], max(row["late"] for row in found))
        for queue, found in late.items()
    ]


def _messages(rows: Sequence[Any], *, tries: int) -> list[Message]:
    """Read claimed rows, urgent ones first; a local try is counted only when it fails."""
    rows = sorted(rows, key=lambda row: (-row["priority"], row["id"]))
    return [
        Message(
            id=row["id"],
            queue=row["queue"],
            name=row["name"],
            payload=row["payload"],
            attempt=row["attempt"] + tries,
            created_at=row["created_at"],
            order_key=row["order_key"],
            correlation_id=row["correlation_id"],
        )
        for row in rows
    ]
