"""Wait until a deployment has nothing left to do; a condition that is looked at, never a pause."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import httpx

from entrypoints.cli.failures import WentWrong

_FIRST_LOOK_SECONDS = 0.004
_LONGEST_LOOK_SECONDS = 0.01
_PATIENCE_SECONDS = 180.0


class NeverQuiet(WentWrong):
    """Work did not come to its end in time; the text says what is left."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """Knows whether anything is still on its way in a deployment or at its sandbox.

    Messages give rise to messages, to charges and so to notifications, which give rise to
    messages. So the deployment is quiet when no message was open before and after the sandbox
    said that it has nothing to send, and none was written in between.
    """

    look: Callable[[datetime], Awaitable[Mapping[str, int]]]
    sandbox: httpx.AsyncClient
    now: Callable[[], datetime]
    idle_paths: Sequence[str] = ("/idle",)

    async def __call__(self) -> None:
        """Return when everything has come to its end. Raises NeverQuiet."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _PATIENCE_SECONDS
        wait = _FIRST_LOOK_SECONDS
        while not await self._is_quiet():
            if loop.time() > deadline:
                left = await self.look(self.now())
                raise NeverQuiet(
                    f"after {_PATIENCE_SECONDS:g} s {left['open']} messages are still open"
                    f" and {left['due']} schedules due"
                )
            await asyncio.sleep(wait)
            wait = min(1.5 * wait, _LONGEST_LOOK_SECONDS)

    async def _is_quiet(self) -> bool:
        before = await self.look(self.now())
        if before["open"] or before["due"]:
            return False
        for path in self.idle_paths:
            answer = await self.sandbox.get(path)
            answer.raise_for_status()
            if not answer.json()["idle"]:
                return False
        return await self.look(self.now()) == before
