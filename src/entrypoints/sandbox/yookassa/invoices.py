"""Invoices: a link the payer may open until it expires; every opening may start a payment."""

from typing import Any, Final

import msgspec
from msgspec.structs import replace

from entrypoints.sandbox.moments import from_iso, iso
from entrypoints.sandbox.yookassa import entries, payments, wire
from entrypoints.sandbox.yookassa.amounts import to_minor
from entrypoints.sandbox.yookassa.call import Answer, Call
from entrypoints.sandbox.yookassa.cards import YOO_MONEY
from entrypoints.sandbox.yookassa.entries import Entry
from entrypoints.sandbox.yookassa.errors import ApiError, invalid_request, not_found
from entrypoints.sandbox.yookassa.ids import number_in
from entrypoints.sandbox.yookassa.requests import (
    ConfirmationData,
    CreatePayment,
    ReceiptData,
    check_length,
    check_receipt,
    decoder,
    read,
    read_metadata,
)
from entrypoints.sandbox.yookassa.shop import Shop
from entrypoints.sandbox.yookassa.wire import Amount


class _PaymentData(msgspec.Struct, frozen=True):
    amount: Amount
    capture: bool = False
    save_payment_method: bool = False
    description: str | None = None
    metadata: dict[str, Any] | None = None
    receipt: ReceiptData | None = None


class _Delivery(msgspec.Struct, frozen=True):
    type: str


class _CreateInvoice(msgspec.Struct, frozen=True):
    payment_data: _PaymentData
    cart: list[dict[str, Any]]
    expires_at: str
    delivery_method_data: _Delivery | None = None
    description: str | None = None
    metadata: dict[str, Any] | None = None


_create: Final = decoder(_CreateInvoice)
_invoice: Final = msgspec.json.Decoder(wire.Invoice)
_data: Final = msgspec.json.Decoder(_PaymentData)


def create(shop: Shop, call: Call) -> Answer:
    """Issue an invoice; it is delivered by its link only, no mail or SMS is sent."""
    asked = read(_create, call.body)
    check_length(asked.description, 128, "description")
    minor = to_minor(asked.payment_data.amount, parameter="payment_data.amount")
    if asked.payment_data.receipt is not None:
        check_receipt(asked.payment_data.receipt, minor, asked.payment_data.amount.currency)
    if not asked.cart:
        raise invalid_request("Cart must not be empty", "cart")
    expires_ms = _moment(asked.expires_at)
    if expires_ms <= call.at_ms:
        raise invalid_request("Invoice expires in the past", "expires_at")
    return _issue(shop, call, asked, expires_ms)


def _issue(shop: Shop, call: Call, asked: _CreateInvoice, expires_ms: int) -> Answer:
    number = shop.store.next_number()
    invoice_id = shop.new_id("invoice", number, call.at_ms)
    kind = asked.delivery_method_data.type if asked.delivery_method_data else "self"
    url = f"{call.base_url}/sandbox/yookassa/invoice/{invoice_id}"
    invoice = wire.Invoice(
        id=invoice_id,
        status="pending",
        cart=asked.cart,
        delivery_method=wire.DeliveryMethod(kind, url if kind == "self" else None),
        created_at=iso(call.at_ms),
        expires_at=iso(expires_ms),
        description=asked.description or None,
        metadata=read_metadata(asked.metadata) or None,
    )
    body = msgspec.json.encode(invoice)
    shop.store.run(
        "INSERT INTO document (number, id, body, hidden) VALUES (?, ?, ?, ?)",
        number,
        invoice_id,
        body,
        msgspec.json.encode(asked.payment_data),
    )
    shop.store.run(
        "INSERT INTO listed (number, kind, created_ms) VALUES (?, 'invoice', ?)", number, call.at_ms
    )
    return Answer(body, number)


def _moment(text: str) -> int:
    try:
        return from_iso(text)
    except (ValueError, OverflowError) as error:
        raise invalid_request("Incorrect date format", "expires_at") from error


def show(shop: Shop, call: Call) -> Answer:
    invoice, _, entry = _find(shop, call.object_id)
    return Answer(msgspec.json.encode(_as_of(invoice, entry, call.at_ms)))


def _find(shop: Shop, invoice_id: str) -> tuple[wire.Invoice, _PaymentData, Entry | None]:
    row = shop.store.one(
        "SELECT id, body, hidden, owner FROM document JOIN listed USING (number) "
        "WHERE number = ? AND kind = 'invoice'",
        number_in(invoice_id),
    )
    if row is None or row[0] != invoice_id:
        raise not_found("Invoice", "invoice_id")
    _, body, hidden, payment_id = row
    entry = entries.get(shop.store, payment_id) if payment_id else None
    return _invoice.decode(body), _data.decode(hidden), entry


def _as_of(invoice: wire.Invoice, entry: Entry | None, at_ms: int) -> wire.Invoice:
    """Return the invoice with the status its latest payment and its expiry give it."""
    if entry is not None and entry.payment.paid:
        details = wire.PaymentDetails(entry.payment.id, entry.payment.status)
        status = "succeeded" if entry.payment.status == "succeeded" else "pending"
        return replace(
            invoice,
            status=status,
            payment_details=details,
            delivery_method=invoice.delivery_method if status == "pending" else None,
        )
    if at_ms < from_iso(invoice.expires_at):
        return invoice
    expired = wire.CancellationDetails(YOO_MONEY, "invoice_expired")
    return replace(invoice, status="canceled", delivery_method=None, cancellation_details=expired)


def open_page(shop: Shop, invoice_id: str, at_ms: int, base_url: str) -> str:
    """Return where the payer of an invoice pays: an open payment's page, or a new one's.

    Refused with 409 when the invoice is paid or has expired.
    """
    invoice, data, entry = _find(shop, invoice_id)
    status = _as_of(invoice, entry, at_ms).status
    if status != "pending" or (entry is not None and entry.payment.paid):
        raise ApiError(409, "invalid_request", f"Invoice is already {status}")
    if entry is None or entry.payment.status != "pending":
        entry = _start_payment(shop, invoice, data, at_ms, base_url)
    return f"{base_url}/sandbox/yookassa/confirm/{entry.payment.id}"


def _start_payment(
    shop: Shop, invoice: wire.Invoice, data: _PaymentData, at_ms: int, base_url: str
) -> Entry:
    page = f"{base_url}/sandbox/yookassa/invoice/{invoice.id}"
    asked = CreatePayment(
        amount=data.amount,
        capture=data.capture,
        save_payment_method=data.save_payment_method,
        description=data.description,
        metadata=data.metadata,
        receipt=data.receipt,
        confirmation=ConfirmationData("redirect", return_url=page),
    )
    made = payments.check_out(shop, Call(at_ms=at_ms, base_url=base_url), asked)
    entry = entries.at(shop.store, made.number)
    named = replace(entry.payment, invoice_details=wire.InvoiceDetails(invoice.id))
    entry = replace(entry, payment=named)
    entries.update(shop.store, entry)
    shop.store.run(
        "UPDATE listed SET owner = ? WHERE number = ?", entry.payment.id, number_in(invoice.id)
    )
    return entry
