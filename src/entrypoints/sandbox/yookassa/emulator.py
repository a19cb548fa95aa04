"""The emulator put together: its routes, and what has to run beside them."""

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from entrypoints.sandbox.configured import replayed
from entrypoints.sandbox.emulated import Emulator, opened
from entrypoints.sandbox.faults import Faults
from entrypoints.sandbox.moments import BusinessClock
from entrypoints.sandbox.yookassa.api import api_router
from entrypoints.sandbox.yookassa.behaviour import Behaviour
from entrypoints.sandbox.yookassa.control import control_router
from entrypoints.sandbox.yookassa.page import page_handlers
from entrypoints.sandbox.yookassa.sender import ShopMail
from entrypoints.sandbox.yookassa.shop import Account, Shop
from entrypoints.sandbox.yookassa.store import Store


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
    shop = Shop(
        account=account,
        store=store,
        clock=BusinessClock(now),
        machine_time=time.time,
        behaviour=behaviour,
    )
    faults = Faults(store)

    return Emulator(
        routes=[
            api_router(shop, faults, public_url),
            control_router(shop, faults, behaviour, control_token),
            *page_handlers(shop, public_url),
        ],
        lifespan=lambda: opened(
            shop,
            faults,
            ShopMail(shop),
            latest="SELECT max(created_ms) FROM (SELECT max(created_ms) AS created_ms FROM payment "
            "UNION ALL SELECT max(created_ms) FROM payout)",
            restored=lambda: replayed(store, behaviour),
        ),
    )
