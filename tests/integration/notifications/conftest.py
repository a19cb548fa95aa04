"""A post office per test, whose books are checked when the test is over."""

from collections.abc import AsyncIterator

import pytest

from adapters.clock import ManualClock
from adapters.postgres.engine import create_engine
from entrypoints.sandbox.mail import MailCatcher
from tests.integration.notifications.office import PostOffice
from tests.integration.tasks.exchange import START


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[PostOffice]:
    engine = create_engine(database_url)
    async with MailCatcher() as catcher:
        built = PostOffice(engine, ManualClock(START), catcher)
        yield built
        assert await built.broken() == []
    await engine.dispose()
