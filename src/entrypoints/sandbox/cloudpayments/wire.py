"""CloudPayments' objects as its API shows them; the clients need every one of these fields."""

from decimal import Decimal
from typing import Final

import msgspec

PAYMENT, REFUND = 0, 1
STATUS_CODES: Final = {
    "AwaitingAuthentication": 1,
    "Authorized": 2,
    "Completed": 3,
    "Cancelled": 4,
    "Declined": 5,
}


class Transaction(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """One operation; times are UTC without an offset, in whole seconds."""

    transaction_id: int
    amount: Decimal
    currency: str
    currency_code: int = 0
    payment_amount: Decimal
    payment_currency: str
    invoice_id: str | None = None
    account_id: str | None = None
    email: str | None = None
    description: str | None = None
    json_data: str | None = None
    created_date: str
    created_date_iso: str
    auth_date_iso: str | None = None
    confirm_date_iso: str | None = None
    auth_code: str | None = None
    test_mode: bool
    ip_address: str | None = None
    ip_country: str | None = None
    ip_city: str | None = None
    ip_region: str | None = None
    ip_district: str | None = None
    ip_latitude: float | None = None
    ip_longitude: float | None = None
    card_first_six: str | None = None
    card_last_four: str | None = None
    card_exp_date: str | None = None
    card_type: str | None = None
    card_type_code: int | None = None
    issuer: str | None = None
    issuer_bank_country: str | None = None
    status: str
    status_code: int
    reason: str = "Approved"
    reason_code: int = 0
    card_holder_message: str = ""
    name: str | None = None
    token: str | None = None
    type: int = PAYMENT
    refunded: bool = False
    original_transaction_id: int | None = None
    gateway_name: str = "Sandbox"


class Order(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """A payment link."""

    id: str
    number: int
    amount: Decimal
    currency: str
    currency_code: int = 0
    email: str | None = None
    description: str
    require_confirmation: bool = False
    url: str


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """An order with what its API does not show."""

    order: Order
    invoice_id: str | None = None
    account_id: str | None = None
    json_data: str | None = None
    return_url: str | None = None


class Secure3d(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """The bank asks for the payer."""

    transaction_id: int
    pa_req: str = "sandbox"
    acs_url: str = "https://acs.sandbox.invalid/start"


class KeptToken(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """A token as the list of tokens shows it."""

    token: str
    account_id: str
    card_mask: str
    expiration_date_month: int
    expiration_date_year: int
