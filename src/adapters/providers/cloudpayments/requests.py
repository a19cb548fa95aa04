"""What CloudPayments is asked for a payment: a link, the widget's parameters, a token's charge."""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET

from adapters.providers.cloudpayments import wire
from adapters.providers.cloudpayments.receipts import is_expressible, to_receipt
from adapters.providers.cloudpayments.translate import (
    CODE,
    DESCRIPTION_CHARACTERS,
    to_amount,
    to_data,
)
from adapters.providers.reading import refused
from application.payments.provider import (
    CheckoutRequest,
    PaymentSnapshot,
    PaymentStatus,
    RefundRequest,
    Rejected,
    SavedChargeRequest,
)
from domain.shared.money import Money

_WIDGET = msgspec.json.Encoder(decimal_format="number")


def broken(request: CheckoutRequest | SavedChargeRequest | RefundRequest) -> Rejected | None:
    """Refuse before it leaves what CloudPayments has no words for."""
    if is_expressible(request.receipt):
        return None
    return refused("the receipt has words CloudPayments does not know", "receipt")


def new_order(request: CheckoutRequest) -> wire.NewOrder:
    """Ask for a payment link; the payer comes back to one address, whatever the outcome."""
    return wire.NewOrder(
        amount=to_amount(request.money),
        currency=request.money.currency.code,
        description=request.description[:DESCRIPTION_CHARACTERS],
        invoice_id=request.reference,
        account_id=request.customer.id,
        email=request.customer.email or UNSET,
        phone=request.customer.phone or UNSET,
        require_confirmation=not request.capture,
        success_redirect_url=request.return_url or UNSET,
        fail_redirect_url=request.return_url or UNSET,
        json_data=_data(request),
    )


def widget_parameters(request: CheckoutRequest, public_id: str) -> str:
    """Write what the widget is opened with, as JSON; nothing in it is secret."""
    parameters = wire.WidgetParameters(
        scheme="charge" if request.capture else "auth",
        public_id=public_id,
        description=request.description[:DESCRIPTION_CHARACTERS],
        amount=to_amount(request.money),
        currency=request.money.currency.code,
        invoice_id=request.reference,
        account_id=request.customer.id,
        email=request.customer.email or UNSET,
        data=_data(request),
    )
    return _WIDGET.encode(parameters).decode()


def token_charge(request: SavedChargeRequest) -> wire.TokenCharge:
    """Ask for a charge that nobody is present for, and that a schedule foresaw."""
    return wire.TokenCharge(
        amount=to_amount(request.money),
        currency=request.money.currency.code,
        account_id=request.customer.id,
        token=request.external_method_id,
        invoice_id=request.reference,
        description=request.description[:DESCRIPTION_CHARACTERS],
        email=request.customer.email or UNSET,
        ip_address=request.customer.ip or UNSET,
        json_data=to_data(
            request.metadata,
            keeps_method=True,
            receipt=to_receipt(request.receipt, request.customer),
        ),
    )


def new_refund(request: RefundRequest, transaction_id: int) -> wire.NewRefund:
    """Ask for money back."""
    return wire.NewRefund(
        transaction_id=transaction_id,
        amount=to_amount(request.money),
        json_data=to_receipt(request.receipt, request.customer) or UNSET,
    )


def waiting(
    request: CheckoutRequest,
    now: datetime,
    *,
    test: bool,
    confirmation_url: str | None = None,
    widget_token: str | None = None,
) -> PaymentSnapshot:
    """Describe a payment nobody has begun.

    CloudPayments tells no time of it, and not whether it is a test: ours and the terminal's stand.
    """
    nothing = Money.zero(request.money.currency)
    return PaymentSnapshot(
        provider=CODE,
        external_id=request.reference,
        status=PaymentStatus.PENDING,
        money=request.money,
        captured=nothing,
        refunded=nothing,
        created_at=now,
        reference=request.reference,
        metadata=dict(request.metadata),
        confirmation_url=confirmation_url,
        widget_token=widget_token,
        test=test,
    )


def _data(request: CheckoutRequest) -> dict[str, Any]:
    return to_data(
        request.metadata,
        keeps_method=request.save_method,
        receipt=to_receipt(request.receipt, request.customer),
    )
