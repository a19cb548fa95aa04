"""One engine per test, on a database of its own."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.messages.rig import Rig, rigged


@pytest.fixture
async def rig(database_url: str) -> AsyncIterator[Rig]:
    async with rigged(database_url) as rig:
        yield rig
