"""Answer late: ask again until there is something to tell, the caller hangs up, or time is over."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic
from typing import Any, TypeVar

from litestar import Request

T = TypeVar("T")
CLOSING = "is_closing"
"""Where the application's state keeps what tells whether the process is about to end."""
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.2, 1.0


async def at_last(
    request: Request[Any, Any, Any], ask: Callable[[], Awaitable[T]], *, wait_seconds: float
) -> T:
    """Return the first answer that is true, or the last one when time is over or the process ends.

    A caller that hung up is not asked for again: what would be handed to it, nobody would get.
    Pauses grow to a second: a hundred programs that wait are a hundred cheap queries a second.
    """
    until = monotonic() + wait_seconds
    pause = _SHORTEST_PAUSE
    answer = await ask()
    if answer or not wait_seconds:
        return answer
    gone = asyncio.ensure_future(_hung_up(request))
    try:
        while not answer and (left := until - monotonic()) > 0:
            await asyncio.wait({gone}, timeout=min(left, pause * (0.75 + random.random() / 2)))  # noqa: S311
            if gone.done() or request.app.state.get(CLOSING, _never)():
                break
            pause = min(_LONGEST_PAUSE, pause * 1.5)
            answer = await ask()
    finally:
        gone.cancel()
        with suppress(asyncio.CancelledError):
            await gone
    return answer


def _never() -> bool:
    return False


async def _hung_up(request: Request[Any, Any, Any]) -> None:
    await request.body()
    while (await request.receive())["type"] != "http.disconnect":
        pass
