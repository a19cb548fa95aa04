"""An emulated system as the application mounts it."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from litestar import Router
from litestar.handlers import HTTPRouteHandler


@dataclass(frozen=True, slots=True)
class Emulator:
    """Routes to mount, and a lifespan to enter around serving them."""

    routes: Sequence[Router | HTTPRouteHandler]
    lifespan: Callable[[], AbstractAsyncContextManager[None]]
