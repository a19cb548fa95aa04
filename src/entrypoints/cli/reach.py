"""Give a command the deployment it works on: settings, servers, and a container that is closed."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from entrypoints.cli.logs import log_to_stderr
from entrypoints.up.deployed import addresses, deployed_settings

if TYPE_CHECKING:
    from entrypoints.container import Container

T = TypeVar("T")


def with_container(act: "Callable[[Container], Awaitable[T]]") -> T:
    """Run `act` on a container over this deployment's servers, and let go of everything after.

    A database that was started for this command alone is brought to the tables of this version.
    """
    settings = deployed_settings()
    log_to_stderr(settings.log_level if settings.log_level != "info" else "warning")
    with addresses(settings) as found:
        from entrypoints.container import build_container, close

        async def acted() -> T:
            if found.started:
                from adapters.postgres.migrations import upgrade

                await upgrade(found.database_url)
            container = build_container(
                settings, database_url=found.database_url, redis_url=found.redis_url
            )
            try:
                return await act(container)
            finally:
                await close(container)

        return asyncio.run(acted())
