"""An emulated operator put together: its routes, and what has to run beside them."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Final

from entrypoints.sandbox.emulated import Emulator
from entrypoints.sandbox.moments import BusinessClock
from entrypoints.sandbox.operators.account import Account
from entrypoints.sandbox.operators.behaviour import Behaviour
from entrypoints.sandbox.operators.control import control_router
from entrypoints.sandbox.operators.network import Network
from entrypoints.sandbox.operators.tables import open_store
from entrypoints.sandbox.sender import Sender

PROTOCOLS: Final = ("plain", "qrtech", "ucip", "xportal")


def build(
    *,
    folder: Path,
    now: Callable[[], datetime],
    account: Account,
    control_token: str,
    behaviour: Behaviour | None = None,
) -> Emulator:
    """Wire one operator; its file in `folder` is opened when the lifespan is entered.

    Raises ValueError for a protocol nobody emulates.
    """
    if account.protocol not in PROTOCOLS:
        raise ValueError(f"nobody emulates {account.protocol!r}; known: {', '.join(PROTOCOLS)}")
    network = Network(
        account=account,
        store=open_store(folder / f"{account.code}.sqlite3"),
        clock=BusinessClock(now),
        machine_time=time.time,
        behaviour=behaviour or Behaviour(),
    )
    network.dialect = import_module(f"{__package__}.{account.protocol}").speak(network)

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        network.store.open()
        try:
            network.load()
            async with Sender(network).running():
                yield
        finally:
            network.store.close()

    return Emulator(
        routes=[*network.dialect.routes(), control_router(network, control_token)],
        lifespan=lifespan,
    )
