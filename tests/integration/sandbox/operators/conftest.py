"""Operators of the sandbox with empty books, and adapters against them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.operator_gateway import Operator, operator
from tests.contract.operators import PROTOCOLS


@pytest.fixture
async def plain(tmp_path: Path) -> AsyncIterator[Operator]:
    """An operator that answers at once."""
    async with operator(PROTOCOLS["plain"], tmp_path) as opened:
        yield opened


@pytest.fixture
async def later(tmp_path: Path) -> AsyncIterator[Operator]:
    """An operator that answers "accepted" and reports."""
    async with operator(PROTOCOLS["plain-async"], tmp_path) as opened:
        yield opened


@pytest.fixture
async def ucip(tmp_path: Path) -> AsyncIterator[Operator]:
    """An account server."""
    async with operator(PROTOCOLS["ucip"], tmp_path) as opened:
        yield opened
