"""HTTP to a card provider: the verdicts of `adapters.http.transport` in the words of its port."""

import time
from collections.abc import Callable, Mapping
from typing import assert_never

from adapters.http import transport as http
from adapters.http.transport import Answer, HttpLimits, Undecided, Unsent
from application.payments.provider import NotSent, OutcomeUnknown

__all__ = ["Answer", "HttpLimits", "Reply", "Transport"]

Reply = Answer | NotSent | OutcomeUnknown


class Transport:
    """The connections to one card provider; see `adapters.http.transport.Transport`."""

    def __init__(
        self,
        name: str,
        base_url: str,
        *,
        headers: Mapping[str, str],
        limits: HttpLimits,
        retry_hint: Callable[[bytes], float | None] = http.no_hint,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http = http.Transport(
            name,
            base_url,
            headers=headers,
            limits=limits,
            retry_hint=retry_hint,
            monotonic=monotonic,
        )

    async def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Reply:
        """Make one call; `path` is relative to the base address and already quoted."""
        verdict = await self._http.send(method, path, query=query, headers=headers, body=body)
        match verdict:
            case Answer():
                return verdict
            case Unsent(why, retry_after):
                return NotSent(why, retry_after)
            case Undecided(why, retry_after):
                return OutcomeUnknown(why, retry_after)
            case _:
                assert_never(verdict)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()
