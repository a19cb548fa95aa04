"""Fiscal receipts, registered at once by an imaginary till."""

from typing import Final

import msgspec

from entrypoints.sandbox.moments import iso
from entrypoints.sandbox.yookassa import entries, refunds, wire
from entrypoints.sandbox.yookassa.call import Answer, Call
from entrypoints.sandbox.yookassa.errors import invalid_request, not_found
from entrypoints.sandbox.yookassa.ids import number_in
from entrypoints.sandbox.yookassa.requests import CreateReceipt, decoder, read
from entrypoints.sandbox.yookassa.shop import Shop

_create: Final = decoder(CreateReceipt)


def create(shop: Shop, call: Call) -> Answer:
    """Register a receipt of a payment or of a refund that exists."""
    asked = read(_create, call.body)
    if asked.type not in ("payment", "refund"):
        raise invalid_request("Incorrect receipt type", "type")
    if not asked.items:
        raise invalid_request("Receipt must have items", "items")
    if not (asked.customer.email or asked.customer.phone):
        raise invalid_request("Receipt needs the customer's email or phone", "customer")
    if asked.refund_id is not None:
        refunds.find(shop, asked.refund_id)
    elif asked.payment_id is not None:
        entries.get(shop.store, asked.payment_id)
    else:
        raise invalid_request("Receipt needs payment_id or refund_id", "payment_id")
    return _register(shop, call, asked)


def _register(shop: Shop, call: Call, asked: CreateReceipt) -> Answer:
    number = shop.store.next_number()
    receipt = wire.Receipt(
        id=shop.new_id("receipt", number, call.at_ms),
        type=asked.type,
        payment_id=asked.payment_id,
        refund_id=asked.refund_id,
        status="succeeded",
        fiscal_document_number=str(number),
        fiscal_storage_number="9288000100115785",
        fiscal_attribute=f"{number * 2_654_435_761 % 10**10:010d}",
        registered_at=iso(call.at_ms),
        fiscal_provider_id=f"sandbox-{number}",
        items=asked.items,
        settlements=asked.settlements,
        tax_system_code=asked.tax_system_code,
    )
    body = msgspec.json.encode(receipt)
    shop.store.run(
        "INSERT INTO document (number, id, body) VALUES (?, ?, ?)", number, receipt.id, body
    )
    shop.store.run(
        "INSERT INTO listed (number, kind, created_ms, owner) VALUES (?, 'receipt', ?, ?)",
        number,
        call.at_ms,
        asked.refund_id or asked.payment_id,
    )
    return Answer(body, number)


def show(shop: Shop, call: Call) -> Answer:
    row = shop.store.one(
        "SELECT id, body FROM document JOIN listed USING (number) "
        "WHERE number = ? AND kind = 'receipt'",
        number_in(call.object_id),
    )
    if row is None or row[0] != call.object_id:
        raise not_found("Receipt", "receipt_id")
    return Answer(row[1])
