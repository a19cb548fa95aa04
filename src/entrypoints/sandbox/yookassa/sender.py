"""The shop's notifications, as the sender carries them."""

from typing import Final

from entrypoints.sandbox.emulated import Mail
from entrypoints.sandbox.sender import Letter
from entrypoints.sandbox.yookassa import deadlines, idempotence
from entrypoints.sandbox.yookassa.shop import Shop

_HEADERS: Final = {"content-type": "application/json", "user-agent": "YooKassa-Notifications"}


class ShopMail(Mail[Shop]):
    """The shop as the sender sees it; 200 alone takes a notification."""

    def advance(self, now_ms: int) -> None:
        deadlines.apply_due(self._emulated, now_ms)
        idempotence.purge(self._emulated.store, now_ms)

    def letter(self, number: int) -> Letter | None:
        row = self._emulated.store.one(
            "SELECT url, body FROM notification WHERE number = ?", number
        )
        return Letter("POST", row[0], _HEADERS, row[1]) if row else None

    def is_delivered(self, status: int, body: bytes) -> bool:
        return status == 200
