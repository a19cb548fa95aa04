"""A billing house per test, whose invariants are checked when the test is over."""

from collections.abc import AsyncIterator

import pytest

from adapters.postgres.connections import borrowed
from adapters.postgres.invariants.billing import check_billing, replay_chains
from tests.integration.billing.house import House, house


@pytest.fixture
async def home(database_url: str) -> AsyncIterator[House]:
    """A house whose books must be in order at the end of whatever happened in it."""
    async with house(database_url) as built:
        yield built
        await check_invariants(built)


async def check_invariants(built: House) -> None:
    """Fail with every rule that does not hold."""
    async with borrowed(built.engine) as (_, driver):
        broken = [*await check_billing(driver), *await replay_chains(driver)]
    assert not broken, "\n".join(f"{v.rule} {v.name}: {v.detail}" for v in broken)
