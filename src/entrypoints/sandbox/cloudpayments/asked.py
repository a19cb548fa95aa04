"""What requests ask for, read from JSON or a form, and refused in CloudPayments' words."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import parse_qsl

import msgspec
from msgspec import Meta

from entrypoints.sandbox.cloudpayments.answers import Refusal
from entrypoints.sandbox.yookassa.amounts import DECIMALS

T = TypeVar("T", bound=msgspec.Struct)
_LARGEST_EXPONENT: Final = 14


class _Paying(msgspec.Struct, kw_only=True, rename="pascal"):
    amount: Decimal | None = None
    currency: str = "RUB"
    account_id: str | None = None
    invoice_id: str | None = None
    description: str | None = None
    email: str | None = None
    ip_address: str | None = None
    json_data: dict[str, Any] | str | None = None


class TokenCharge(_Paying, kw_only=True, rename="pascal"):
    """A charge of a saved card."""

    token: str | None = None
    tr_initiator_code: Annotated[int, Meta(ge=0, le=1)] | None = None
    payment_scheduled: Annotated[int, Meta(ge=0, le=1)] | None = None


class CardCharge(_Paying, kw_only=True, rename="pascal"):
    """A cryptogram is a card's number here: nobody encrypts anything for a sandbox."""

    card_cryptogram_packet: str | None = None
    name: str | None = None


class NewOrder(_Paying, kw_only=True, rename="pascal"):
    """A payment link to be made."""

    require_confirmation: bool = False
    success_redirect_url: str | None = None


class Money(msgspec.Struct, kw_only=True, rename="pascal"):
    """An amount of a transaction: to confirm, or to give back."""

    transaction_id: int | None = None
    amount: Decimal | None = None


class Named(msgspec.Struct, kw_only=True, rename="pascal"):
    """A transaction by its number."""

    transaction_id: int | None = None


class ByInvoice(msgspec.Struct, kw_only=True, rename="pascal"):
    """The latest operation of an invoice."""

    invoice_id: str | None = None


class ById(msgspec.Struct, kw_only=True, rename="pascal"):
    """An order by its id."""

    id: str | None = None


class OfDay(msgspec.Struct, kw_only=True, rename="pascal"):
    """The operations of a day."""

    date: str | None = None


class Between(msgspec.Struct, kw_only=True, rename="pascal"):
    """A page of the operations of a period."""

    created_date_gte: str | None = None
    created_date_lte: str | None = None
    page_number: Annotated[int, Meta(ge=1)] = 1
    statuses: list[str] | None = None


def read(kind: type[T], body: bytes) -> T:
    """Read a request; numbers may be texts, as they are in a form."""
    try:
        if body.lstrip()[:1] == b"{":
            return msgspec.json.decode(body, type=kind, strict=False)
        fields = dict(parse_qsl(body.decode("utf-8")))
        return msgspec.convert(fields, kind, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise Refusal(f"Invalid request: {error}") from error


def to_minor(amount: Decimal | None, currency: str) -> int:
    """Return whole minor units of a positive amount in a currency that is taken."""
    if amount is None:
        raise Refusal("Amount is required")
    decimals = DECIMALS.get(currency)
    if decimals is None:
        raise Refusal("Invalid Currency value")
    if not amount.is_finite() or amount.adjusted() > _LARGEST_EXPONENT or amount <= 0:
        raise Refusal("Invalid Amount value")
    scaled = amount.scaleb(decimals)
    if scaled != scaled.to_integral_value():
        raise Refusal("Invalid Amount value")
    return int(scaled)


def from_minor(minor: int, currency: str) -> Decimal:
    """Write minor units the way they are shown."""
    return Decimal(minor).scaleb(-DECIMALS[currency])


def to_text(json_data: dict[str, Any] | str | None) -> str | None:
    """Return the shop's own data as the API shows it: as JSON in a text."""
    if isinstance(json_data, dict):
        return msgspec.json.encode(json_data).decode()
    return json_data


def to_ms(text: str | None, name: str) -> int:
    """Read a bound of a listing; one without an offset is UTC."""
    if not text:
        raise Refusal(f"{name} is required")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Refusal(f"Invalid {name} value") from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1000)
