"""Servers and databases for tests, in process and for the real processes that tests start."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg

# Commits survive every killed process, not the loss of the machine, which no test stages.
DISPOSABLE = {"fsync": "off", "full_page_writes": "off"}
EMPTY = "template0"


@dataclass(frozen=True, slots=True)
class Databases:
    """The databases of one server, made and dropped by a role that may do so."""

    url: str

    async def create(self, template: str = EMPTY) -> str:
        """Create a database as a copy of another that nobody is connected to; answer its URL."""
        name = f"kazna_test_{uuid4().hex}"
        await self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return with_database(self.url, name)

    async def seal(self, url: str) -> None:
        """End the sessions of a database and let no more in, so that it can be a template."""
        name = database_of(url)
        await self._execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        await self._execute(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        )

    async def drop(self, url: str) -> None:
        """Drop a database with whatever is still connected to it."""
        await self._execute(f"DROP DATABASE {database_of(url)} WITH (FORCE)")

    @asynccontextmanager
    async def fresh(self, template: str = EMPTY) -> AsyncIterator[str]:
        """Give the URL of a database of its own to one block."""
        url = await self.create(template)
        try:
            yield url
        finally:
            await self.drop(url)

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.url, timeout=30)
        try:
            await connection.execute(statement, timeout=60)
        finally:
            await connection.close(timeout=10)


def with_database(url: str, name: str) -> str:
    """Point a URL at another database of the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def database_of(url: str) -> str:
    """Name the database of a URL."""
    return urlsplit(url).path.removeprefix("/")


def is_running(pid: int) -> bool:
    """Tell whether a process runs; one that only waits for its parent's notice has ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    if sys.platform != "linux":
        return True
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def wait_until(condition: Callable[[], bool], what: str, *, seconds: float = 10.0) -> None:
    """Wait for a condition of the outside world, and fail with its name when it never comes."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.01)


async def eventually(condition: Callable[[], bool], what: str, *, seconds: float = 10.0) -> None:
    """Wait as `wait_until` does while the event loop goes on."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        await asyncio.sleep(0.01)
