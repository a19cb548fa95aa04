"""Events are written in the transaction of their cause and sent by `sender.py`."""

from typing import Final

import msgspec

from entrypoints.sandbox.roads import Departure, departures
from entrypoints.sandbox.stripe import objects
from entrypoints.sandbox.stripe.objects import Shown
from entrypoints.sandbox.stripe.platform import Platform

API_VERSION: Final = "2024-06-20"


def tell(platform: Platform, event_type: str, about: Shown, at_ms: int) -> None:
    """Keep an event of an object as it is now, and queue it to every address that wants it."""
    shown = {
        "api_version": API_VERSION,
        "type": event_type,
        "pending_webhooks": len(platform.behaviour.notifications.urls),
        "request": {"id": None, "idempotency_key": None},
        "data": {"object": about},
    }
    event = objects.add(platform, "event", shown, at_ms=at_ms)
    roads = platform.behaviour.notifications
    if roads.events and event_type not in roads.events:
        return
    for url in roads.urls:
        _travel(platform, url, event.shown, at_ms)


def send(platform: Platform, event: Shown, at_ms: int, times: int = 1) -> None:
    """Queue an event once more, past every fault of the road."""
    for url in platform.behaviour.notifications.urls:
        for _ in range(times):
            now = Departure(platform.store.next_number(), "queued", at_ms, platform.machine_time())
            _queue(platform, now, url, event, at_ms)


def _travel(platform: Platform, url: str, event: Shown, at_ms: int) -> None:
    """Queue an event as far as the configured roads let it through."""
    behaviour, machine_time = platform.behaviour, platform.machine_time()
    for leaving in departures(
        platform.store,
        behaviour.notifications,
        behaviour.seed,
        at_ms=at_ms,
        machine_time=machine_time,
    ):
        _queue(platform, leaving, url, event, at_ms)


def _queue(platform: Platform, leaving: Departure, url: str, event: Shown, at_ms: int) -> None:
    platform.store.run(
        "INSERT INTO notification (number, state, url, event, body, born_ms, due_ms, due_machine) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        leaving.number,
        leaving.state,
        url,
        event["type"],
        msgspec.json.encode(event),
        at_ms,
        leaving.due_ms,
        leaving.due_machine,
    )
    platform.bell.set()
