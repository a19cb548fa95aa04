"""A task exchange per test, whose books are checked when the test is over."""

from collections.abc import AsyncIterator

import pytest

from adapters.clock import ManualClock
from adapters.postgres.engine import create_engine
from adapters.postgres.ledger_books import books
from application.ledger.check import CheckLedger
from tests.integration.tasks.exchange import START, TaskExchange
from tests.integration.tasks.tracker import TrackedExchange


@pytest.fixture
async def exchange(database_url: str) -> AsyncIterator[TaskExchange]:
    engine = create_engine(database_url)
    built = TaskExchange(engine, ManualClock(START))
    yield built
    assert await built.broken() == []
    assert (await CheckLedger(books(engine))()).is_clean
    await engine.dispose()


@pytest.fixture
async def tracked(database_url: str) -> AsyncIterator[TrackedExchange]:
    engine = create_engine(database_url)
    built = TrackedExchange(engine, ManualClock(START))
    yield built
    assert await built.broken() == []
    await engine.dispose()
