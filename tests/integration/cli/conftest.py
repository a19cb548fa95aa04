"""`kazna` in a process of its own, over a database of its own."""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def sentence(self) -> str:
        """The only line of an error; there is no traceback and nothing on stdout."""
        assert self.out == ""
        assert self.err.count("\n") == 1, self.err
        assert self.err.startswith("kazna: ")
        return self.err.removeprefix("kazna: ").strip()


Kazna = Callable[..., Awaitable[Ended]]


async def run_python(*arguments: str, environment: Mapping[str, str]) -> Ended:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KAZNA_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**kept, **environment},
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())


@pytest.fixture
def settings(database_url: str, redis_url: str, tmp_path: Path) -> dict[str, str]:
    return {
        "KAZNA_DATABASE_URL": database_url,
        "KAZNA_REDIS_URL": redis_url,
        "KAZNA_DATA_FOLDER": str(tmp_path / "kazna"),
    }


@pytest.fixture
def kazna(settings: dict[str, str]) -> Kazna:
    """Run a command of this deployment; keyword arguments are settings besides."""

    async def run(*arguments: str, **more: str) -> Ended:
        environment = settings | {f"KAZNA_{name.upper()}": value for name, value in more.items()}
        return await run_python("-m", "entrypoints.cli.main", *arguments, environment=environment)

    return run
