"""Signatures of callbacks: HMAC-SHA256 over the time of sending and the body."""

import hmac
import re
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Final

from application.carrier.gateway import CallbackRefused, RawCallback

TIMESTAMP: Final = "x-timestamp"
SIGNATURE: Final = "x-signature"
_SECONDS: Final = re.compile(r"[0-9]{1,12}")


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Return the value of the header `X-Signature`: `v1=` and 64 hex digits.

    `timestamp` is the value of `X-Timestamp`: whole seconds since 1970, UTC.
    """
    digest = hmac.new(secret.encode("ascii"), timestamp.encode("ascii") + b"." + body, sha256)
    return f"v1={digest.hexdigest()}"


class Seal:
    """Checks signatures; any of `secrets` may have made one, so that they can be changed.

    A callback older or newer than `window` is refused: a recorded one cannot be played back later,
    and within the window its event id tells.
    """

    def __init__(self, secrets: Sequence[str], window: timedelta) -> None:
        self._secrets = tuple(secret for secret in secrets if secret)
        self._window = window

    def check(self, callback: RawCallback) -> None:
        """Let a callback pass or raise CallbackRefused; nothing of it is trusted before."""
        headers = {name.lower(): value for name, value in callback.headers.items()}
        timestamp, given = headers.get(TIMESTAMP, ""), headers.get(SIGNATURE, "")
        if not _SECONDS.fullmatch(timestamp):
            raise CallbackRefused("the callback says not when it was sent", authentic=False)
        # Every secret is tried, so that time does not tell which one came close.
        matches = [
            hmac.compare_digest(
                given.encode("utf-8", "replace"), sign(secret, timestamp, callback.body).encode()
            )
            for secret in self._secrets
        ]
        if not any(matches):
            raise CallbackRefused("the signature is wrong", authentic=False)
        age = callback.received_at.timestamp() - int(timestamp)
        if abs(age) > self._window.total_seconds():
            raise CallbackRefused("the callback was sent too long ago", authentic=False)
