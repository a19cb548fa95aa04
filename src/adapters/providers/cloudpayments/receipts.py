"""Fiscal receipts (54-FZ) as CloudPayments wants them, beside our own data of a payment."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from application.payments.provider import Customer, ReceiptItem

# Tags 1214 and 1212 of the law, by the names the port uses.
_METHODS = {
    "full_prepayment": 1,
    "partial_prepayment": 2,
    "advance": 3,
    "full_payment": 4,
    "partial_payment": 5,
    "credit": 6,
    "credit_payment": 7,
}
_OBJECTS = {
    "commodity": 1,
    "excise": 2,
    "job": 3,
    "service": 4,
    "gambling_bet": 5,
    "gambling_prize": 6,
    "lottery": 7,
    "lottery_prize": 8,
    "intellectual_activity": 9,
    "payment": 10,
    "agent_commission": 11,
    "composite": 12,
    "another": 13,
}
# Rates in percent by the law's codes; no VAT at all is null.
_VAT = {1: None, 2: 0, 3: 10, 4: 20, 5: 110, 6: 120}
_LABEL_CHARACTERS = 128


def is_expressible(items: Sequence[ReceiptItem]) -> bool:
    """Tell whether every line has words CloudPayments knows."""
    return all(
        item.payment_mode in _METHODS and item.payment_subject in _OBJECTS and item.vat_code in _VAT
        for item in items
    )


def to_receipt(items: Sequence[ReceiptItem], customer: Customer | None) -> dict[str, Any] | None:
    """Write the receipt into the place where CloudPayments looks for it; None without lines."""
    if not items:
        return None
    receipt: dict[str, Any] = {"Items": [_line(item) for item in items]}
    receipt["amounts"] = {"electronic": sum(line["amount"] for line in receipt["Items"])}
    if customer and customer.email:
        receipt["email"] = customer.email
    if customer and customer.phone:
        receipt["phone"] = customer.phone
    return {"cloudPayments": {"customerReceipt": receipt}}


def _line(item: ReceiptItem) -> dict[str, Any]:
    price = Decimal(item.price.decimal_text())
    return {
        "label": item.description[:_LABEL_CHARACTERS],
        "price": price,
        "quantity": item.quantity,
        "amount": price * item.quantity,
        "vat": _VAT[item.vat_code],
        "method": _METHODS[item.payment_mode],
        "object": _OBJECTS[item.payment_subject],
    }
