"""The account's events, as the sender carries them: signed when they leave."""

import hmac
from hashlib import sha256

from entrypoints.sandbox.emulated import Mail
from entrypoints.sandbox.sender import Letter
from entrypoints.sandbox.stripe import deadlines, idempotence
from entrypoints.sandbox.stripe.platform import Platform


class PlatformMail(Mail[Platform]):
    """The account as the sender sees it; any 2xx takes an event."""

    def advance(self, now_ms: int) -> None:
        deadlines.apply_due(self._emulated, now_ms)
        idempotence.purge(self._emulated.store, now_ms)

    def letter(self, number: int) -> Letter | None:
        row = self._emulated.store.one(
            "SELECT url, body FROM notification WHERE number = ?", number
        )
        if row is None:
            return None
        url, body = row
        secrets = self._emulated.behaviour.notifications.secrets
        headers = {
            "content-type": "application/json; charset=utf-8",
            "user-agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "stripe-signature": signature(body, secrets, self._emulated.clock.now_ms() // 1000),
        }
        return Letter("POST", url, headers, body)

    def is_delivered(self, status: int, body: bytes) -> bool:
        return 200 <= status < 300


def signature(body: bytes, secrets: tuple[str, ...], at_seconds: int) -> str:
    """Sign a body with each secret, as of an instant."""
    signed = str(at_seconds).encode() + b"." + body
    marks = [hmac.new(secret.encode(), signed, sha256).hexdigest() for secret in secrets]
    return ",".join([f"t={at_seconds}", *(f"v1={mark}" for mark in marks)])
