"""Notifications are written in the transaction of their cause and sent by `sender.py`."""

from typing import Final

from entrypoints.sandbox.roads import departures
from entrypoints.sandbox.yookassa.shop import Shop

_EVENT_OF_STATUS: Final = {
    "waiting_for_capture": "payment.waiting_for_capture",
    "succeeded": "payment.succeeded",
    "canceled": "payment.canceled",
}
_INSERT: Final = (
    "INSERT INTO notification (number, state, url, event, body, born_ms, due_ms, due_machine) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)


def payment_changed(shop: Shop, status: str, body: bytes, at_ms: int) -> None:
    """Announce a payment's new status; `pending` is not worth a notification."""
    if event := _EVENT_OF_STATUS.get(status):
        announce(shop, event, body, at_ms)


def announce(shop: Shop, event: str, body: bytes, at_ms: int) -> None:
    """Queue one notification per address, as far as the configured roads let it through."""
    roads = shop.behaviour.notifications
    urls = [*(roads.urls if event in roads.events else ()), *_registered(shop, event)]
    if not urls:
        return
    envelope = b'{"type":"notification","event":"' + event.encode() + b'","object":' + body + b"}"
    for url in urls:
        queue(shop, url, event, envelope, at_ms)


def queue(shop: Shop, url: str, event: str, envelope: bytes, at_ms: int) -> None:
    """Write a notification, once, twice or never as the configuration's draws decide."""
    behaviour = shop.behaviour
    for leaving in departures(
        shop.store,
        behaviour.notifications,
        behaviour.seed,
        at_ms=at_ms,
        machine_time=shop.machine_time(),
    ):
        shop.store.run(
            _INSERT,
            leaving.number,
            leaving.state,
            url,
            event,
            envelope,
            at_ms,
            leaving.due_ms,
            leaving.due_machine,
        )
    shop.bell.set()


def _registered(shop: Shop, event: str) -> list[str]:
    """Return the addresses registered through `/webhooks` for this event."""
    return [
        row[0]
        for row in shop.store.all("SELECT owner FROM listed WHERE kind = ?", f"webhook:{event}")
    ]
