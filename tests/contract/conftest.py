"""The gateways of the provider contract, each with empty books for every test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.gateway import Gateway
from tests.contract.providers import GATEWAYS


@pytest.fixture(params=GATEWAYS)
async def gateway(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with GATEWAYS[request.param](tmp_path) as opened:
        yield opened
