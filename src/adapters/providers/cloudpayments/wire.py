"""CloudPayments' objects on the wire, as far as Kazna reads and writes them.

Amounts are JSON numbers and are read as decimals, digit by digit. What is not named here is
ignored when read, so a newer API does not break an older Kazna.
"""

from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

Text = Annotated[str, Meta(max_length=4096)]
Number = Annotated[int, Meta(ge=1, le=2**63 - 1)]

PAYMENT, REFUND = 0, 1


class Envelope(msgspec.Struct, frozen=True, rename="pascal"):
    """What every answer is: whether it went well, a word about it, and the object."""

    success: bool
    message: str | None = None
    model: msgspec.Raw = msgspec.Raw()


class Transaction(msgspec.Struct, frozen=True, kw_only=True, rename="pascal", omit_defaults=True):
    """One operation: a payment, a refund (which names its payment) or a payout.

    Times have whole seconds and no offset; they are UTC unless a listing asked for another zone.
    """

    transaction_id: Number
    amount: Decimal
    currency: str
    status: str
    invoice_id: Text | None = None
    account_id: Text | None = None
    json_data: str | None = None
    created_date_iso: str | None = None
    auth_date_iso: str | None = None
    confirm_date_iso: str | None = None
    test_mode: bool = False
    card_first_six: Text | None = None
    card_last_four: Text | None = None
    card_exp_date: Text | None = None
    card_type: Text | None = None
    reason: Text | None = None
    reason_code: int = 0
    token: Text | None = None
    type: int = PAYMENT
    original_transaction_id: int | None = None
    gateway_name: Text | None = None


class Secure3d(msgspec.Struct, frozen=True, rename="pascal"):
    """The bank wants the payer present."""

    transaction_id: Number
    acs_url: str


class Order(msgspec.Struct, frozen=True, rename="pascal"):
    """A payment link."""

    id: Text
    amount: Decimal
    currency: str
    url: Text


class Made(msgspec.Struct, frozen=True, rename="pascal"):
    """The number of what was made: a refund."""

    transaction_id: Number


class NewOrder(msgspec.Struct, frozen=True, kw_only=True, rename="pascal", omit_defaults=True):
    """A payment link to be made; nobody is written to, the payer is sent there by us."""

    amount: Decimal
    currency: str
    description: str
    invoice_id: str
    account_id: str
    email: str | UnsetType = UNSET
    phone: str | UnsetType = UNSET
    require_confirmation: bool = False
    send_email: bool | UnsetType = UNSET
    success_redirect_url: str | UnsetType = UNSET
    fail_redirect_url: str | UnsetType = UNSET
    json_data: dict[str, Any] | UnsetType = UNSET


class TokenCharge(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """A charge of a saved card, begun by the shop (0) and foreseen by its schedule (1)."""

    amount: Decimal
    currency: str
    account_id: str
    token: str
    invoice_id: str
    description: str
    email: str | UnsetType = UNSET
    ip_address: str | UnsetType = UNSET
    json_data: dict[str, Any] | UnsetType = UNSET
    tr_initiator_code: int = 0
    payment_scheduled: int = 1


class NewRefund(msgspec.Struct, frozen=True, kw_only=True, rename="pascal", omit_defaults=True):
    """Money to give back."""

    transaction_id: int
    amount: Decimal
    json_data: dict[str, Any] | UnsetType = UNSET


class Confirmation(msgspec.Struct, frozen=True, rename="pascal"):
    """Held money to take."""

    transaction_id: int
    amount: Decimal


class Named(msgspec.Struct, frozen=True, rename="pascal"):
    """A transaction by its number."""

    transaction_id: int


class ByInvoice(msgspec.Struct, frozen=True, rename="pascal"):
    """The latest transaction of an invoice."""

    invoice_id: str


class Listing(msgspec.Struct, frozen=True, kw_only=True, rename="pascal", omit_defaults=True):
    """Transactions created within these bounds, both included."""

    created_date_gte: str
    created_date_lte: str
    page_number: Annotated[int, Meta(ge=1)]
    time_zone: str | UnsetType = UNSET
    statuses: list[str] | UnsetType = UNSET


class Notification(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """What a notification says, whichever it is; the rest is fetched, not believed."""

    transaction_id: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 0
    invoice_id: Text | None = None
    account_id: Text | None = None
    amount: Decimal | None = None
    currency: str | None = None
    status: Text | None = None
    id: Text | None = None


class WidgetParameters(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True
):
    """What the widget's `pay` is called with; `scheme` is its first argument."""

    scheme: str
    public_id: str
    description: str
    amount: Decimal
    currency: str
    invoice_id: str
    account_id: str
    email: str | UnsetType = UNSET
    data: dict[str, Any] | UnsetType = UNSET
