"""The engine of a worker process: lanes and sweep on Dramatiq's event loop."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future

from dramatiq.asyncio import EventLoopThread, get_event_loop_thread
from dramatiq.broker import Broker
from dramatiq.middleware import Middleware, MiddlewareError
from dramatiq.worker import Worker

from application.messaging.lanes import Lanes
from application.messaging.ports import Verdict
from application.messaging.sweep import Sweep
from application.queues import QueueSpec
from entrypoints.workers.parts import BuildParts, WorkerParts

_LOG = logging.getLogger("kazna.worker")
_CANCEL_SECONDS = 5.0
_WATCH_SECONDS = 5.0


class BootFailed(MiddlewareError):
    """The parts of the process could not be built; nothing was claimed."""


class Engine(Middleware):
    """Builds the parts on the loop before the first bell and lets go of them after the last.

    It stands behind the middleware that owns the loop, so that it starts after it and ends
    before it.
    """

    def __init__(
        self, build: BuildParts, queues: Sequence[QueueSpec], stop: threading.Event
    ) -> None:
        self.outdated = False
        self._stop = stop
        self._build = build
        self._queues = queues
        self._parts: WorkerParts | None = None
        self._lanes: Lanes | None = None
        self._sweeping: Future[None] | None = None

    def before_worker_boot(self, broker: Broker, worker: Worker) -> None:
        """Build the parts; refuse to start when they cannot be built."""
        try:
            self._parts = self._loop_thread().run_coroutine(self._build())
        except Exception as error:
            raise BootFailed(f"the worker cannot start: {error}") from error
        self._lanes = Lanes(self._parts.shop, self._queues, self._parts.bell)

    def after_worker_boot(self, broker: Broker, worker: Worker) -> None:
        """Begin to sweep."""
        assert self._parts is not None
        assert self._lanes is not None
        sweep = Sweep(self._parts.shop, self._lanes, self._parts.bell)
        loop = self._loop_thread().loop
        self._sweeping = asyncio.run_coroutine_threadsafe(sweep.run(), loop)
        if self._parts.side is not None:
            loop.call_soon_threadsafe(self._parts.side.open)
        if self._parts.warm is not None:
            asyncio.run_coroutine_threadsafe(self._warmed(self._parts.warm), loop)
        if self._parts.queues is not None:
            asyncio.run_coroutine_threadsafe(self._watch(self._parts.queues), loop)

    async def _warmed(self, warm: Callable[[], Awaitable[object]]) -> None:
        """Fill a cache; what it would have known is asked of the database when that fails."""
        try:
            await warm()
        except Exception as error:  # the boundary of a task nothing waits for
            _LOG.warning("the caches start cold: %s: %s", type(error).__name__, error)

    async def _watch(self, queues: Callable[[], Awaitable[Mapping[str, QueueSpec]]]) -> None:
        """Ask to be started anew when there are queues, or kinds of them, nobody here works on."""
        known = set(self._queues)
        while not self.outdated:
            await asyncio.sleep(_WATCH_SECONDS)
            try:
                new = [spec.name for spec in (await queues()).values() if spec not in known]
            except Exception as error:
                assert self._parts is not None
                if self._parts.shop.store.judge(error) is Verdict.FAILED:
                    raise
                continue
            if new:
                _LOG.info("there are new queues: %s", ", ".join(sorted(new)))
                self.outdated = True
                self._stop.set()

    async def drain(self, queue: str, ids: Sequence[int]) -> None:
        """Answer a bell; a database that is away leaves everything to the sweep."""
        if self._lanes is None or self._parts is None:
            return
        try:
            await self._lanes.drain(queue, ids)
        except Exception as error:
            if self._parts.shop.store.judge(error) is not Verdict.LOST:
                raise
            _LOG.warning("the database went away while %s was drained: %s", queue, error)

    def before_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        """Begin nothing new; batches that run come to their end."""
        if self._sweeping is not None:
            self._sweeping.cancel()
        if self._lanes is not None:
            self._lanes.close()

    def after_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        """Cancel what did not end in time, and close the parts."""
        self._loop_thread().run_coroutine(self._ended())

    async def _ended(self) -> None:
        if self._parts is not None and self._parts.side is not None:
            await self._parts.side.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        if others:
            await asyncio.wait(others, timeout=_CANCEL_SECONDS)
        if self._parts is not None:
            await self._parts.close()

    @staticmethod
    def _loop_thread() -> EventLoopThread:
        thread = get_event_loop_thread()
        assert thread is not None
        return thread
