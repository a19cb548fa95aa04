"""From CloudPayments' transactions to the port's payments, and back.

The id of a payment is its invoice id, which is our reference: CloudPayments has no number before
the payer has entered a card, and a payer may enter several. What has no invoice id, and money that
came twice for one invoice, goes by the transaction's own number: `t-504`.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from adapters.providers.cloudpayments import wire
from adapters.providers.cloudpayments.reasons import decline_of
from application.payments.provider import (
    PaymentSnapshot,
    PaymentStatus,
    RefundSnapshot,
    RefundStatus,
    SavedMethod,
)
from domain.shared.errors import InvalidValue
from domain.shared.money import Currency, Money

CODE = "cloudpayments"
DESCRIPTION_CHARACTERS = 250
# Says in our own data that the payer agreed to the card being kept.
KEEPS_METHOD = "keeps_method"
_TRANSACTION_PREFIX = "t-"
_LARGEST_EXPONENT = 15

_STATUSES = {
    "AwaitingAuthentication": PaymentStatus.PENDING,
    "Authorized": PaymentStatus.AUTHORIZED,
    "Completed": PaymentStatus.SUCCEEDED,
    "Cancelled": PaymentStatus.CANCELED,
    "Declined": PaymentStatus.CANCELED,
}
WIRE_STATUSES = {
    PaymentStatus.PENDING: ["AwaitingAuthentication"],
    PaymentStatus.AUTHORIZED: ["Authorized"],
    PaymentStatus.SUCCEEDED: ["Completed"],
    PaymentStatus.CANCELED: ["Cancelled", "Declined"],
}
_REFUND_STATUSES = {
    "Authorized": RefundStatus.PENDING,
    "Completed": RefundStatus.SUCCEEDED,
    "Cancelled": RefundStatus.CANCELED,
    "Declined": RefundStatus.CANCELED,
}
# What must not be kept as evidence: ways to charge the card, and who paid.
_NOT_KEPT = ("Token", "CardFirstSix", "JsonData", "AccountId")


def payment_snapshot(
    transaction: wire.Transaction,
    *,
    refunded: Money | None = None,
    external_id: str | None = None,
) -> PaymentSnapshot:
    """Translate a payment; a status nobody has taught us is UNRECOGNIZED.

    Under an `external_id` of its own it is money that came twice and belongs to no reference.
    """
    money = to_money(transaction.amount, transaction.currency)
    nothing = Money.zero(money.currency)
    status = _STATUSES.get(transaction.status, PaymentStatus.UNRECOGNIZED)
    told = _told(transaction.json_data)
    captured = status is PaymentStatus.SUCCEEDED
    return PaymentSnapshot(
        provider=CODE,
        external_id=external_id or payment_id(transaction),
        status=status,
        money=money,
        captured=money if captured else nothing,
        refunded=refunded or nothing,
        created_at=created_at(transaction),
        captured_at=_instant(transaction.confirm_date_iso or transaction.auth_date_iso)
        if captured
        else None,
        method=_method(transaction, keeps=KEEPS_METHOD in told),
        reference=None if external_id else transaction.invoice_id,
        metadata={key: value for key, value in told.items() if key != KEEPS_METHOD},
        decline=decline_of(transaction) if status is PaymentStatus.CANCELED else None,
        test=transaction.test_mode,
        raw=_evidence(transaction),
    )


def refund_snapshot(transaction: wire.Transaction) -> RefundSnapshot:
    """Translate a refund; it carries the invoice id of its payment."""
    status = _REFUND_STATUSES.get(transaction.status, RefundStatus.UNRECOGNIZED)
    return RefundSnapshot(
        provider=CODE,
        external_id=str(transaction.transaction_id),
        external_payment_id=transaction.invoice_id
        or number_id(transaction.original_transaction_id or transaction.transaction_id),
        status=status,
        money=to_money(transaction.amount, transaction.currency),
        created_at=created_at(transaction),
        decline=decline_of(transaction) if status is RefundStatus.CANCELED else None,
        raw=_evidence(transaction),
    )


def payment_id(transaction: wire.Transaction) -> str:
    """Name a payment as all of Kazna names it."""
    return transaction.invoice_id or number_id(transaction.transaction_id)


def number_id(transaction_id: int) -> str:
    """Name a transaction by its number."""
    return f"{_TRANSACTION_PREFIX}{transaction_id}"


def number_in(external_id: str) -> int | None:
    """Return the number in such a name; None where an invoice is named."""
    digits = external_id.removeprefix(_TRANSACTION_PREFIX)
    if digits == external_id:
        return None
    return as_number(digits)


def as_number(text: str) -> int | None:
    """Read a transaction's number; None for what cannot be one."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def to_money(amount: Decimal, currency: str) -> Money:
    """Read an amount exactly: trailing zeros are nothing, a fraction of a minor unit is refused."""
    if not amount.is_finite() or amount.adjusted() > _LARGEST_EXPONENT:
        raise InvalidValue(f"{amount} is not an amount")
    return Money.from_decimal(f"{amount.normalize():f}", Currency(currency))


def to_amount(money: Money) -> Decimal:
    """Write an amount with exactly its currency's decimals."""
    return Decimal(money.decimal_text())


def to_data(
    metadata: Mapping[str, str], *, keeps_method: bool, receipt: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Write what CloudPayments keeps beside a payment and gives back with it."""
    return {**metadata, **({KEEPS_METHOD: "yes"} if keeps_method else {}), **(receipt or {})}


def _told(json_data: str | None) -> dict[str, str]:
    """Read our own data back; what is not ours, or not text, is passed over."""
    if not json_data:
        return {}
    try:
        read = msgspec.json.decode(json_data)
    except (msgspec.DecodeError, RecursionError):
        return {}
    if not isinstance(read, dict):
        return {}
    return {key: value for key, value in read.items() if isinstance(value, str)}


def _method(transaction: wire.Transaction, *, keeps: bool) -> SavedMethod | None:
    if not (transaction.card_last_four or transaction.token):
        return None
    month, _, year = (transaction.card_exp_date or "").partition("/")
    last4 = transaction.card_last_four
    return SavedMethod(
        external_id=transaction.token or number_id(transaction.transaction_id),
        # A terminal may make tokens of every card; without a wish to keep it, it is not kept.
        saved=bool(transaction.token) and keeps,
        type="bank_card",
        title=f"{transaction.card_type or 'Card'} *{last4}",
        last4=last4,
        first6=transaction.card_first_six,
        expires_month=_two_digits(month),
        expires_year=2000 + two if (two := _two_digits(year)) is not None else None,
    )


def _two_digits(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 2 else None


def created_at(transaction: wire.Transaction) -> datetime:
    """Return when a transaction began; one that does not say is refused."""
    created = _instant(transaction.created_date_iso)
    if created is None:
        raise InvalidValue("a transaction without the time of its creation")
    return created


def _instant(text: str | None) -> datetime | None:
    if not text:
        return None
    instant = datetime.fromisoformat(text)
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)


def _evidence(transaction: wire.Transaction) -> dict[str, Any]:
    """Keep what may have to be shown later, without tokens or card numbers."""
    kept: dict[str, Any] = msgspec.to_builtins(transaction)
    for name in _NOT_KEPT:
        kept.pop(name, None)
    return {**kept, "status": transaction.status}
