"""YooKassa's objects on the wire (API v3), as far as Kazna reads and writes them.

What is not named here is ignored when read, so a newer API does not break an older Kazna.
"""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

Instant = Annotated[datetime, Meta(tz=True)]
Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class Amount(msgspec.Struct, frozen=True):
    """A decimal text in major units."""

    value: str
    currency: str


class Card(msgspec.Struct, frozen=True, omit_defaults=True):
    """A card without its number."""

    last4: str | None = None
    first6: str | None = None
    expiry_month: str | None = None
    expiry_year: str | None = None
    card_type: str | None = None
    issuer_country: str | None = None
    issuer_name: str | None = None


class PaymentMethod(msgspec.Struct, frozen=True, omit_defaults=True):
    """How it is paid; `id` can be charged again once `saved` is true."""

    type: str
    id: str
    saved: bool = False
    title: str | None = None
    card: Card | None = None


class Confirmation(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the payer has to do."""

    type: str
    return_url: str | None = None
    confirmation_url: str | None = None
    confirmation_token: str | None = None


class CancellationDetails(msgspec.Struct, frozen=True):
    """Who canceled, and why."""

    reason: str
    party: str = ""


class Payment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A payment."""

    id: Id
    status: str
    paid: bool
    amount: Amount
    income_amount: Amount | None = None
    refunded_amount: Amount | None = None
    refundable: bool | None = None
    created_at: Instant
    captured_at: Instant | None = None
    expires_at: Instant | None = None
    payment_method: PaymentMethod | None = None
    confirmation: Confirmation | None = None
    cancellation_details: CancellationDetails | None = None
    authorization_details: dict[str, Any] | None = None
    recipient: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None
    test: bool = False


class Refund(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A refund."""

    id: Id
    payment_id: Id
    status: str
    amount: Amount
    created_at: Instant
    description: str | None = None
    cancellation_details: CancellationDetails | None = None


class PaymentPage(msgspec.Struct, frozen=True, tag="list", tag_field="type"):
    """A page of payments, newest first; the last one has no cursor."""

    items: list[Payment]
    next_cursor: str | None = None


class RefundPage(msgspec.Struct, frozen=True, tag="list", tag_field="type"):
    """A page of refunds, newest first; the last one has no cursor."""

    items: list[Refund]
    next_cursor: str | None = None


class ErrorBody(msgspec.Struct, frozen=True, tag="error", tag_field="type"):
    """A refusal; `retry_after` is in milliseconds."""

    code: str
    description: str | None = None
    parameter: str | None = None
    retry_after: Annotated[int, Meta(ge=0)] | None = None


class NotificationObject(msgspec.Struct, frozen=True):
    """What a notification speaks of; the rest of it is fetched again, not believed."""

    id: Id
    status: str = ""


class Notification(msgspec.Struct, frozen=True, tag="notification", tag_field="type"):
    """A notification."""

    event: Annotated[str, Meta(max_length=64)]
    object: NotificationObject


class ReceiptCustomer(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whom the fiscal receipt is sent to."""

    email: str | None = None
    phone: str | None = None


class ReceiptLine(msgspec.Struct, frozen=True):
    """One line of a fiscal receipt; `amount` is the price of one."""

    description: str
    quantity: str
    amount: Amount
    vat_code: int
    payment_subject: str
    payment_mode: str


class Receipt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A fiscal receipt (54-FZ)."""

    customer: ReceiptCustomer | None = None
    items: list[ReceiptLine]


class NewPayment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of a payment to be created."""

    amount: Amount
    capture: bool | None = None
    description: str | None = None
    metadata: dict[str, str] | None = None
    confirmation: Confirmation | None = None
    save_payment_method: bool | None = None
    payment_method_id: str | None = None
    merchant_customer_id: str | None = None
    receipt: Receipt | None = None


class NewCapture(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of a capture; empty takes everything."""

    amount: Amount | None = None


class NewRefund(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of a refund to be created."""

    payment_id: str
    amount: Amount
    description: str | None = None
    receipt: Receipt | None = None
