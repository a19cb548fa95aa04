"""Signatures as Standard Webhooks has them: version `v1`, HMAC-SHA256 with a secret per endpoint.

The specification: https://github.com/standard-webhooks/standard-webhooks.
"""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from uuid import UUID

PREFIX = "whsec_"


def secret_of(chance: str) -> str:
    """Return a secret as people copy it, made of unguessable ASCII text of 24 to 64 characters."""
    assert 24 <= len(chance) <= 64
    return PREFIX + b64encode(chance.encode("ascii")).decode("ascii")


def headers_of(
    secrets: Sequence[str], event_id: UUID, sent_at_seconds: int, body: bytes
) -> Mapping[str, str]:
    """Return the three headers: with several secrets several signatures, any of which will do.

    `sent_at_seconds` counts from 1970, UTC, by the clock on the receiver's wall.
    """
    signed = f"{event_id}.{sent_at_seconds}.".encode("ascii") + body
    return {
        "webhook-id": str(event_id),
        "webhook-timestamp": str(sent_at_seconds),
        "webhook-signature": " ".join(f"v1,{_signature(one, signed)}" for one in secrets),
    }


def _signature(secret: str, signed: bytes) -> str:
    key = b64decode(secret.removeprefix(PREFIX))
    return b64encode(hmac.new(key, signed, sha256).digest()).decode("ascii")
