"""Signatures of what others send us: HMAC-SHA256 over the time of sending and the body."""

import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

TIMESTAMP: Final = "x-timestamp"
SIGNATURE: Final = "x-signature"
_SECONDS: Final = re.compile(r"[0-9]{1,12}")


class SealBroken(Exception):
    """Nothing of what came is to be trusted; the text is one sentence, and no secret."""


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Return the value of the header `X-Signature`: `v1=` and 64 hex digits.

    `timestamp` is the value of `X-Timestamp`: whole seconds since 1970, UTC.
    """
    digest = hmac.new(secret.encode("ascii"), timestamp.encode("ascii") + b"." + body, sha256)
    return f"v1={digest.hexdigest()}"


class Seal:
    """Checks signatures; any of `secrets` may have made one, so that they can be changed.

    What is older or newer than `window` is refused: a recorded one cannot be played back later,
    and within the window its event id tells.
    """

    def __init__(self, secrets: Sequence[str], window: timedelta) -> None:
        self._secrets = tuple(secret for secret in secrets if secret)
        self._window = window

    def check(self, given: Mapping[str, str], body: bytes, received_at: datetime) -> None:
        """Let it pass or raise SealBroken; `given` are the headers."""
        headers = {name.lower(): value for name, value in given.items()}
        timestamp, signature = headers.get(TIMESTAMP, ""), headers.get(SIGNATURE, "")
        if not _SECONDS.fullmatch(timestamp):
            raise SealBroken("it does not say when it was sent")
        # Every secret is tried, so that time does not tell which one came close.
        matches = [
            hmac.compare_digest(
                signature.encode("utf-8", "replace"), sign(secret, timestamp, body).encode()
            )
            for secret in self._secrets
        ]
        if not any(matches):
            raise SealBroken("the signature is wrong")
        if abs(received_at.timestamp() - int(timestamp)) > self._window.total_seconds():
            raise SealBroken("it was sent too long ago")
