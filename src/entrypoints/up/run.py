"""Run a deployment in this process and its children, until somebody asks it to stop."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace

from adapters.embedded.ports import is_taken
from adapters.postgres.migrations import upgrade
from entrypoints.cli.failures import OutOfReach
from entrypoints.processes import api_url
from entrypoints.settings import Settings, read_settings
from entrypoints.up.child import Say
from entrypoints.up.crew import API, SANDBOX, SCHEDULER, Crew, answers, worker
from entrypoints.up.deployed import Addresses, addresses, published
from entrypoints.up.plan import decided

_LOG = logging.getLogger("kazna.up")
_READY_SECONDS = 60.0
_LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Prepared:
    """A deployment whose servers run: settings as its processes will have them, and environment."""

    settings: Settings
    found: Addresses
    environment: Mapping[str, str] = field(repr=False)


@contextmanager
def prepared(environ: Mapping[str, str], given: Mapping[str, str]) -> Iterator[Prepared]:
    """Start what servers are missing, and decide what the settings leave open.

    `given` are settings besides those of `environ`; together with what is decided here they are
    found by other commands that are run in the same folder.
    """
    settings = read_settings({**environ, **given})
    with addresses(settings) as found:
        added = {**given, **decided(settings, found)}
        environment = {**environ, **added}
        with published(settings.data_folder, added):
            yield Prepared(read_settings(environment), found, environment)


@asynccontextmanager
async def deployed(
    ready: Prepared, *, say: Say, workers: int = 1, as_json: bool = False
) -> AsyncIterator[Crew]:
    """Bring the database up to date and keep all processes running while inside.

    Raises `OutOfReach` when a port is taken or a process does not answer.
    """
    settings = ready.settings
    _check_port("KAZNA_API_PORT", settings.api_port)
    await upgrade(ready.found.database_url)
    roles = [SCHEDULER, API, *(worker(number) for number in range(1, workers + 1))]
    if settings.sandbox_token and not settings.is_production:
        _check_port("KAZNA_SANDBOX_PORT", settings.sandbox_port)
        roles.append(SANDBOX)
    if as_json:
        roles = [replace(role, arguments=(*role.arguments, "--json")) for role in roles]
    crew = Crew(roles, ready.environment, say)
    async with crew.running():
        watching = asyncio.create_task(_servers_kept_running(ready.found))
        try:
            await answers(f"{api_url(settings)}/health", patience_seconds=_READY_SECONDS)
            yield crew
        finally:
            watching.cancel()


def _check_port(name: str, port: int) -> None:
    if is_taken(port):
        raise OutOfReach(f"port {port} is in use by another program: set {name} to a free one")


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
