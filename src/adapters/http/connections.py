"""Connections to one gateway, each lent to one call at a time."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx


class Connections:
    """At most `most` connections, the one used last lent first.

    A pool that many calls share asks each of its connections, at each call, whether it is still
    alive: with thirty of them that costs more than the calls. Here a call looks at its own only.
    The rest wait for their keep-alive to run out, which is noticed when they are used again.
    """

    def __init__(self, most: int, *, keep_alive_seconds: float, patience_seconds: float) -> None:
        self._tls: ssl.SSLContext | None = None
        self._free = asyncio.Semaphore(most)
        self._keep_alive_seconds = keep_alive_seconds
        self._patience_seconds = patience_seconds
        self._resting: list[httpx.AsyncHTTPTransport] = []

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[httpx.AsyncHTTPTransport]:
        """Lend a connection; raise httpx.PoolTimeout when none comes free in time."""
        try:
            async with asyncio.timeout(self._patience_seconds):
                await self._free.acquire()
        except TimeoutError as error:
            raise httpx.PoolTimeout("every connection is busy") from error
        try:
            http = self._resting.pop() if self._resting else self._made()
            try:
                yield http
            finally:
                self._resting.append(http)
        finally:
            self._free.release()

    def _made(self) -> httpx.AsyncHTTPTransport:
        if self._tls is None:
            self._tls = httpx.create_ssl_context(verify=True, trust_env=False)
        # Not the client above it, which would add cookies, redirects and a third of the CPU.
        return httpx.AsyncHTTPTransport(
            verify=self._tls,
            trust_env=False,
            http1=True,
            http2=False,
            retries=0,
            limits=httpx.Limits(
                max_connections=1,
                max_keepalive_connections=1,
                keepalive_expiry=self._keep_alive_seconds,
            ),
        )

    async def aclose(self) -> None:
        """Close the connections that are not lent."""
        while self._resting:
            await self._resting.pop().aclose()
