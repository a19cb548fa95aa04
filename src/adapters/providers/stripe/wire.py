"""Stripe's objects on the wire, as far as Kazna reads them.

What is not named here is ignored when read, so a newer API does not break an older Kazna. A field
that can be expanded is the object where we asked for it, and its id otherwise.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_]{1,255}$")]
# Seconds since 1970, up to the last year a datetime can hold.
Instant = Annotated[int, Meta(ge=0, le=253_402_214_400)]
Amount = Annotated[int, Meta(ge=0, le=10**15)]


class Card(msgspec.Struct, frozen=True, omit_defaults=True):
    """A card without its number."""

    brand: str = "card"
    last4: str | None = None
    exp_month: int | None = None
    exp_year: int | None = None
    funding: str | None = None
    country: str | None = None


class PaymentMethod(
    msgspec.Struct, frozen=True, omit_defaults=True, tag_field="object", tag="payment_method"
):
    """How it is paid; it can be charged again while it is attached to a customer."""

    id: Id
    type: str
    customer: Id | None = None
    card: Card | None = None


class BalanceTransaction(
    msgspec.Struct, frozen=True, tag_field="object", tag="balance_transaction"
):
    """The moment the money became ours."""

    id: Id
    created: Instant


class Charge(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="object", tag="charge"):
    """The attempt of a PaymentIntent that counts."""

    id: Id
    created: Instant
    amount_refunded: Amount = 0
    captured: bool = False
    disputed: bool = False
    balance_transaction: BalanceTransaction | Id | None = None


class PaymentError(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why the last attempt of a PaymentIntent failed."""

    type: str = ""
    code: str | None = None
    decline_code: str | None = None


class PaymentIntent(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    tag_field="object",
    tag="payment_intent",
):
    """A payment."""

    id: Id
    status: str
    amount: Amount
    currency: str
    created: Instant
    livemode: bool = False
    amount_received: Amount | None = None
    customer: Id | None = None
    payment_method: PaymentMethod | Id | None = None
    latest_charge: Charge | Id | None = None
    last_payment_error: PaymentError | None = None
    cancellation_reason: str | None = None
    metadata: dict[str, Any] | None = None


class Session(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    tag_field="object",
    tag="checkout.session",
):
    """A page where a payer pays; its PaymentIntent begins with the first try to pay."""

    id: Id
    mode: str
    status: str | None = None
    payment_status: str | None = None
    amount_total: Amount | None = None
    currency: str | None = None
    created: Instant
    expires_at: Instant | None = None
    livemode: bool = False
    url: str | None = None
    client_secret: str | None = None
    payment_intent: PaymentIntent | Id | None = None
    metadata: dict[str, Any] | None = None


class Refund(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    tag_field="object",
    tag="refund",
):
    """Money that goes back."""

    id: Id
    amount: Amount
    currency: str
    created: Instant
    status: str | None = None
    failure_reason: str | None = None
    charge: Id | None = None
    payment_intent: PaymentIntent | Id | None = None
    metadata: dict[str, Any] | None = None


class IntentPage(msgspec.Struct, frozen=True, tag_field="object", tag="list"):
    """A page of PaymentIntents, newest first."""

    data: list[PaymentIntent]
    has_more: bool


class SessionPage(msgspec.Struct, frozen=True, tag_field="object", tag="list"):
    """A page of checkout sessions, newest first."""

    data: list[Session]
    has_more: bool


class RefundPage(msgspec.Struct, frozen=True, tag_field="object", tag="list"):
    """A page of refunds, newest first."""

    data: list[Refund]
    has_more: bool


class Failure(msgspec.Struct, frozen=True):
    """What is wrong with a request, or with the card it wanted to charge."""

    type: str
    code: str | None = None
    decline_code: str | None = None
    message: str | None = None
    param: str | None = None
    payment_intent: PaymentIntent | None = None


class ErrorBody(msgspec.Struct, frozen=True):
    """A refusal."""

    error: Failure


class EventObject(msgspec.Struct, frozen=True):
    """What an event speaks of; the rest of it is fetched again."""

    id: Id
    payment_intent: Id | dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None


class EventBody(msgspec.Struct, frozen=True):
    """The envelope of what an event speaks of."""

    object: EventObject


class Event(msgspec.Struct, frozen=True, tag_field="object", tag="event"):
    """An event."""

    id: Id
    type: Annotated[str, Meta(max_length=100)]
    data: EventBody
