"""What emulated providers are made of: state while open, mail, and how they are mounted."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from litestar import Router
from litestar.handlers import HTTPRouteHandler

from entrypoints.sandbox.faults import Faults
from entrypoints.sandbox.moments import BusinessClock
from entrypoints.sandbox.sender import Mailbag, Pace, Sender
from entrypoints.sandbox.store import Store

S = TypeVar("S", bound=Store)
B = TypeVar("B")
E = TypeVar("E", bound="Emulated[Any, Any]")


@dataclass(frozen=True, slots=True)
class Emulator:
    """Routes to mount, and a lifespan to enter around serving them."""

    routes: Sequence[Router | HTTPRouteHandler]
    lifespan: Callable[[], AbstractAsyncContextManager[None]]


@dataclass(slots=True, kw_only=True)
class Emulated(Generic[S, B]):
    """What every operation of an emulator works with, open while the application runs."""

    store: S
    clock: BusinessClock
    machine_time: Callable[[], float]
    behaviour: B
    bell: asyncio.Event = field(default_factory=asyncio.Event)
    requests: Counter[str] = field(default_factory=Counter)
    in_flight: int = 0

    def forget(self) -> None:
        """Start over; how it behaves stays."""
        self.store.empty()
        self.clock.start_over()
        self.requests.clear()


class Mail(Generic[E]):
    """An emulator as the sender sees it; how notifications look and are taken is each one's own."""

    def __init__(self, emulated: E) -> None:
        self._emulated = emulated

    @property
    def store(self) -> Store:
        store: Store = self._emulated.store
        return store

    @property
    def clock(self) -> BusinessClock:
        return self._emulated.clock

    @property
    def machine_time(self) -> Callable[[], float]:
        return self._emulated.machine_time

    @property
    def pace(self) -> Pace:
        pace: Pace = self._emulated.behaviour.notifications
        return pace

    @property
    def bell(self) -> asyncio.Event:
        return self._emulated.bell

    @property
    def in_flight(self) -> int:
        return self._emulated.in_flight

    @in_flight.setter
    def in_flight(self, sending: int) -> None:
        self._emulated.in_flight = sending


@asynccontextmanager
async def opened(
    emulated: Emulated[Any, B],
    faults: Faults,
    bag: Mailbag,
    *,
    latest: str,
    restored: Callable[[], B],
) -> AsyncIterator[None]:
    """Open the file, go on where an earlier run stopped, and send while inside.

    `latest` asks for the last moment that is in the books: business time never lies before it.
    """
    store: Store = emulated.store
    store.open()
    try:
        found = store.one(latest)
        if found and found[0] is not None:
            emulated.clock.not_before(found[0])
        emulated.behaviour = restored()
        faults.load()
        async with Sender(bag).running():
            yield
    finally:
        store.close()
