"""Borrow a live connection of the pool, with the driver's own object beside it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.util.concurrency import greenlet_spawn


@asynccontextmanager
async def borrowed(
    engine: AsyncEngine,
) -> AsyncIterator[tuple[AsyncConnection, asyncpg.Connection]]:
    """Yield a connection and its driver object; one that died in the pool is replaced first.

    The pool cannot see that the driver lost its server: statements of the driver pass it by. A
    driver that was told of its end but has not closed yet answers with an error of its own, and
    is closed here so that nobody gets it again.
    """
    async with engine.connect() as connection:
        raw = await connection.get_raw_connection()
        driver: asyncpg.Connection = raw.driver_connection
        if driver.is_closed():
            await connection.invalidate()
            raw = await connection.get_raw_connection()
            driver = raw.driver_connection
        try:
            yield connection, driver
        except asyncpg.InternalClientError:
            driver.terminate()
            raise


@asynccontextmanager
async def borrowed_driver(engine: AsyncEngine) -> AsyncIterator[asyncpg.Connection]:
    """Yield the driver object of a live connection alone, for a single statement.

    It spares SQLAlchemy's own connection object, which costs as much as a small query.
    """
    pooled = await engine.raw_connection()
    while pooled.driver_connection.is_closed():  # type: ignore[union-attr]
        await greenlet_spawn(pooled.invalidate)
        pooled = await engine.raw_connection()
    driver: asyncpg.Connection = pooled.driver_connection
    try:
        yield driver
    except asyncpg.InternalClientError:
        driver.terminate()
        raise
    finally:
        await greenlet_spawn(pooled.close)
