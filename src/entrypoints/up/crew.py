"""The processes of a deployment together: started at once, stopped so that nothing is torn."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import httpx

from entrypoints.cli.failures import OutOfReach
from entrypoints.up.child import Child, Role, Say

_POLL_SECONDS = 0.05

SCHEDULER = Role(name="scheduler", arguments=("scheduler",), grace_seconds=10)
API = Role(name="api", arguments=("api",))
SANDBOX = Role(name="sandbox", arguments=("sandbox",), grace_seconds=10)


def worker(number: int, queues: str | None = None) -> Role:
    """Return the role of a worker."""
    chosen = ("--queues", queues) if queues else ()
    return Role(name=f"worker-{number}", arguments=("worker", *chosen))


class NotReady(OutOfReach):
    """A process did not answer in time; the text is one sentence."""


class Crew:
    """Processes in the order they are to be stopped in: nobody's server goes before its client."""

    def __init__(self, roles: Sequence[Role], environment: Mapping[str, str], say: Say) -> None:
        self.children = [Child(role, environment, say) for role in roles]

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Crew"]:
        """Keep everybody running while inside; on leaving, stop one role after another."""
        for child in reversed(self.children):
            child.start()
        try:
            yield self
        finally:
            for child in self.children:
                await child.stop()


async def answers(
    url: str, *, patience_seconds: float, headers: Mapping[str, str] | None = None
) -> None:
    """Wait until something answers 200 at the address. Raises NotReady."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience_seconds
    async with httpx.AsyncClient(timeout=2, trust_env=False, headers=headers) as client:
        while loop.time() < deadline:
            try:
                if (await client.get(url)).status_code == httpx.codes.OK:
                    return
            except httpx.HTTPError:
                pass
            await asyncio.sleep(_POLL_SECONDS)
    raise NotReady(f"nothing answered at {url} within {patience_seconds:g} s")
