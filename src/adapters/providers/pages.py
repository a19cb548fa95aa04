"""One page of a listing, asked for until it is read or the patience ends."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from application.payments.provider import ListingFailed, NotSent, OutcomeUnknown, Rejected

T = TypeVar("T")

Failure = Rejected | NotSent | OutcomeUnknown
Sleep = Callable[[float], Awaitable[None]]

_TRIES = 4
_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 5.0


async def read_page(
    path: str, ask: Callable[[], Awaitable[T | Failure]], *, sleep: Sleep = asyncio.sleep
) -> T:
    """Ask for a page, a few times where that may help; raise ListingFailed."""
    for failures in range(1, _TRIES + 1):
        match await ask():
            case Rejected(code, description):
                raise ListingFailed(f"the listing of {path} was refused: {code}, {description}")
            case NotSent(why, retry_after) | OutcomeUnknown(why, retry_after):
                if failures == _TRIES:
                    raise ListingFailed(f"a page of {path} could not be read: {why}")
                pause = retry_after or _PAUSE_SECONDS * 2**failures
                await sleep(min(pause, _LONGEST_PAUSE_SECONDS))
            case page:
                return page
    raise AssertionError("the last try has returned or raised")
