"""Idempotency keys on PostgreSQL."""

import hashlib
from datetime import timedelta

import asyncpg
import msgspec

from application.idempotency import IdempotencyKey, KeptAnswer, KeyReused, StillRunning

_PROVISIONAL = {"provisional": True}


class PostgresAnswers:
    """Keys of one transaction; a key is held by an advisory lock of the transaction."""

    def __init__(self, driver: asyncpg.Connection) -> None:
        self._driver = driver

    async def open(self, key: IdempotencyKey) -> KeptAnswer | None:
        """Hold the key and return what was answered before; StillRunning, KeyReused."""
        if not await self._driver.fetchval("SELECT pg_try_advisory_xact_lock($1)", _lock(key)):
            raise StillRunning("a request with this key is being carried out; ask again shortly")
        row = await self._driver.fetchrow(
            "SELECT request_hash, status, headers, body FROM idempotency "
            "WHERE actor = $1 AND key = $2",
            key.actor,
            key.key,
        )
        if row is None:
            return None
        if row["request_hash"] != key.request_hash:
            raise KeyReused("this idempotency key was used for another request")
        return KeptAnswer(
            status=row["status"],
            body=msgspec.json.decode(row["body"]),
            provisional=row["headers"] == _PROVISIONAL,
        )

    async def keep(self, key: IdempotencyKey, answer: KeptAnswer) -> None:
        """Insert the answer, or replace a provisional one."""
        await self._driver.execute(
            "INSERT INTO idempotency (actor, key, request_hash, status, headers, body) "
            "VALUES ($1, $2, $3, $4, $5::text::jsonb, $6) ON CONFLICT (actor, key) DO UPDATE "
            "SET status = excluded.status, headers = excluded.headers, body = excluded.body",
            key.actor,
            key.key,
            key.request_hash,
            answer.status,
            msgspec.json.encode(_PROVISIONAL if answer.provisional else {}).decode(),
            msgspec.json.encode(answer.body),
        )

    async def forget(self, after: timedelta, limit: int) -> int:
        """Delete keys older than that, oldest first; return how many."""
        done: str = await self._driver.execute(
            "DELETE FROM idempotency WHERE (actor, key) IN (SELECT actor, key FROM idempotency "
            "WHERE created_at < now() - $1::interval ORDER BY created_at LIMIT $2)",
            after,
            limit,
        )
        return int(done.rpartition(" ")[2])


def _lock(key: IdempotencyKey) -> int:
    digest = hashlib.sha256(f"{key.actor}\0{key.key}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
