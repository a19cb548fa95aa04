"""Run a deployment in this process and its children, until somebody asks it to stop."""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from adapters.postgres.migrations import upgrade
from entrypoints.processes import api_url
from entrypoints.settings import Settings, read_settings
from entrypoints.up.child import Say
from entrypoints.up.crew import API, SANDBOX, SCHEDULER, Crew, answers, worker
from entrypoints.up.deployed import Addresses, addresses, published
from entrypoints.up.plan import decided, uses_sandbox

_LOG = logging.getLogger("kazna.up")
_READY_SECONDS = 60.0
_LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment that is running: its settings as the processes have them, and its processes."""

    settings: Settings
    found: Addresses
    crew: Crew


@contextmanager
def prepared(
    settings: Settings, given: Mapping[str, str]
) -> Iterator[tuple[Settings, Addresses, Mapping[str, str]]]:
    """Start what servers are missing, and decide what the settings leave open.

    `given` are settings besides those of the environment. Yields the settings as the processes
    will have them, the servers, and what the processes are told; other commands find it there.
    """
    with addresses(settings) as found:
        environment = {**given, **decided(settings, found)}
        with published(settings.data_folder, environment):
            told = read_settings({**os.environ, **environment})
            yield told, found, environment


@asynccontextmanager
async def deployed(
    settings: Settings,
    found: Addresses,
    environment: Mapping[str, str],
    *,
    say: Say,
    workers: int = 1,
) -> AsyncIterator[Deployment]:
    """Bring the database up to date and keep all processes running while inside.

    Raises `NotReady` when one of them does not answer.
    """
    await upgrade(found.database_url)
    roles = [SCHEDULER, API, *(worker(number) for number in range(1, workers + 1))]
    if uses_sandbox(settings) or settings.sandbox_token:
        roles.append(SANDBOX)
    crew = Crew(roles, environment, say)
    async with crew.running():
        watching = asyncio.create_task(_servers_kept_running(found))
        try:
            await answers(f"{api_url(settings)}/health", patience_seconds=_READY_SECONDS)
            yield Deployment(settings, found, crew)
        finally:
            watching.cancel()


async def _servers_kept_running(found: Addresses) -> None:
    """Start embedded servers again that have died; what Redis held may be lost."""
    while True:
        for name, server in found.own.items():
            if not server.running:
                _LOG.error("%s has ended and is started again", name)
                await asyncio.to_thread(server.start_again)
        await asyncio.sleep(_LOOK_SECONDS)


@asynccontextmanager
async def until_asked_to_stop() -> AsyncIterator[asyncio.Event]:
    """Yield an event that SIGTERM and Ctrl-C set; a second Ctrl-C ends the process at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def asked() -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked)
    try:
        yield stop
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
