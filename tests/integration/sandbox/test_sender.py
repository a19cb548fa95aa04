"""The sender, started and stopped without a server around it."""

import asyncio
import time
from pathlib import Path

from entrypoints.sandbox.moments import BusinessClock
from entrypoints.sandbox.sender import Sender
from entrypoints.sandbox.yookassa.behaviour import Behaviour
from entrypoints.sandbox.yookassa.sender import ShopMail
from entrypoints.sandbox.yookassa.shop import Account, Shop
from entrypoints.sandbox.yookassa.store import Store
from tests.integration.sandbox.harness import SECRET_KEY, SHOP_ID, MovableClock


async def test_a_bell_rung_at_the_last_moment_does_not_keep_it_running(tmp_path: Path) -> None:
    store = Store(tmp_path / "yookassa.sqlite3")
    store.open()
    shop = Shop(
        account=Account(shop_id=SHOP_ID, secret_key=SECRET_KEY),
        store=store,
        clock=BusinessClock(MovableClock()),
        machine_time=time.time,
        behaviour=Behaviour(),
    )

    async with asyncio.timeout(5):
        async with Sender(ShopMail(shop)).running():
            await asyncio.sleep(0.01)
            shop.bell.set()

    store.close()
