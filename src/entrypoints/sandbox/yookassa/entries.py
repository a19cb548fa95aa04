"""Payments as they are kept: the object of the API, and what the API does not show."""

from typing import Literal

import msgspec

from entrypoints.sandbox.yookassa import wire
from entrypoints.sandbox.yookassa.errors import not_found
from entrypoints.sandbox.yookassa.ids import number_in
from entrypoints.sandbox.yookassa.store import Store


class Hidden(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was asked for, and what happens when the payment's time is up."""

    capture: bool = False
    save: bool = False
    card: str | None = None
    return_url: str | None = None
    at_deadline: Literal["cancel", "pay"] = "cancel"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A payment of the store; `held_minor` is refunded or about to be."""

    number: int
    payment: wire.Payment
    hidden: Hidden
    created_ms: int
    captured_ms: int | None = None
    deadline_ms: int | None = None
    amount_minor: int
    refunded_minor: int = 0
    held_minor: int = 0


_payment = msgspec.json.Decoder(wire.Payment)
_hidden = msgspec.json.Decoder(Hidden)
encode = msgspec.json.Encoder().encode

_COLUMNS = (
    "SELECT number, body, hidden, created_ms, captured_ms, deadline_ms, amount_minor, "
    "refunded_minor, held_minor, id FROM document JOIN payment USING (number) "
)


def find(store: Store, payment_id: str) -> Entry | None:
    """Return the payment of this id, or None."""
    number = number_in(payment_id)
    row = store.one(_COLUMNS + "WHERE number = ?", number) if number is not None else None
    return _entry(row) if row is not None and row[9] == payment_id else None


def get(store: Store, payment_id: str) -> Entry:
    """Return the payment of this id; an unknown one is refused as `not_found`."""
    entry = find(store, payment_id)
    if entry is None:
        raise not_found("Payment", "payment_id")
    return entry


def shown(store: Store, payment_id: str) -> bytes:
    """Return the JSON of the payment of this id; an unknown one is refused as `not_found`."""
    row = store.one(
        "SELECT id, body FROM document JOIN payment USING (number) WHERE number = ?",
        number_in(payment_id),
    )
    if row is None or row[0] != payment_id:
        raise not_found("Payment", "payment_id")
    body: bytes = row[1]
    return body


def at(store: Store, number: int) -> Entry:
    """Return the payment of this number, which is known to exist."""
    row = store.one(_COLUMNS + "WHERE number = ?", number)
    assert row is not None
    return _entry(row)


def _entry(row: tuple[object, ...]) -> Entry:
    number, body, hidden, created, captured, deadline, amount, refunded, held, _ = row
    return Entry(
        number=number,  # type: ignore[arg-type]
        payment=_payment.decode(body),  # type: ignore[arg-type]
        hidden=_hidden.decode(hidden),  # type: ignore[arg-type]
        created_ms=created,  # type: ignore[arg-type]
        captured_ms=captured,  # type: ignore[arg-type]
        deadline_ms=deadline,  # type: ignore[arg-type]
        amount_minor=amount,  # type: ignore[arg-type]
        refunded_minor=refunded,  # type: ignore[arg-type]
        held_minor=held,  # type: ignore[arg-type]
    )


def insert(store: Store, entry: Entry) -> bytes:
    """Add a payment and return its JSON."""
    payment = entry.payment
    _remember_longest_capture(store, entry)
    body = encode(payment)
    store.run(
        "INSERT INTO document (number, id, body, hidden) VALUES (?, ?, ?, ?)",
        entry.number,
        payment.id,
        body,
        encode(entry.hidden),
    )
    store.run(
        "INSERT INTO payment (number, status, method, currency, created_ms, captured_ms, "
        "deadline_ms, amount_minor) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        entry.number,
        payment.status,
        payment.payment_method.type if payment.payment_method else None,
        payment.amount.currency,
        entry.created_ms,
        entry.captured_ms,
        entry.deadline_ms,
        entry.amount_minor,
    )
    return body


def update(store: Store, entry: Entry) -> bytes:
    """Write back a changed payment and return its JSON."""
    payment = entry.payment
    _remember_longest_capture(store, entry)
    body = encode(payment)
    store.run(
        "UPDATE document SET body = ?, hidden = ? WHERE number = ?",
        body,
        encode(entry.hidden),
        entry.number,
    )
    store.run(
        "UPDATE payment SET status = ?, method = ?, captured_ms = ?, deadline_ms = ?, "
        "amount_minor = ?, refunded_minor = ?, held_minor = ? WHERE number = ?",
        payment.status,
        payment.payment_method.type if payment.payment_method else None,
        entry.captured_ms,
        entry.deadline_ms,
        entry.amount_minor,
        entry.refunded_minor,
        entry.held_minor,
        entry.number,
    )
    return body


def _remember_longest_capture(store: Store, entry: Entry) -> None:
    """Lists by capture time walk payments by creation time; this bounds how far back they go."""
    if entry.captured_ms is not None:
        took_ms = entry.captured_ms - entry.created_ms
        store.longest_capture_ms = max(store.longest_capture_ms, took_ms)
