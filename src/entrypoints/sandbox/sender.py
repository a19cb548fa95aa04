"""The sender: carries queued notifications to their addresses, again until they are taken.

It works on the table `notification` of an emulator's store:

    CREATE TABLE notification (
      number INTEGER PRIMARY KEY, state TEXT, url TEXT, body BLOB, born_ms INTEGER, due_ms INTEGER,
      due_machine REAL, failures INTEGER, ...)

where `state` is `later` (business time has not come), `queued` or `sending`.
"""

import asyncio
import logging
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final, NamedTuple, Protocol

import httpx

from entrypoints.sandbox.moments import DAY_MS, BusinessClock
from entrypoints.sandbox.store import Store

# How soon the passing of business or machine time is noticed when nobody asks for anything.
_BEAT_SECONDS: Final = 0.05
# Bells rung within this time are answered by one beat.
_COALESCED_SECONDS: Final = 0.002
_CLAIMED_PER_LANE: Final = 8
_log: Final = logging.getLogger("kazna.sandbox")


class Letter(NamedTuple):
    """A notification as it leaves: signed, if it is, at this very moment."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


class Pace(Protocol):
    """How notifications travel: seconds of machine time, and how many at once."""

    @property
    def retry_seconds(self) -> Sequence[float]:
        """The n-th redelivery waits the n-th of them, the last one repeats."""
        ...

    @property
    def timeout_seconds(self) -> float:
        """How long an answer may take."""
        ...

    @property
    def concurrency(self) -> int:
        """How many are sent at once."""
        ...


class Mailbag(Protocol):
    """An emulator as the sender sees it; `in_flight` is what the sender tells it."""

    in_flight: int

    @property
    def bell(self) -> asyncio.Event:
        """Rung when there is something to send."""
        ...

    @property
    def store(self) -> Store:
        """Where the notifications are."""
        ...

    @property
    def clock(self) -> BusinessClock:
        """Business time."""
        ...

    @property
    def machine_time(self) -> Callable[[], float]:
        """Machine time, in seconds."""
        ...

    @property
    def pace(self) -> Pace:
        """How notifications travel now."""
        ...

    def advance(self, now_ms: int) -> None:
        """Do what business time has made due."""
        ...

    def letter(self, number: int) -> Letter | None:
        """Return a notification as it leaves; None for one that is forgotten."""
        ...

    def is_delivered(self, status: int, body: bytes) -> bool:
        """Tell whether an answer takes a notification."""
        ...


class _Claimed(NamedTuple):
    number: int
    born_ms: int
    failures: int


class Sender:
    """Sends concurrently, in any order, each notification at least once.

    A notification leaves the queue when it was taken, or 24 hours of business time after its
    event. One that was being sent when the sandbox stopped is sent again after the start.

    Every lane has a client, and so a connection, of its own: a pool shared by many lanes costs more
    than the requests it carries.
    """

    def __init__(self, bag: Mailbag) -> None:
        self._bag = bag
        self._claimed: deque[_Claimed] = deque()
        self._delivered: list[int] = []
        self._lanes: set[asyncio.Task[None]] = set()
        self._resting: list[httpx.AsyncClient] = []
        # Made with the first connection: reading the system's certificates takes its time.
        self._tls: ssl.SSLContext | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Send while inside; on leaving, what is not yet answered stays queued."""
        self._bag.store.run("UPDATE notification SET state = 'queued' WHERE state = 'sending'")
        beat = asyncio.create_task(self._run())
        try:
            yield
        finally:
            tasks = (beat, *self._lanes)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._flush()
            for client in self._resting:
                await client.aclose()

    async def _run(self) -> None:
        bell = self._bag.bell
        while True:
            try:
                self._beat()
            except Exception:
                _log.exception("the sandbox's sender missed a beat")
            # Not `wait_for`: on Python 3.11 it forgets a cancellation that meets a ringing bell.
            with suppress(TimeoutError):
                async with asyncio.timeout(_BEAT_SECONDS):
                    await bell.wait()
                await asyncio.sleep(_COALESCED_SECONDS)
            bell.clear()

    def _beat(self) -> None:
        """Do what time has made due, and start sending as much as the configuration allows."""
        bag = self._bag
        now_ms = bag.clock.now_ms()
        bag.advance(now_ms)
        self._flush()
        allowed = bag.pace.concurrency
        self._claim(now_ms, allowed * _CLAIMED_PER_LANE - len(self._claimed))
        for _ in range(min(allowed - len(self._lanes), len(self._claimed))):
            lane = asyncio.create_task(self._work())
            self._lanes.add(lane)
            lane.add_done_callback(self._ended)
        bag.in_flight = len(self._claimed) + len(self._lanes)

    def _claim(self, now_ms: int, most: int) -> None:
        store = self._bag.store
        store.run(
            "UPDATE notification SET state = 'queued' WHERE state = 'later' AND due_ms <= ?", now_ms
        )
        rows = store.all(
            "SELECT number, born_ms, failures FROM notification "
            "WHERE state = 'queued' AND due_machine <= ? ORDER BY due_machine, number LIMIT ?",
            self._bag.machine_time(),
            max(most, 0),
        )
        if not rows:
            return
        with store.transaction():
            for row in rows:
                store.run("UPDATE notification SET state = 'sending' WHERE number = ?", row[0])
        self._claimed += [_Claimed(*row) for row in rows]

    async def _work(self) -> None:
        """Send what is claimed, one after another, over one connection."""
        client = self._resting.pop() if self._resting else self._client()
        try:
            while self._claimed:
                await self._send(client, self._claimed.popleft())
        finally:
            self._resting.append(client)

    def _client(self) -> httpx.AsyncClient:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return httpx.AsyncClient(verify=self._tls, trust_env=False)

    def _ended(self, lane: asyncio.Task[None]) -> None:
        self._lanes.discard(lane)
        if not lane.cancelled() and (error := lane.exception()):
            _log.error("a notification was not sent", exc_info=error)
        self._bag.in_flight = len(self._claimed) + len(self._lanes)
        self._bag.bell.set()

    async def _send(self, client: httpx.AsyncClient, claimed: _Claimed) -> None:
        letter = self._bag.letter(claimed.number)
        if letter is None:
            return  # forgotten by a reset since it was claimed
        try:
            answer = await client.request(
                letter.method,
                letter.url,
                content=letter.body,
                headers=letter.headers,
                timeout=self._bag.pace.timeout_seconds,
            )
            delivered = self._bag.is_delivered(answer.status_code, answer.content)
        except (httpx.HTTPError, httpx.InvalidURL):
            delivered = False
        if delivered:
            self._delivered.append(claimed.number)
        else:
            self._put_back(claimed)

    def _flush(self) -> None:
        """Strike off what was delivered since the last beat."""
        if not self._delivered:
            return
        delivered, self._delivered = self._delivered, []
        store = self._bag.store
        with store.transaction():
            struck = sum(
                store.run("DELETE FROM notification WHERE number = ?", number)
                for number in delivered
            )
            store.count(notifications_delivered=struck)

    def _put_back(self, claimed: _Claimed) -> None:
        """Queue a refused notification again, or give it up a day after its event."""
        store = self._bag.store
        waits = self._bag.pace.retry_seconds
        wait = waits[min(claimed.failures, len(waits) - 1)]
        with store.transaction():
            if self._bag.clock.now_ms() >= claimed.born_ms + DAY_MS:
                store.run("DELETE FROM notification WHERE number = ?", claimed.number)
                store.count(notifications_abandoned=1)
            else:
                store.run(
                    "UPDATE notification SET state = 'queued', failures = ?, due_machine = ? "
                    "WHERE number = ?",
                    claimed.failures + 1,
                    self._bag.machine_time() + wait,
                    claimed.number,
                )
                store.count(notifications_refused=1)
