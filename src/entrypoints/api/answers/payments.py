"""Invoices, their chains, and payments."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct

from entrypoints.api.answers.shapes import All, Answer, PageOf

PaymentStatus = Literal[
    "reserved",
    "sent",
    "accepted",
    "authorized",
    "succeeded",
    "declined",
    "refused",
    "unknown",
    "canceled",
    "expired",
    "review",
    "partially_refunded",
    "refunded",
    "disputed",
]


class Invoice(Answer, frozen=True):
    """Something owed; `number` is given when it is issued."""

    id: UUID
    number: str | None
    customer_id: UUID
    purpose: Literal["renewal", "purchase", "manual"]
    subscription_id: UUID | None
    period_start: datetime | None
    period_end: datetime | None
    reference: str | None
    description: str
    amount_minor: int
    currency: str
    status: str
    issued_at: datetime
    due_at: datetime


class Invoices(PageOf[Invoice], frozen=True):
    """A page of invoices."""


class IssuedInvoice(Answer, frozen=True):
    """An invoice that was issued; one with nothing to pay is paid already."""

    id: UUID
    status: str
    amount_minor: int
    currency: str


class InvoiceEvent(Answer, frozen=True):
    """One link of an invoice's chain; `hash` covers it and every link before it."""

    seq: int
    name: str
    status: str
    data: dict[str, Any]
    actor: str
    reason: str
    correlation_id: UUID
    occurred_at: datetime
    recorded_at: datetime
    hash: str


class Chain(All[InvoiceEvent], frozen=True):
    """Everything that ever happened to an invoice, in order."""


class Paying(Struct, kw_only=True, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """How paying goes on: send the payer to `url`, open the provider's widget with `token`, wait
    for a charge, or nothing is left to do."""

    kind: Literal["redirect", "widget", "charging", "paid", "declined", "pending"]
    payment_id: UUID | None = None
    status: PaymentStatus | None = None
    url: str | None = None
    token: str | None = None
    reason: str | None = None


class Payment(Answer, frozen=True):
    """One try to collect an invoice."""

    id: UUID
    invoice_id: UUID
    customer_id: UUID
    provider: str
    amount_minor: int
    currency: str
    number: int
    method_id: UUID | None
    status: PaymentStatus
    external_id: str | None
    decline_reason: str | None
    captured_minor: int | None
    captured_at: datetime | None
    refunded_minor: int
    created_at: datetime
    confirmation_url: str | None


class Payments(PageOf[Payment], frozen=True):
    """A page of payments."""


class Decided(Struct, kw_only=True):
    """How a payment stands after a person decided."""

    payment_id: str
    status: str


class Asked(Answer, frozen=True):
    """Whether the gateway is asked; a payment that is over is not."""

    payment_id: UUID
    asked: bool


class Refund(Answer, frozen=True):
    """Money that is on its way back."""

    refund_id: UUID
    status: str
    amount_minor: int
    currency: str
