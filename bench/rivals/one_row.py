"""What the bare servers answer: one customer by id, as Kazna's API shows one."""

import json
import os
from typing import Any
from uuid import UUID

import asyncpg

SQL = "SELECT id, external_id, email, time_zone, locale, created_at FROM customer WHERE id = $1"
POOL = 10


async def connect() -> "asyncpg.Pool[Any]":
    """Open a pool as large as Kazna's."""
    pool = await asyncpg.create_pool(os.environ["BENCH_DATABASE_URL"], min_size=POOL, max_size=POOL)
    assert pool is not None
    return pool


async def one(pool: "asyncpg.Pool[Any]", customer_id: UUID) -> dict[str, Any]:
    """Read one row."""
    row = await pool.fetchrow(SQL, customer_id)
    assert row is not None, json.dumps(str(customer_id))
    return dict(row)
