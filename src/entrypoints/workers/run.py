"""Run one worker process: Dramatiq's worker inside it, bells in, batches out."""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Sequence
from types import FrameType
from typing import Any, cast

import dramatiq
import uvloop
from dramatiq.asyncio import get_event_loop_thread
from dramatiq.middleware import AsyncIO, CurrentMessage, ShutdownNotifications, TimeLimit
from dramatiq.worker import Worker

from adapters.redis.broker import BellBroker, create_broker
from application.messaging.lanes import DRAIN_SECONDS
from application.queues import QueueSpec
from entrypoints.workers.engine import Engine
from entrypoints.workers.metrics import WorkerPrometheus
from entrypoints.workers.parts import BuildParts
from entrypoints.workers.watchdog import Watchdog

_LOG = logging.getLogger("kazna.worker")
_LEAST_THREADS = 8
# How soon idle threads notice that they are to end; work wakes them at once.
_WORKER_TIMEOUT_MS = 500
_TIME_LIMIT_MARGIN_SECONDS = 10.0


def run_worker(
    build: BuildParts,
    *,
    redis_url: str,
    queues: Sequence[QueueSpec],
    shutdown_seconds: float = 20.0,
    stuck_seconds: int = 30,
    stop: threading.Event | None = None,
) -> bool:
    """Work on queues until SIGTERM, SIGINT or `stop`; call it from the main thread.

    Dramatiq's worker is embedded, not its command line: one process is one worker, built by our
    own composition root, with nothing imported by name and no process forked from it. A thread
    waits for every batch that may run at once, so no queue can take the threads of another.
    `shutdown_seconds` is how long running batches may take to end; keep it below the grace of
    whoever ends the process. A loop without a sign of life for `stuck_seconds` ends the process.
    Returns True when there are queues by now that it did not know at the start, so that it is to be
    started anew. Raises `BootFailed` when the parts cannot be built.
    """
    stop = stop or threading.Event()
    _stop_on_signals(stop)
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    engine = Engine(build, queues, stop)
    broker = _broker(redis_url, engine, queues)
    threads = max(_LEAST_THREADS, sum(spec.lanes for spec in queues))
    worker = Worker(broker, worker_timeout=_WORKER_TIMEOUT_MS, worker_threads=threads)
    broker.emit_after("process_boot")
    broker.warn_of_eviction()
    try:
        worker.start()
        broker.waker.start()
        loop_thread = get_event_loop_thread()
        assert loop_thread is not None
        watchdog = Watchdog(loop_thread.loop, misses=stuck_seconds)
        watchdog.start()
        _LOG.info("working on %s", ", ".join(spec.name for spec in queues))
        stop.wait()
    finally:
        broker.waker.stop()
        worker.stop(timeout=int(shutdown_seconds * 1000))
        broker.client.close()
    return engine.outdated


def _broker(redis_url: str, engine: Engine, queues: Sequence[QueueSpec]) -> BellBroker:
    """Create the broker with its middleware, listed, and one actor per queue."""
    longest = max(spec.time_limit_seconds for spec in queues)
    broker = create_broker(
        redis_url,
        middleware=[
            AsyncIO(),
            WorkerPrometheus(),
            TimeLimit(time_limit=_bell_limit_ms(longest)),
            ShutdownNotifications(notify_shutdown=False),
            CurrentMessage(),
            engine,
        ],
    )
    for spec in queues:
        _declare_actor(broker, engine, spec)
    return broker


def _declare_actor(broker: BellBroker, engine: Engine, spec: QueueSpec) -> None:
    async def answer_bell(ids: list[int]) -> None:
        await engine.drain(spec.name, ids)

    dramatiq.Actor(
        cast("Any", answer_bell),
        broker=broker,
        actor_name=spec.name,
        queue_name=spec.name,
        priority=0,
        options={"time_limit": _bell_limit_ms(spec.time_limit_seconds)},
    )


def _bell_limit_ms(time_limit_seconds: float) -> int:
    """Leave room for a last batch that runs out of time, and for its culprit to do so alone."""
    return int((DRAIN_SECONDS + 2 * time_limit_seconds + _TIME_LIMIT_MARGIN_SECONDS) * 1000)


def _stop_on_signals(stop: threading.Event) -> None:
    def asked_to_stop(_signal: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(1)  # threads that wait for Redis would outlive any exception
        stop.set()

    signal.signal(signal.SIGTERM, asked_to_stop)
    signal.signal(signal.SIGINT, asked_to_stop)
