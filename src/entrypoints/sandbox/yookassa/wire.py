"""Objects of YooKassa's API v3, as they are answered and stored."""

from typing import Any

import msgspec


class Amount(msgspec.Struct, frozen=True):
    value: str
    currency: str


class BankCard(msgspec.Struct, frozen=True, omit_defaults=True):
    first6: str
    last4: str
    expiry_year: str
    expiry_month: str
    card_type: str
    issuer_country: str | None = None
    issuer_name: str | None = None


class PaymentMethod(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a payment is made; saved ones carry the id of the payment that saved them."""

    type: str
    id: str
    saved: bool
    status: str | None = None
    title: str | None = None
    card: BankCard | None = None


class Confirmation(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the payer has to do; present only while that is awaited."""

    type: str
    confirmation_url: str | None = None
    confirmation_token: str | None = None
    confirmation_data: str | None = None
    return_url: str | None = None
    enforce: bool | None = None


class Recipient(msgspec.Struct, frozen=True):
    account_id: str
    gateway_id: str


class CancellationDetails(msgspec.Struct, frozen=True):
    party: str
    reason: str


class ThreeDSecure(msgspec.Struct, frozen=True):
    applied: bool


class AuthorizationDetails(msgspec.Struct, frozen=True):
    rrn: str
    auth_code: str
    three_d_secure: ThreeDSecure


class InvoiceDetails(msgspec.Struct, frozen=True):
    id: str


class Payment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A payment; which optional fields are there follows from its status."""

    id: str
    status: str
    amount: Amount
    income_amount: Amount | None = None
    description: str | None = None
    recipient: Recipient
    payment_method: PaymentMethod | None = None
    captured_at: str | None = None
    created_at: str
    expires_at: str | None = None
    confirmation: Confirmation | None = None
    test: bool
    refunded_amount: Amount | None = None
    paid: bool
    refundable: bool
    receipt_registration: str | None = None
    metadata: dict[str, str]
    cancellation_details: CancellationDetails | None = None
    authorization_details: AuthorizationDetails | None = None
    transfers: list[dict[str, Any]] | None = None
    merchant_customer_id: str | None = None
    invoice_details: InvoiceDetails | None = None


class Refund(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Money going back to the payer, in part or whole."""

    id: str
    payment_id: str
    status: str
    cancellation_details: CancellationDetails | None = None
    receipt_registration: str | None = None
    created_at: str
    amount: Amount
    description: str | None = None
    metadata: dict[str, str] | None = None


class PayoutDestination(msgspec.Struct, frozen=True):
    type: str
    account_number: str


class Payout(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Money on its way to a person."""

    id: str
    amount: Amount
    status: str
    payout_destination: PayoutDestination
    description: str | None = None
    created_at: str
    succeeded_at: str | None = None
    cancellation_details: CancellationDetails | None = None
    metadata: dict[str, str] | None = None
    test: bool


class Receipt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A fiscal receipt (54-FZ); registering it is imitated and always succeeds."""

    id: str
    type: str
    payment_id: str | None = None
    refund_id: str | None = None
    status: str
    fiscal_document_number: str
    fiscal_storage_number: str
    fiscal_attribute: str
    registered_at: str
    fiscal_provider_id: str
    items: list[dict[str, Any]]
    settlements: list[dict[str, Any]] | None = None
    tax_system_code: int | None = None


class Holder(msgspec.Struct, frozen=True):
    account_id: str
    gateway_id: str


class BoundMethod(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A payment method as `/payment_methods` shows it."""

    id: str
    type: str
    saved: bool
    status: str
    holder: Holder
    title: str | None = None
    card: BankCard | None = None
    confirmation: Confirmation | None = None
    metadata: dict[str, str] | None = None


class Webhook(msgspec.Struct, frozen=True):
    id: str
    event: str
    url: str


class DeliveryMethod(msgspec.Struct, frozen=True, omit_defaults=True):
    type: str
    url: str | None = None


class PaymentDetails(msgspec.Struct, frozen=True):
    id: str
    status: str


class Invoice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A request for payment that the payer finds at a link."""

    id: str
    status: str
    cart: list[dict[str, Any]]
    delivery_method: DeliveryMethod | None = None
    payment_details: PaymentDetails | None = None
    created_at: str
    expires_at: str
    description: str | None = None
    cancellation_details: CancellationDetails | None = None
    metadata: dict[str, str] | None = None


class Me(msgspec.Struct, frozen=True):
    """The shop's own settings."""

    account_id: str
    status: str
    test: bool
    fiscalization_enabled: bool
    payment_methods: list[str]
