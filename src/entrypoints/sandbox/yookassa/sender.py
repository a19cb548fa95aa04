"""The sender: carries queued notifications to their addresses, again until they answer 200."""

import asyncio
import logging
import ssl
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final, NamedTuple

import httpx

from entrypoints.sandbox.yookassa import deadlines, idempotence
from entrypoints.sandbox.yookassa.moments import DAY_MS
from entrypoints.sandbox.yookassa.shop import Shop

# How soon the passing of business or machine time is noticed when nobody asks for anything.
_BEAT_SECONDS: Final = 0.05
# Bells rung within this time are answered by one beat.
_COALESCED_SECONDS: Final = 0.002
_CLAIMED_PER_LANE: Final = 8
_log: Final = logging.getLogger("kazna.sandbox")
_HEADERS: Final = {"content-type": "application/json", "user-agent": "YooKassa-Notifications"}


class _Claimed(NamedTuple):
    number: int
    url: str
    body: bytes
    born_ms: int
    failures: int


class Sender:
    """Sends concurrently, in any order, each notification at least once.

    A notification leaves the queue when it was answered 200, or 24 hours of business time after its
    event. One that was being sent when the sandbox stopped is sent again after the start.

    Every lane has a client, and so a connection, of its own: a pool shared by many lanes costs more
    than the requests it carries.
    """

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._claimed: deque[_Claimed] = deque()
        self._delivered: list[int] = []
        self._lanes: set[asyncio.Task[None]] = set()
        self._resting: list[httpx.AsyncClient] = []
        self._tls = ssl.create_default_context()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Send while inside; on leaving, what is not yet answered stays queued."""
        self._shop.store.run("UPDATE notification SET state = 'queued' WHERE state = 'sending'")
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
        bell = self._shop.bell
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
        shop = self._shop
        now_ms = shop.clock.now_ms()
        deadlines.apply_due(shop, now_ms)
        idempotence.purge(shop.store, now_ms)
        self._flush()
        allowed = shop.behaviour.notifications.concurrency
        self._claim(now_ms, allowed * _CLAIMED_PER_LANE - len(self._claimed))
        for _ in range(min(allowed - len(self._lanes), len(self._claimed))):
            lane = asyncio.create_task(self._work())
            self._lanes.add(lane)
            lane.add_done_callback(self._ended)
        shop.in_flight = len(self._claimed) + len(self._lanes)

    def _claim(self, now_ms: int, most: int) -> None:
        store = self._shop.store
        store.run(
            "UPDATE notification SET state = 'queued' WHERE state = 'later' AND due_ms <= ?", now_ms
        )
        rows = store.all(
            "SELECT number, url, body, born_ms, failures FROM notification "
            "WHERE state = 'queued' AND due_machine <= ? ORDER BY due_machine, number LIMIT ?",
            self._shop.machine_time(),
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
        client = (
            self._resting.pop()
            if self._resting
            else httpx.AsyncClient(verify=self._tls, trust_env=False)
        )
        try:
            while self._claimed:
                await self._send(client, self._claimed.popleft())
        finally:
            self._resting.append(client)

    def _ended(self, lane: asyncio.Task[None]) -> None:
        self._lanes.discard(lane)
        if not lane.cancelled() and (error := lane.exception()):
            _log.error("a notification was not sent", exc_info=error)
        self._shop.in_flight = len(self._claimed) + len(self._lanes)
        self._shop.bell.set()

    async def _send(self, client: httpx.AsyncClient, claimed: _Claimed) -> None:
        store = self._shop.store
        if not store.one("SELECT 1 FROM notification WHERE number = ?", claimed.number):
            return  # forgotten by a reset since it was claimed
        timeout = self._shop.behaviour.notifications.timeout_seconds
        try:
            answer = await client.post(
                claimed.url, content=claimed.body, headers=_HEADERS, timeout=timeout
            )
            delivered = answer.status_code == 200
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
        store = self._shop.store
        with store.transaction():
            struck = sum(
                store.run("DELETE FROM notification WHERE number = ?", number)
                for number in delivered
            )
            store.count(notifications_delivered=struck)

    def _put_back(self, claimed: _Claimed) -> None:
        """Queue a refused notification again, or give it up a day after its event."""
        store = self._shop.store
        waits = self._shop.behaviour.notifications.retry_seconds
        wait = waits[min(claimed.failures, len(waits) - 1)]
        with store.transaction():
            if self._shop.clock.now_ms() >= claimed.born_ms + DAY_MS:
                store.run("DELETE FROM notification WHERE number = ?", claimed.number)
                store.count(notifications_abandoned=1)
            else:
                store.run(
                    "UPDATE notification SET state = 'queued', failures = ?, due_machine = ? "
                    "WHERE number = ?",
                    claimed.failures + 1,
                    self._shop.machine_time() + wait,
                    claimed.number,
                )
                store.count(notifications_refused=1)
