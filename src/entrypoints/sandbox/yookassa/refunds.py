"""Refunds: never more than was captured, in the payment's own currency."""

from typing import Final

import msgspec
from msgspec.structs import replace

from entrypoints.sandbox.moments import THREE_YEARS_MS, iso
from entrypoints.sandbox.yookassa import entries, machine, notifications, wire
from entrypoints.sandbox.yookassa.amounts import from_minor, to_minor
from entrypoints.sandbox.yookassa.call import Answer, Call
from entrypoints.sandbox.yookassa.entries import Entry
from entrypoints.sandbox.yookassa.errors import ApiError, invalid_request, not_found
from entrypoints.sandbox.yookassa.ids import number_in
from entrypoints.sandbox.yookassa.requests import (
    CreateRefund,
    check_length,
    check_receipt,
    decoder,
    read,
    read_metadata,
)
from entrypoints.sandbox.yookassa.shop import Shop

_create: Final = decoder(CreateRefund)
_refund: Final = msgspec.json.Decoder(wire.Refund)
# A partial refund must leave nothing, or more than a rouble, on a rouble payment.
_LEAST_LEFT_MINOR: Final = {"RUB": 100}
_PARTIAL_FORBIDDEN: Final = frozenset({"b2b_sberbank", "sber_loan", "installments"})


def create(shop: Shop, call: Call) -> Answer:
    """Give money back; whether it arrives at once is the configuration's choice."""
    asked = read(_create, call.body)
    check_length(asked.description, 250, "description")
    entry = entries.find(shop.store, asked.payment_id)
    if entry is None:
        raise invalid_request("Payment doesn't exist", "payment_id")
    minor = to_minor(asked.amount)
    _check(entry, asked, minor, call.at_ms)
    if asked.receipt is not None:
        check_receipt(asked.receipt, minor, asked.amount.currency)
    return _write(shop, call, asked, entry, minor)


def _check(entry: Entry, asked: CreateRefund, minor: int, at_ms: int) -> None:
    payment = entry.payment
    if payment.status != "succeeded" or at_ms - (entry.captured_ms or 0) > THREE_YEARS_MS:
        raise _refused("Payment can not be refunded in current status", "payment_id")
    if asked.amount.currency != payment.amount.currency:
        raise _refused("Currencies do not match", "amount.currency")
    left = entry.amount_minor - entry.held_minor
    if left == 0:
        raise _refused("Payment is already completely refunded", "payment_id")
    if minor > left:
        raise _refused("Refund sum exceeded", "amount")
    kind = payment.payment_method.type if payment.payment_method else ""
    if minor < left and kind in _PARTIAL_FORBIDDEN:
        raise _refused("Partial refund forbidden", "amount")
    if 0 < left - minor <= _LEAST_LEFT_MINOR.get(payment.amount.currency, 0):
        raise _refused("Remaining payment amount after refund must be greater than 1.00 RUB")


def _refused(description: str, parameter: str | None = None) -> ApiError:
    return invalid_request(description, parameter)


def _write(shop: Shop, call: Call, asked: CreateRefund, entry: Entry, minor: int) -> Answer:
    number = shop.store.next_number()
    refund = wire.Refund(
        id=shop.new_id("refund", number, call.at_ms),
        payment_id=entry.payment.id,
        status="pending",
        receipt_registration="pending" if asked.receipt else None,
        created_at=iso(call.at_ms),
        amount=from_minor(minor, asked.amount.currency),
        description=asked.description or None,
        metadata=read_metadata(asked.metadata) or None,
    )
    shop.store.run(
        "INSERT INTO document (number, id, body) VALUES (?, ?, ?)",
        number,
        refund.id,
        msgspec.json.encode(refund),
    )
    shop.store.run(
        "INSERT INTO refund (number, payment, payment_id, status, currency, created_ms, "
        "amount_minor) VALUES (?, ?, ?, 'pending', ?, ?, ?)",
        number,
        entry.number,
        entry.payment.id,
        asked.amount.currency,
        call.at_ms,
        minor,
    )
    entries.update(shop.store, replace(entry, held_minor=entry.held_minor + minor))
    match shop.behaviour.refunds:
        case "succeed":
            refund = finish(shop, refund.id, call.at_ms, declined_for=None)
        case "decline":
            reason = shop.behaviour.refund_decline_reason
            refund = finish(shop, refund.id, call.at_ms, declined_for=reason)
        case "stay_pending":
            pass
    return Answer(msgspec.json.encode(refund), number)


def finish(shop: Shop, refund_id: str, at_ms: int, *, declined_for: str | None) -> wire.Refund:
    """Let a pending refund arrive, or be declined and free what it held."""
    refund = find(shop, refund_id)
    if refund.status != "pending":
        raise ApiError(409, "invalid_request", f"Refund is already {refund.status}")
    number = number_in(refund_id)
    row = shop.store.one("SELECT payment, amount_minor FROM refund WHERE number = ?", number)
    assert row is not None
    entry = entries.at(shop.store, row[0])
    if declined_for is None:
        refund = replace(refund, status="succeeded", receipt_registration=_registered(refund))
        entries.update(shop.store, machine.refund(entry, row[1]))
    else:
        party = "refund_network" if declined_for == "rejected_by_payee" else "yoo_money"
        details = wire.CancellationDetails(party, declined_for)
        refund = replace(refund, status="canceled", cancellation_details=details)
        entries.update(shop.store, replace(entry, held_minor=entry.held_minor - row[1]))
    body = msgspec.json.encode(refund)
    shop.store.run("UPDATE document SET body = ? WHERE number = ?", body, number)
    shop.store.run("UPDATE refund SET status = ? WHERE number = ?", refund.status, number)
    if refund.status == "succeeded":
        notifications.announce(shop, "refund.succeeded", body, at_ms)
    return refund


def _registered(refund: wire.Refund) -> str | None:
    return "succeeded" if refund.receipt_registration else None


def show(shop: Shop, call: Call) -> Answer:
    return Answer(msgspec.json.encode(find(shop, call.object_id)))


def find(shop: Shop, refund_id: str) -> wire.Refund:
    """Return a refund; an unknown id is refused as `not_found`."""
    row = shop.store.one(
        "SELECT id, body FROM document JOIN refund USING (number) WHERE number = ?",
        number_in(refund_id),
    )
    if row is None or row[0] != refund_id:
        raise not_found("Refund", "refund_id")
    return _refund.decode(row[1])
