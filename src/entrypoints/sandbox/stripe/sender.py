"""The account's events, as the sender carries them: signed when they leave."""

import asyncio
import hmac
from collections.abc import Callable
from hashlib import sha256

from entrypoints.sandbox.moments import BusinessClock
from entrypoints.sandbox.sender import Letter
from entrypoints.sandbox.stripe import deadlines, idempotence
from entrypoints.sandbox.stripe.behaviour import Webhooks
from entrypoints.sandbox.stripe.platform import Platform
from entrypoints.sandbox.stripe.store import Store


class PlatformMail:
    """The account as the sender sees it; any 2xx takes an event."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    @property
    def store(self) -> Store:
        return self._platform.store

    @property
    def clock(self) -> BusinessClock:
        return self._platform.clock

    @property
    def machine_time(self) -> Callable[[], float]:
        return self._platform.machine_time

    @property
    def pace(self) -> Webhooks:
        return self._platform.behaviour.notifications

    @property
    def bell(self) -> asyncio.Event:
        return self._platform.bell

    @property
    def in_flight(self) -> int:
        return self._platform.in_flight

    @in_flight.setter
    def in_flight(self, sending: int) -> None:
        self._platform.in_flight = sending

    def advance(self, now_ms: int) -> None:
        deadlines.apply_due(self._platform, now_ms)
        idempotence.purge(self._platform.store, now_ms)

    def letter(self, number: int) -> Letter | None:
        row = self._platform.store.one(
            "SELECT url, body FROM notification WHERE number = ?", number
        )
        if row is None:
            return None
        url, body = row
        secrets = self._platform.behaviour.notifications.secrets
        headers = {
            "content-type": "application/json; charset=utf-8",
            "user-agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "stripe-signature": signature(body, secrets, self._platform.clock.now_ms() // 1000),
        }
        return Letter("POST", url, headers, body)

    def is_delivered(self, status: int, body: bytes) -> bool:
        return 200 <= status < 300


def signature(body: bytes, secrets: tuple[str, ...], at_seconds: int) -> str:
    """Sign a body with each secret, as of an instant."""
    signed = str(at_seconds).encode() + b"." + body
    marks = [hmac.new(secret.encode(), signed, sha256).hexdigest() for secret in secrets]
    return ",".join([f"t={at_seconds}", *(f"v1={mark}" for mark in marks)])
