"""What a worker process is made of, built on the loop it will run on."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from application.messaging.ports import Bell, Workshop


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerParts:
    """The executors' tools, the bell, and how to let go of everything at the end."""

    shop: Workshop
    bell: Bell
    close: Callable[[], Awaitable[None]]


BuildParts = Callable[[], Awaitable[WorkerParts]]
"""Builds the parts; called once per process, on its event loop, before any message is claimed."""
