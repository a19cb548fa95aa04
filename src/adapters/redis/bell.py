"""Ring after commits: a bounded queue in the process, emptied by a thread, never in the way."""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from time import monotonic

import redis

from adapters.redis.broker import create_broker
from application.ports import Metrics

_LOG = logging.getLogger("kazna.bells")
_CAPACITY = 20_000
_IDS_PER_BELL = 500
_TIMEOUT_SECONDS = 1.0
_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 5.0


class RedisBell:
    """Rings through Redis, and gives up quickly when it is away.

    What finds no room, or is rung while the breaker is open, is dropped and counted: the sweep
    of the workers finds the messages. Nothing here raises into a caller of `ring`.
    """

    def __init__(self, url: str, *, metrics: Metrics, capacity: int = _CAPACITY) -> None:
        self._broker = create_broker(url, timeout_seconds=_TIMEOUT_SECONDS)
        self._metrics = metrics
        self._capacity = capacity
        self._waiting: deque[tuple[str, int]] = deque()
        self._wake = threading.Condition()
        self._sending = threading.Lock()
        self._breaker = _Breaker()
        self._thread: threading.Thread | None = None
        self._closed = False

    def ring(self, rung: Sequence[tuple[str, int]]) -> None:
        """Ring for `(queue, message id)` without waiting; drop when there is no room."""
        with self._wake:
            room = self._capacity - len(self._waiting)
            self._waiting.extend(rung[:room])
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._flush, name="bell", daemon=True)
                self._thread.start()
            self._wake.notify()
        if len(rung) > room:
            self._metrics.count("bells_dropped", len(rung) - max(room, 0), why="full")

    async def reach(self, rung: Sequence[tuple[str, int]]) -> bool:
        """Ring and wait for the answer; tell whether the bell was heard."""
        return await asyncio.to_thread(self._send, rung)

    async def answers(self) -> bool:
        """Tell whether Redis answers at all."""
        try:
            return bool(await asyncio.to_thread(self._broker.client.ping))
        except redis.RedisError:
            return False

    def close(self) -> None:
        """Send what is waiting, once, and stop."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        if self._thread is not None:
            self._thread.join(timeout=2 * _TIMEOUT_SECONDS)
        self._broker.client.close()

    def _flush(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._waiting or self._closed)
                rung = list(self._waiting)
                self._waiting.clear()
            if rung:
                self._send(rung)
            elif self._closed:
                return

    def _send(self, rung: Sequence[tuple[str, int]]) -> bool:
        with self._sending:
            if self._breaker.is_open:
                self._metrics.count("bells_dropped", len(rung), why="away")
                return False
            try:
                self._broker.ring(_grouped(rung))
            except (redis.RedisError, OSError) as error:
                self._breaker.failed()
                self._metrics.count("bells_dropped", len(rung), why="failed")
                _LOG.debug("the bell is away: %s", error)
                return False
            self._breaker.worked()
            return True


class _Breaker:
    """Open for a while after a failure, longer after each, so that nobody waits for timeouts."""

    def __init__(self) -> None:
        self._until = 0.0
        self._failures = 0

    @property
    def is_open(self) -> bool:
        return monotonic() < self._until

    def failed(self) -> None:
        pause = min(_LONGEST_PAUSE_SECONDS, _PAUSE_SECONDS * 2.0**self._failures)
        self._failures = min(self._failures + 1, 8)
        self._until = monotonic() + pause

    def worked(self) -> None:
        self._failures = 0


def _grouped(rung: Iterable[tuple[str, int]]) -> Iterator[tuple[str, Sequence[int]]]:
    by_queue: dict[str, list[int]] = {}
    for queue, id_ in rung:
        by_queue.setdefault(queue, []).append(id_)
    for queue, ids in by_queue.items():
        for start in range(0, len(ids), _IDS_PER_BELL):
            yield queue, ids[start : start + _IDS_PER_BELL]
