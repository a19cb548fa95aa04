"""HTTP to a gateway: hard limits on every call, and a verdict on every way it can fail.

The verdict decides about money: `Unsent` allows a new start, `Undecided` allows only the same key
or a look-up. So nothing is guessed: unless no byte of the request was written, or the gateway
itself said "too many", the call is undecided. Ports have words of their own for the two; their
transports (`adapters/providers/transport.py`, `adapters/operators/transport.py`) translate.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx

from adapters.http.breaker import CircuitBreaker
from adapters.http.connections import Connections

# A proxy gave up, a twin of this request is being worked on, or the connection was an early one:
# in none of these cases does the status say whether the request was executed.
_UNDECIDED = frozenset({408, 409, 425, 499})
_LONGEST_PAUSE_SECONDS = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpLimits:
    """How long, how many and how much; `total_seconds` bounds a call from start to last byte."""

    connect_seconds: float = 3.0
    total_seconds: float = 35.0
    connections: int = 32
    keep_alive_seconds: float = 30.0
    response_bytes: int = 4 * 1024 * 1024
    breaker_failures: int = 5
    breaker_pause_seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer; what the gateway itself says, be it a refusal of the 4xx kind.

    `headers` have lower-case names and are for what a gateway says nowhere else.
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    @property
    def is_refusal(self) -> bool:
        """Tell whether the gateway said no."""
        return self.status >= 400


@dataclass(frozen=True, slots=True)
class Unsent:
    """Certainly not executed: no byte left, or the gateway said "too many"."""

    why: str
    retry_after_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Undecided:
    """It may have been executed; `answer` is what came back, where it came back whole."""

    why: str
    retry_after_seconds: float | None = None
    answer: Answer | None = None


Verdict = Answer | Unsent | Undecided


def no_hint(_body: bytes) -> float | None:
    """Find no seconds to wait: what most gateways' bodies say."""
    return None


class Transport:
    """The connections to one gateway.

    It follows no redirect, keeps no cookie, reads no proxy from the environment, verifies TLS and
    asks for no compression (a small body cannot become a large one). The text of a verdict names
    the kind of failure only: headers, addresses with a query and bodies, and so secrets, are in no
    message and no log. `retry_hint` reads the seconds to wait from a body, where a gateway puts
    them there. `conclusive` are statuses that this gateway documents as answers although they
    decide nothing elsewhere: 202 for a text that was queued.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        *,
        headers: Mapping[str, str],
        limits: HttpLimits,
        retry_hint: Callable[[bytes], float | None] = no_hint,
        conclusive: frozenset[int] = frozenset(),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._base = httpx.URL(base_url.rstrip("/") + "/")
        self._headers = {"accept": "application/json", "accept-encoding": "identity", **headers}
        self._limits = limits
        self._retry_hint = retry_hint
        self._conclusive = conclusive
        self._timeout = httpx.Timeout(
            limits.total_seconds, connect=limits.connect_seconds, pool=limits.connect_seconds
        ).as_dict()
        self._connections = Connections(
            limits.connections,
            keep_alive_seconds=limits.keep_alive_seconds,
            patience_seconds=limits.connect_seconds,
        )
        self._breaker = CircuitBreaker(
            name,
            failures=limits.breaker_failures,
            pause_seconds=limits.breaker_pause_seconds,
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
    ) -> Verdict:
        """Make one call; `path` is relative to the base address and already quoted."""
        pause = self._breaker.admit()
        if pause is not None:
            return Unsent("the gateway has not been answering", retry_after_seconds=pause)
        written = _Written()
        request = self._request(method, path, query, headers, body, written)
        try:
            async with asyncio.timeout(self._limits.total_seconds):
                reply = await self._exchange(request)
        except httpx.PoolTimeout:
            self._breaker.withdrawn()
            return Unsent("every connection to the gateway is busy")
        except (httpx.TransportError, TimeoutError) as error:
            self._breaker.failed()
            return written.verdict(error)
        except BaseException:
            self._breaker.withdrawn()
            raise
        self._breaker.answered()
        return reply

    async def aclose(self) -> None:
        """Close the connections."""
        await self._connections.aclose()

    def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        body: bytes | None,
        written: "_Written",
    ) -> httpx.Request:
        target = self._base.raw_path + path.encode("ascii")
        if query:
            target += b"?" + urlencode(query).encode("ascii")
        return httpx.Request(
            method,
            self._base.copy_with(raw_path=target),
            headers={**self._headers, **(headers or {})},
            content=body,
            extensions={"timeout": self._timeout, "trace": written.trace},
        )

    async def _exchange(self, request: httpx.Request) -> Verdict:
        async with self._connections.lent() as http:
            response = await http.handle_async_request(request)
            try:
                body = bytearray()
                async for chunk in response.aiter_raw():
                    body += chunk
                    if len(body) > self._limits.response_bytes:
                        return Undecided("the answer is longer than it may be")
            finally:
                await response.aclose()
        return self._judge(response, bytes(body))

    def _judge(self, response: httpx.Response, body: bytes) -> Verdict:
        status = response.status_code
        answer = Answer(status, body, response.headers)
        if status in self._conclusive:
            return answer
        if status == 429:
            return Unsent("the gateway is asked too often", self._pause(response, body))
        if 300 <= status < 400:
            why = f"the gateway answered {status}, and redirects are not followed"
            return Undecided(why, answer=answer)
        if status == 202:
            why = "the gateway has not finished yet"
        elif status >= 500 or status in _UNDECIDED:
            why = f"the gateway answered {status}"
        else:
            return answer
        return Undecided(why, self._pause(response, body), answer)

    def _pause(self, response: httpx.Response, body: bytes) -> float | None:
        text = response.headers.get("retry-after", "")
        stated = float(text) if text.isascii() and text.isdigit() else self._retry_hint(body)
        return None if stated is None else min(stated, _LONGEST_PAUSE_SECONDS)


class _Written:
    """Whether a request began to leave; asked of the connection itself, not of the exception."""

    __slots__ = ("_began",)

    def __init__(self) -> None:
        self._began = False

    async def trace(self, event: str, _details: Mapping[str, Any]) -> None:
        if event.endswith(".send_request_headers.started"):
            self._began = True

    def verdict(self, error: Exception) -> Unsent | Undecided:
        if self._began:
            return Undecided(f"no complete answer: {type(error).__name__}")
        # Only a connection error may speak: it knows addresses and certificates, never headers.
        detail = f": {error}" if isinstance(error, httpx.ConnectError) else ""
        return Unsent(f"no connection: {type(error).__name__}{detail}")
