"""The stage of a demonstration: a folder and a deployment of its own, with a clock to be moved."""

import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import httpx

from adapters.clock import VirtualClock
from adapters.embedded.ports import free_port
from entrypoints.cli.failures import Refused
from entrypoints.container import Container, build_container, close
from entrypoints.deployment import CLOCK_FILE
from entrypoints.settings import PREFIX
from entrypoints.up.run import Prepared

_MARK = ".demo"
_AT_ONCE = 32
_KEPT = ("KAZNA_DATABASE_URL", "KAZNA_REDIS_URL", "KAZNA_ENVIRONMENT")
Step = Callable[[int, int, str], None]


class NotOurs(Refused):
    """The demonstration would mix with something that is there already; one sentence."""


class Interrupted(Exception):
    """Somebody stopped the walk."""


def cleared(folder: Path, start: datetime) -> None:
    """Make a folder for one demonstration, removing the last one. Raises `NotOurs`."""
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARK).exists():
        raise NotOurs(f"{folder} is not empty and no demonstration of ours: choose another folder")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    (folder / _MARK).touch()
    VirtualClock.create(folder / CLOCK_FILE, start).close()


def environment_of_demo(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without settings of other deployments, but for the servers' addresses.

    A demonstration must never reach a shop where money is real.
    """
    return {
        name: value
        for name, value in environ.items()
        if not name.startswith(PREFIX) or name.removesuffix("_FILE") in _KEPT
    }


def settings_of_demo(folder: Path, zone: str) -> dict[str, str]:
    """Return the settings of a demonstration; ports are free ones, so that two do not collide."""
    api_port, sandbox_port = free_port(), free_port()
    address = f"http://127.0.0.1:{api_port}"
    return {
        "KAZNA_DATA_FOLDER": str(folder.resolve()),
        "KAZNA_CLOCK": "virtual",
        "KAZNA_BILLING_TIME_ZONE": zone,
        "KAZNA_API_PORT": str(api_port),
        "KAZNA_SANDBOX_PORT": str(sandbox_port),
        "KAZNA_WORKER_PORT": "0",
        "KAZNA_PUBLIC_URL": address,
        "KAZNA_RETURN_ORIGINS": address,
        "KAZNA_LOG_LEVEL": "warning",
    }


@asynccontextmanager
async def container_of(ready: Prepared) -> AsyncIterator[Container]:
    """Build a container over the servers of a deployment, and let go of it."""
    container = build_container(
        ready.settings, database_url=ready.found.database_url, redis_url=ready.found.redis_url
    )
    try:
        yield container
    finally:
        await close(container)


def client_of(url: str, headers: Mapping[str, str] | None = None) -> httpx.AsyncClient:
    """Return a client that keeps its connections, for many calls at once."""
    return httpx.AsyncClient(
        base_url=url,
        headers=headers,
        timeout=60,
        trust_env=False,
        limits=httpx.Limits(max_connections=_AT_ONCE, max_keepalive_connections=_AT_ONCE),
    )
