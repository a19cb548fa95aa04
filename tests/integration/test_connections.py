"""The pool gives out live connections, though its statements pass it by."""

import asyncio

import asyncpg

from adapters.postgres.connections import borrowed_driver
from adapters.postgres.engine import create_engine


async def test_connections_that_died_in_the_pool_are_replaced(database_url: str) -> None:
    engine = create_engine(database_url, pool_size=3)
    try:

        async def one() -> asyncpg.Connection:
            async with borrowed_driver(engine) as driver:
                assert await driver.fetchval("SELECT 1") == 1
                return driver

        first = set(await asyncio.gather(one(), one(), one()))
        for driver in first:
            driver.terminate()

        later = set(await asyncio.gather(one(), one(), one()))

        assert not first & later
        assert engine.pool.checkedout() == 0
    finally:
        await engine.dispose()


async def test_a_connection_comes_back_after_an_error(database_url: str) -> None:
    engine = create_engine(database_url, pool_size=1)
    try:
        for _ in range(2):
            try:
                async with borrowed_driver(engine) as driver:
                    await driver.fetchval("SELECT 1 / 0")
            except asyncpg.DivisionByZeroError:
                pass

        async with borrowed_driver(engine) as driver:
            assert await driver.fetchval("SELECT 1") == 1
    finally:
        await engine.dispose()
