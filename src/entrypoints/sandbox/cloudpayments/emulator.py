"""The emulator put together: its routes, and what has to run beside them."""

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from entrypoints.sandbox.cloudpayments.api import api_router
from entrypoints.sandbox.cloudpayments.behaviour import Behaviour
from entrypoints.sandbox.cloudpayments.control import control_router
from entrypoints.sandbox.cloudpayments.page import page_handlers
from entrypoints.sandbox.cloudpayments.sender import TerminalMail
from entrypoints.sandbox.cloudpayments.store import Store
from entrypoints.sandbox.cloudpayments.terminal import Account, Terminal
from entrypoints.sandbox.configured import kept_whole
from entrypoints.sandbox.emulated import Emulator, opened
from entrypoints.sandbox.faults import Faults
from entrypoints.sandbox.moments import BusinessClock


def build(
    *,
    path: Path,
    now: Callable[[], datetime],
    account: Account,
    behaviour: Behaviour,
    control_token: str,
    public_url: str | None,
) -> Emulator:
    """Wire the emulator; the file at `path` is opened when the lifespan is entered."""
    store = Store(path)
    terminal = Terminal(
        account=account,
        store=store,
        clock=BusinessClock(now),
        machine_time=time.time,
        behaviour=behaviour,
    )
    faults = Faults(store)

    return Emulator(
        routes=[
            api_router(terminal, faults, public_url),
            control_router(terminal, faults, behaviour, control_token, public_url),
            *page_handlers(terminal),
        ],
        lifespan=lambda: opened(
            terminal,
            faults,
            TerminalMail(terminal),
            latest="SELECT max(created_ms) FROM operation",
            restored=lambda: kept_whole(store, behaviour),
        ),
    )
