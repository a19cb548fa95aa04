"""Run one scheduler process until it is told to stop."""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from application.messaging.ports import Verdict

_LOG = logging.getLogger("kazna.scheduler")
_POLL_SECONDS = 1.0
_UPKEEP_SECONDS = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulerParts:
    """What a scheduler process is made of.

    `fire` sends what is due at the clock's time; `upkeep` is done at the start and then every
    hour (months of the event table made ahead); `judge` tells a database that is away from a bug.
    """

    fire: Callable[[], Awaitable[int]]
    upkeep: Callable[[], Awaitable[None]]
    judge: Callable[[BaseException], Verdict]
    close: Callable[[], Awaitable[None]]


BuildScheduler = Callable[[], Awaitable[SchedulerParts]]


def run_scheduler(build: BuildScheduler) -> None:
    """Fire the timetable until SIGTERM or SIGINT; call it from the main thread."""
    asyncio.run(_run(build))


async def _run(build: BuildScheduler) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    parts = await build()
    try:
        await watch(parts, stop)
    finally:
        await parts.close()


async def watch(parts: SchedulerParts, stop: asyncio.Event) -> None:
    """Look at the timetable each second of machine time; a database that is away is asked again."""
    loop = asyncio.get_running_loop()
    upkeep_at = loop.time()
    while not stop.is_set():
        if loop.time() >= upkeep_at and await _survived(parts, parts.upkeep):
            upkeep_at = loop.time() + _UPKEEP_SECONDS
        await _survived(parts, parts.fire)
        try:
            await asyncio.wait_for(stop.wait(), _POLL_SECONDS)
        except TimeoutError:
            continue


async def _survived(parts: SchedulerParts, act: Callable[[], Awaitable[object]]) -> bool:
    try:
        await act()
    except Exception as error:  # the boundary of the process: it is logged and tried again
        if parts.judge(error) is Verdict.FAILED and not isinstance(error, TimeoutError):
            _LOG.exception("the timetable could not be carried out")
        else:
            _LOG.warning("the timetable waits for the database: %s", error)
        return False
    return True
