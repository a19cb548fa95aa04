"""Bodies the API accepts, and the limits it puts on them."""

import re
from typing import Any, Final, TypeVar

import msgspec

from entrypoints.sandbox.yookassa.amounts import to_minor
from entrypoints.sandbox.yookassa.errors import ApiError, invalid_request
from entrypoints.sandbox.yookassa.wire import Amount

_T = TypeVar("_T")


class CardData(msgspec.Struct, frozen=True):
    number: str


class MethodData(msgspec.Struct, frozen=True):
    type: str
    card: CardData | None = None


class ConfirmationData(msgspec.Struct, frozen=True):
    type: str
    return_url: str | None = None
    enforce: bool | None = None


class Customer(msgspec.Struct, frozen=True):
    email: str | None = None
    phone: str | None = None


class ReceiptItem(msgspec.Struct, frozen=True):
    description: str
    quantity: str | int | float
    amount: Amount
    vat_code: int | None = None


class ReceiptData(msgspec.Struct, frozen=True):
    items: list[ReceiptItem]
    customer: Customer | None = None
    email: str | None = None
    phone: str | None = None
    tax_system_code: int | None = None


class CreatePayment(msgspec.Struct, frozen=True):
    amount: Amount
    capture: bool = False
    confirmation: ConfirmationData | None = None
    payment_token: str | None = None
    payment_method_id: str | None = None
    payment_method_data: MethodData | None = None
    save_payment_method: bool = False
    description: str | None = None
    metadata: dict[str, Any] | None = None
    receipt: ReceiptData | None = None
    merchant_customer_id: str | None = None
    transfers: list[dict[str, Any]] | None = None


class Capture(msgspec.Struct, frozen=True):
    amount: Amount | None = None


class CreateRefund(msgspec.Struct, frozen=True):
    payment_id: str
    amount: Amount
    description: str | None = None
    metadata: dict[str, Any] | None = None
    receipt: ReceiptData | None = None


class PayoutDestinationData(msgspec.Struct, frozen=True):
    type: str
    account_number: str | None = None


class CreatePayout(msgspec.Struct, frozen=True):
    amount: Amount
    payout_destination_data: PayoutDestinationData
    description: str | None = None
    metadata: dict[str, Any] | None = None


class CreateReceipt(msgspec.Struct, frozen=True):
    type: str
    send: bool
    items: list[dict[str, Any]]
    customer: Customer
    payment_id: str | None = None
    refund_id: str | None = None
    settlements: list[dict[str, Any]] | None = None
    tax_system_code: int | None = None


class BindMethod(msgspec.Struct, frozen=True):
    type: str
    confirmation: ConfirmationData | None = None
    card: CardData | None = None
    metadata: dict[str, Any] | None = None


class CreateWebhook(msgspec.Struct, frozen=True):
    event: str
    url: str


def decoder(kind: type[_T]) -> msgspec.json.Decoder[_T]:
    """Return the decoder of one kind of body; fields it does not know are ignored."""
    return msgspec.json.Decoder(kind)


_PLACE: Final = re.compile(r" - at `(?:key in )?\$\.?(.*)`$")
_MISSING: Final = re.compile(r"missing required field `(\w+)`")


def read(decoder: msgspec.json.Decoder[_T], body: bytes) -> _T:
    """Decode a body; broken JSON, missing fields and wrong types are refused by their names."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _named(str(error)) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise invalid_request("Request body is not valid JSON") from error


def _named(message: str) -> ApiError:
    place = _PLACE.search(message)
    missing = _MISSING.search(message)
    path = [place.group(1)] if place and place.group(1) else []
    path += [missing.group(1)] if missing else []
    text = "Required parameter is missing" if missing else "Parameter has an incorrect type"
    return invalid_request(text, ".".join(path) or None)


def read_metadata(metadata: dict[str, Any] | None) -> dict[str, str]:
    """Return metadata as strings; at most 16 keys of 32 and values of 512 characters."""
    if not metadata:
        return {}
    if len(metadata) > 16:
        raise invalid_request("Metadata must have no more than 16 keys", "metadata")
    written: dict[str, str] = {}
    for key, value in metadata.items():
        match value:
            case bool():
                text = "true" if value else "false"
            case str() | int() | float():
                text = str(value)
            case _:
                raise invalid_request("Metadata values must be strings", f"metadata.{key}")
        if len(key) > 32 or len(text) > 512:
            raise invalid_request(
                "Metadata keys are limited to 32 characters, values to 512", "metadata"
            )
        written[key] = text
    return written


def check_length(text: str | None, longest: int, parameter: str) -> None:
    """Refuse a text longer than the API's limit for this parameter."""
    if text is not None and len(text) > longest:
        raise invalid_request(f"Max length is {longest}", parameter)


def check_receipt(receipt: ReceiptData, total_minor: int, currency: str) -> None:
    """Refuse a fiscal receipt without a contact, without a VAT code, or of another sum."""
    contacts = receipt.customer or Customer(receipt.email, receipt.phone)
    if not (contacts.email or contacts.phone):
        raise invalid_request("Receipt needs the customer's email or phone", "receipt.customer")
    if not 1 <= len(receipt.items) <= 100:
        raise invalid_request("Receipt must have from 1 to 100 items", "receipt.items")
    total = 0
    for item in receipt.items:
        check_length(item.description, 128, "receipt.items.description")
        if item.vat_code is None and receipt.tax_system_code is None:
            raise invalid_request("vat_code is required", "receipt.items.vat_code")
        if item.amount.currency != currency:
            raise invalid_request("Currencies do not match", "receipt.items.amount.currency")
        price = to_minor(item.amount, parameter="receipt.items.amount")
        total += _times(price, item.quantity)
    if total != total_minor:
        raise invalid_request("Receipt total does not match the amount", "receipt.items")


_QUANTITY: Final = re.compile(r"([0-9]{1,6})(?:\.([0-9]{1,6}))?")


def _times(price_minor: int, quantity: str | float) -> int:
    matched = _QUANTITY.fullmatch(str(quantity))
    if matched is None:
        raise invalid_request("Incorrect quantity", "receipt.items.quantity")
    millionths = int(matched[1]) * 10**6 + int((matched[2] or "").ljust(6, "0"))
    return (price_minor * millionths + 500_000) // 10**6
