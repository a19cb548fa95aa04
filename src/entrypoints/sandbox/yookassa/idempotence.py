"""The idempotence store: for 24 hours a key stands for one request and its object."""

from hashlib import blake2b
from typing import Final

import msgspec

from entrypoints.sandbox.moments import DAY_MS
from entrypoints.sandbox.yookassa.errors import invalid_request
from entrypoints.sandbox.yookassa.store import Store

_HEADER: Final = "Idempotence-Key"
_LONGEST: Final = 64
_PURGED_AT_ONCE: Final = 1000


def check_key(key: str | None) -> str:
    """Return a usable key; an absent, empty or overlong one is refused."""
    if not key:
        raise invalid_request("Idempotence key is empty", _HEADER)
    if len(key) > _LONGEST:
        raise invalid_request(f"Idempotence key is too long. Max. length is {_LONGEST}", _HEADER)
    return key


def digest_of(operation: str, object_id: str, body: bytes) -> bytes:
    """Hash a request; the order of JSON fields and white space do not make it another one."""
    try:
        canonical = msgspec.json.encode(msgspec.json.decode(body), order="deterministic")
    except (msgspec.DecodeError, RecursionError):
        canonical = body
    name = f"{operation} {object_id} ".encode()
    return blake2b(name + canonical, digest_size=16).digest()


def replay(store: Store, key: str, digest: bytes, now_ms: int) -> bytes | None:
    """Return the object an earlier request with this key made, as it is now; None if new.

    The same key with another request is refused as "Duplicate idempotence key".
    """
    row = store.one(
        "SELECT digest, at_ms, body FROM idempotence "
        "LEFT JOIN document ON document.number = answered WHERE key = ?",
        key,
    )
    if row is None:
        return None
    kept, at_ms, body = row
    if at_ms <= now_ms - DAY_MS:
        store.run("DELETE FROM idempotence WHERE key = ?", key)
        return None
    if kept != digest:
        raise invalid_request("Duplicate idempotence key", _HEADER)
    return body if body is not None else b"{}"


def keep(store: Store, key: str, digest: bytes, answered: int, now_ms: int) -> None:
    store.run(
        "INSERT INTO idempotence (number, key, digest, answered, at_ms) VALUES (?, ?, ?, ?, ?)",
        store.next_number(),
        key,
        digest,
        answered,
        now_ms,
    )


def purge(store: Store, now_ms: int) -> int:
    """Forget a bounded number of keys older than 24 hours; return how many."""
    oldest = store.one("SELECT at_ms FROM idempotence ORDER BY number LIMIT 1")
    if oldest is None or oldest[0] > now_ms - DAY_MS:
        return 0
    return store.run(
        "DELETE FROM idempotence WHERE at_ms <= ? AND number IN "
        "(SELECT number FROM idempotence ORDER BY number LIMIT ?)",
        now_ms - DAY_MS,
        _PURGED_AT_ONCE,
    )
