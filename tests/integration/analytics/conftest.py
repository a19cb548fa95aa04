"""A task exchange whose events are counted, and what is on record of them to compare with."""

from collections.abc import AsyncIterator

import pytest

from adapters.clock import ManualClock
from adapters.postgres.engine import create_engine
from tests.integration.analytics.counted import Counted
from tests.integration.tasks.exchange import START


@pytest.fixture
async def counted(database_url: str) -> AsyncIterator[Counted]:
    engine = create_engine(database_url)
    yield Counted(engine, ManualClock(START))
    await engine.dispose()
