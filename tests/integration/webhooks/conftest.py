"""A house with webhooks, and a program that listens."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.webhooks.hooks import Hooks, hooked
from tests.integration.webhooks.receiver import Receiver, receiver


@pytest.fixture
async def hooks(database_url: str) -> AsyncIterator[Hooks]:
    async with hooked(database_url) as built:
        yield built


@pytest.fixture
async def program() -> AsyncIterator[Receiver]:
    async with receiver() as listening:
        yield listening
