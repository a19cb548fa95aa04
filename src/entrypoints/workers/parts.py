"""What a worker process is made of, built on the loop it will run on."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from application.messaging.ports import Bell, Workshop
from application.queues import QueueSpec
from entrypoints.workers.side_door import SideDoor


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerParts:
    """The executors' tools, the bell, and how to let go of everything at the end.

    `side` shows the figures of the process, where it has a port for that. `queues` tells which
    there are now, where the process is to work on all of them. `warm` fills a cache
    beside the work; nothing waits for it.
    """

    shop: Workshop
    bell: Bell
    side: SideDoor | None = None
    queues: Callable[[], Awaitable[Mapping[str, QueueSpec]]] | None = None
    close: Callable[[], Awaitable[None]]
    warm: Callable[[], Awaitable[object]] | None = None


BuildParts = Callable[[], Awaitable[WorkerParts]]
"""Builds the parts; called once per process, on its event loop, before any message is claimed."""
