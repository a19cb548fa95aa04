"""Objects as they are kept: the JSON of the API, and what the API does not show."""

from hashlib import blake2b
from typing import Any, Final

import msgspec

from entrypoints.sandbox.stripe.errors import missing
from entrypoints.sandbox.stripe.platform import Platform
from entrypoints.sandbox.stripe.store import Store

Shown = dict[str, Any]

PREFIXES: Final = {
    "checkout.session": "cs",
    "payment_intent": "pi",
    "charge": "ch",
    "balance_transaction": "txn",
    "customer": "cus",
    "payment_method": "pm",
    "refund": "re",
    "dispute": "dp",
    "event": "evt",
}
_NAMES: Final = {"checkout.session": "checkout.session", "payment_method": "PaymentMethod"}
_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_COLUMNS: Final = "SELECT number, kind, created_ms, deadline_ms, body, hidden FROM document "


class Kept(msgspec.Struct, kw_only=True):
    """An object of the store, changed in place and written back with `save`."""

    number: int
    kind: str
    shown: Shown
    hidden: Shown
    created_ms: int
    deadline_ms: int | None = None


def add(
    platform: Platform, kind: str, shown: Shown, *, at_ms: int, hidden: Shown | None = None
) -> Kept:
    """Make an object with a new id; `shown` follows the fields every object has."""
    number = platform.store.next_number()
    mode = ("live_" if platform.livemode else "test_") if kind == "checkout.session" else ""
    whole = {
        "id": f"{PREFIXES[kind]}_{mode}{_letters(platform.store.salt, number)}",
        "object": kind,
        "created": at_ms // 1000,
        "livemode": platform.livemode,
        **shown,
    }
    kept = Kept(number=number, kind=kind, shown=whole, hidden=hidden or {}, created_ms=at_ms)
    platform.store.run(
        "INSERT INTO document (number, id, kind, created_ms, intent, body, hidden) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        number,
        whole["id"],
        kind,
        at_ms,
        whole.get("payment_intent"),
        msgspec.json.encode(whole),
        msgspec.json.encode(kept.hidden),
    )
    return kept


def save(store: Store, kept: Kept) -> None:
    """Write an object back."""
    store.run(
        "UPDATE document SET body = ?, hidden = ?, intent = ?, deadline_ms = ? WHERE number = ?",
        msgspec.json.encode(kept.shown),
        msgspec.json.encode(kept.hidden),
        kept.shown.get("payment_intent"),
        kept.deadline_ms,
        kept.number,
    )


def find(store: Store, object_id: str) -> Kept | None:
    """Return the object of this id, or None."""
    row = store.one(_COLUMNS + "WHERE id = ?", object_id)
    return _kept(row) if row else None


def get(store: Store, kind: str, object_id: str, param: str = "id") -> Kept:
    """Return the object of this kind and id; an unknown one is refused as `resource_missing`."""
    kept = find(store, object_id)
    if kept is None or kept.kind != kind:
        raise missing(_NAMES.get(kind, kind), object_id, param)
    return kept


def at(store: Store, number: int) -> Kept:
    """Return the object of this number, which is known to exist."""
    row = store.one(_COLUMNS + "WHERE number = ?", number)
    assert row is not None
    return _kept(row)


def _kept(row: tuple[Any, ...]) -> Kept:
    number, kind, created_ms, deadline_ms, body, hidden = row
    return Kept(
        number=number,
        kind=kind,
        shown=msgspec.json.decode(body),
        hidden=msgspec.json.decode(hidden),
        created_ms=created_ms,
        deadline_ms=deadline_ms,
    )


def _letters(salt: str, number: int) -> str:
    """Return 24 letters and digits that say nothing and are never the same twice."""
    left = int.from_bytes(blake2b(f"{salt}:{number}".encode(), digest_size=18).digest(), "big")
    letters = ""
    for _ in range(24):
        left, place = divmod(left, len(_ALPHABET))
        letters += _ALPHABET[place]
    return letters
