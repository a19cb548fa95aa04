"""A migrated database, connections to it, and the ledger on them."""

from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.clock import ManualClock
from adapters.entropy import SystemEntropy
from adapters.postgres.engine import create_engine
from adapters.postgres.ledger import PostgresLedger
from adapters.postgres.ledger_books import PostgresBooks
from adapters.postgres.unit_of_work import PostgresUnitOfWork, units_of_work
from application.ledger.ports import Posted
from application.ports import UnitsOfWork
from domain.ledger.posting import Posting
from tests.postings import NOON

Post = Callable[..., Awaitable[list[Posted]]]


@pytest.fixture
async def driver(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def books(driver: asyncpg.Connection) -> PostgresBooks:
    return PostgresBooks(driver)


@pytest.fixture
async def post(driver: asyncpg.Connection) -> Post:
    """Posts in a transaction of its own."""

    async def posting(*postings: Posting) -> list[Posted]:
        async with driver.transaction():
            return list(await PostgresLedger(driver, SystemEntropy()).post_many(postings))

    return posting


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    made = create_engine(database_url, pool_size=12)
    yield made
    await made.dispose()


@pytest.fixture
async def open_uow(engine: AsyncEngine) -> UnitsOfWork[PostgresUnitOfWork]:
    return units_of_work(
        engine, clock=ManualClock(NOON), entropy=SystemEntropy(), ring=lambda rung: None
    )


async def violations(driver: asyncpg.Connection) -> list[str]:
    """What the check of the books finds, as `rule detail`."""
    found = PostgresBooks(driver).check(lambda done, steps, what: None)
    return [f"{one.rule} {one.detail}" async for one in found]
