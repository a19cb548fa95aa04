"""The shop's notifications, as the sender carries them."""

import asyncio
from collections.abc import Callable
from typing import Final

from entrypoints.sandbox import sender
from entrypoints.sandbox.moments import BusinessClock
from entrypoints.sandbox.sender import Letter
from entrypoints.sandbox.yookassa import deadlines, idempotence
from entrypoints.sandbox.yookassa.behaviour import Notifications
from entrypoints.sandbox.yookassa.shop import Shop
from entrypoints.sandbox.yookassa.store import Store

_HEADERS: Final = {"content-type": "application/json", "user-agent": "YooKassa-Notifications"}


class Sender(sender.Sender):
    """Sends the notifications of one shop; 200 alone takes one."""

    def __init__(self, shop: Shop) -> None:
        super().__init__(ShopMail(shop))


class ShopMail:
    """The shop as the sender sees it."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    @property
    def store(self) -> Store:
        return self._shop.store

    @property
    def clock(self) -> BusinessClock:
        return self._shop.clock

    @property
    def machine_time(self) -> Callable[[], float]:
        return self._shop.machine_time

    @property
    def pace(self) -> Notifications:
        return self._shop.behaviour.notifications

    @property
    def bell(self) -> asyncio.Event:
        return self._shop.bell

    @property
    def in_flight(self) -> int:
        return self._shop.in_flight

    @in_flight.setter
    def in_flight(self, sending: int) -> None:
        self._shop.in_flight = sending

    def advance(self, now_ms: int) -> None:
        deadlines.apply_due(self._shop, now_ms)
        idempotence.purge(self._shop.store, now_ms)

    def letter(self, number: int) -> Letter | None:
        row = self._shop.store.one("SELECT url, body FROM notification WHERE number = ?", number)
        return Letter("POST", row[0], _HEADERS, row[1]) if row else None

    def is_delivered(self, status: int, body: bytes) -> bool:
        return status == 200
