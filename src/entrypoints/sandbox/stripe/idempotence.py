"""The idempotency store: for 24 hours a key stands for one request and its first answer."""

from hashlib import blake2b
from typing import Final, NamedTuple

from entrypoints.sandbox.moments import DAY_MS
from entrypoints.sandbox.stripe.errors import ApiError
from entrypoints.sandbox.stripe.store import Store

_LONGEST: Final = 255
_PURGED_AT_ONCE: Final = 1000


class Kept(NamedTuple):
    """The answer an earlier request with this key was given, word for word."""

    status: int
    body: bytes


def check_key(key: str | None) -> str:
    """Return a usable key, or an empty one where none was sent: Stripe does not insist."""
    if key and len(key) > _LONGEST:
        raise ApiError(
            400,
            f"Idempotency keys can be at most {_LONGEST} characters",
            kind="idempotency_error",
        )
    return key or ""


def digest_of(path: str, body: bytes) -> bytes:
    """Hash a request."""
    return blake2b(path.encode() + b" " + body, digest_size=16).digest()


def replay(store: Store, key: str, digest: bytes, now_ms: int) -> Kept | None:
    """Return the first answer, or None for a new key; another request with it is refused."""
    row = store.one("SELECT digest, status, body, at_ms FROM idempotence WHERE key = ?", key)
    if row is None:
        return None
    kept, status, body, at_ms = row
    if at_ms <= now_ms - DAY_MS:
        store.run("DELETE FROM idempotence WHERE key = ?", key)
        return None
    if kept != digest:
        raise ApiError(
            400,
            "Keys for idempotent requests can only be used with the same parameters they were "
            f"first used with. Try using a key other than '{key}' if you meant to execute a "
            "different request.",
            kind="idempotency_error",
        )
    return Kept(status, body)


def keep(store: Store, key: str, digest: bytes, answer: Kept, now_ms: int) -> None:
    """Remember an answer; a later one, as seen by the caller, takes its place."""
    store.run(
        "INSERT INTO idempotence (number, key, digest, status, body, at_ms) "
        "VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (key) DO UPDATE SET status = excluded.status, body = excluded.body",
        store.next_number(),
        key,
        digest,
        answer.status,
        answer.body,
        now_ms,
    )


def purge(store: Store, now_ms: int) -> int:
    """Forget a bounded number of keys older than 24 hours; return how many."""
    return store.run(
        "DELETE FROM idempotence WHERE at_ms <= ? AND number IN "
        "(SELECT number FROM idempotence ORDER BY number LIMIT ?)",
        now_ms - DAY_MS,
        _PURGED_AT_ONCE,
    )
