"""Saved payment methods: kept with a first payment or bound by themselves, charged, revoked."""

from bisect import bisect_right
from itertools import accumulate
from typing import Final, NamedTuple

import msgspec
from msgspec.structs import replace

from entrypoints.sandbox.chance import draw
from entrypoints.sandbox.yookassa import machine, notifications, wire
from entrypoints.sandbox.yookassa.call import Answer, Call
from entrypoints.sandbox.yookassa.cards import (
    DEFAULT_CARD,
    YOO_MONEY,
    Declines,
    Outcome,
    Pays,
    decline,
    find_card,
)
from entrypoints.sandbox.yookassa.entries import Entry
from entrypoints.sandbox.yookassa.errors import forbidden, invalid_request, not_found
from entrypoints.sandbox.yookassa.ids import number_in
from entrypoints.sandbox.yookassa.requests import BindMethod, decoder, read, read_metadata
from entrypoints.sandbox.yookassa.shop import Shop
from entrypoints.sandbox.yookassa.store import Store

_bind: Final = decoder(BindMethod)
_bound: Final = msgspec.json.Decoder(wire.BoundMethod)


class _OfPayment(msgspec.Struct):
    payment_method: wire.PaymentMethod | None = None


_of_payment: Final = msgspec.json.Decoder(_OfPayment)


class Saved(NamedTuple):
    """A method that may be charged without its owner."""

    number: int
    active: bool
    card: str | None
    charges: int
    shown: wire.PaymentMethod


def save(store: Store, entry: Entry, method: wire.PaymentMethod) -> wire.PaymentMethod:
    """Keep the method of a paid payment under the payment's number and id."""
    store.run(
        "INSERT OR REPLACE INTO method (number, status, card) VALUES (?, 'active', ?)",
        entry.number,
        entry.hidden.card,
    )
    return replace(method, saved=True)


def saved(store: Store, method_id: str) -> Saved:
    """Return a method that was saved; any other id is refused."""
    number = number_in(method_id)
    row = number is not None and store.one(
        "SELECT status, card, charges, id, body FROM method JOIN document USING (number) "
        "WHERE number = ?",
        number,
    )
    if not row or row[3] != method_id or row[0] == "pending":
        raise invalid_request("Saved payment method not found", "payment_method_id")
    status, card, charges, _, body = row
    return Saved(number or 0, status == "active", card, charges, _shown(method_id, body))


def _shown(method_id: str, body: bytes) -> wire.PaymentMethod:
    of_payment = _of_payment.decode(body).payment_method
    if of_payment is not None:
        return replace(of_payment, id=method_id, saved=True)
    bound = _bound.decode(body)
    return wire.PaymentMethod(bound.type, bound.id, saved=True, title=bound.title, card=bound.card)


def outcome_of_charge(shop: Shop, method: Saved, key: str) -> Outcome:
    """Decide a charge: by permission, by the configured share of declines, then by the card."""
    if not method.active:
        return Declines("permission_revoked", YOO_MONEY)
    shop.store.run("UPDATE method SET charges = charges + 1 WHERE number = ?", method.number)
    behaviour = shop.behaviour
    if draw(behaviour.seed, "decline", key) * 100 < behaviour.decline_percent:
        return decline(_weighed(behaviour.decline_reasons, draw(behaviour.seed, "reason", key)))
    return find_card(method.card).charge(method.charges) if method.card else Pays()


def _weighed(weights: dict[str, int], drawn: float) -> str:
    ladder = list(accumulate(weights.values()))
    return list(weights)[bisect_right(ladder, drawn * ladder[-1])]


def show(shop: Shop, call: Call) -> Answer:
    """Show a method; one that was saved with a payment has that payment's id."""
    return Answer(msgspec.json.encode(view(shop, call.object_id)))


def view(shop: Shop, method_id: str) -> wire.BoundMethod:
    number = number_in(method_id)
    row = number is not None and shop.store.one(
        "SELECT status, id, body FROM method JOIN document USING (number) WHERE number = ?", number
    )
    if not row or row[1] != method_id:
        raise not_found("Payment method", "payment_method_id")
    status, _, body = row
    of_payment = _of_payment.decode(body).payment_method
    if of_payment is None:
        return replace(_bound.decode(body), status=status, saved=status == "active")
    return wire.BoundMethod(
        id=method_id,
        type=of_payment.type,
        saved=status == "active",
        status=status,
        holder=wire.Holder(shop.account.shop_id, shop.account.gateway_id),
        title=of_payment.title,
        card=of_payment.card,
    )


def bind(shop: Shop, call: Call) -> Answer:
    """Start saving a method without a payment; its owner confirms it at a page."""
    asked = read(_bind, call.body)
    if not shop.behaviour.recurring_allowed:
        raise forbidden("Forbidden to save payment method")
    if asked.type != "bank_card":
        raise invalid_request("Payment method type is not supported", "type")
    number = shop.store.next_number()
    method_id = shop.new_id("method", number, call.at_ms)
    return_url = asked.confirmation.return_url if asked.confirmation else None
    url = f"{call.base_url}/sandbox/yookassa/bind/{method_id}"
    method = wire.BoundMethod(
        id=method_id,
        type=asked.type,
        saved=False,
        status="pending",
        holder=wire.Holder(shop.account.shop_id, shop.account.gateway_id),
        confirmation=wire.Confirmation("redirect", confirmation_url=url, return_url=return_url),
        metadata=read_metadata(asked.metadata) or None,
    )
    body = msgspec.json.encode(method)
    shop.store.run(
        "INSERT INTO document (number, id, body) VALUES (?, ?, ?)", number, method_id, body
    )
    shop.store.run(
        "INSERT INTO method (number, status, card, deadline_ms) VALUES (?, 'pending', ?, ?)",
        number,
        asked.card.number if asked.card else None,
        call.at_ms + shop.behaviour.confirmation_seconds * 1000,
    )
    return Answer(body, number)


def finish_binding(shop: Shop, method_id: str, at_ms: int, card: str | None) -> wire.BoundMethod:
    """Carry out the owner's decision: a card that pays at checkout is saved, others are not."""
    method = view(shop, method_id)
    if method.status != "pending":
        raise invalid_request(f"Payment method is already {method.status}")
    number = number_in(method_id)
    chosen = find_card(card or DEFAULT_CARD)
    active = card is not None and isinstance(chosen.checkout, Pays)
    method = replace(
        method,
        status="active" if active else "inactive",
        saved=active,
        title=f"Bank card *{chosen.number[-4:]}" if active else None,
        card=machine.card_of(chosen.number, at_ms) if active else None,
        confirmation=None,
    )
    body = msgspec.json.encode(method)
    shop.store.run("UPDATE document SET body = ? WHERE number = ?", body, number)
    shop.store.run(
        "UPDATE method SET status = ?, card = ?, deadline_ms = NULL WHERE number = ?",
        method.status,
        chosen.number if active else None,
        number,
    )
    if active:
        notifications.announce(shop, "payment_method.active", body, at_ms)
    return method


def revoke(shop: Shop, method_id: str) -> wire.BoundMethod:
    """Withdraw the owner's permission: later charges are declined as `permission_revoked`."""
    method = view(shop, method_id)
    shop.store.run("UPDATE method SET status = 'inactive' WHERE number = ?", number_in(method_id))
    return replace(method, status="inactive", saved=False)
