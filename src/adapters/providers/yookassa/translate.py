"""From YooKassa's objects to the port's, and back; an amount that is not exact is InvalidValue."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from adapters.providers.yookassa import wire
from adapters.providers.yookassa.reasons import decline_of
from application.payments.provider import (
    Customer,
    PaymentSnapshot,
    PaymentStatus,
    ReceiptItem,
    RefundSnapshot,
    RefundStatus,
    SavedMethod,
)
from domain.payments.declines import Decline
from domain.shared.money import Currency, Money

CODE = "yookassa"
REFERENCE_KEY = "attempt_id"
DESCRIPTION_CHARACTERS = 128

_STATUSES = {
    "pending": PaymentStatus.PENDING,
    "waiting_for_capture": PaymentStatus.AUTHORIZED,
    "succeeded": PaymentStatus.SUCCEEDED,
    "canceled": PaymentStatus.CANCELED,
}
WIRE_STATUSES = {status: name for name, status in _STATUSES.items()}
_REFUND_STATUSES = {
    status.value: status for status in RefundStatus if status is not RefundStatus.UNRECOGNIZED
}
_MILLISECOND = timedelta(milliseconds=1)


def payment_snapshot(payment: wire.Payment) -> PaymentSnapshot:
    """Translate a payment; a status not known, or one the flags contradict, is UNRECOGNIZED."""
    money = to_money(payment.amount)
    nothing = Money.zero(money.currency)
    status = _status(payment)
    metadata = {key: str(value) for key, value in (payment.metadata or {}).items()}
    refunded = to_money(payment.refunded_amount) if payment.refunded_amount else nothing
    return PaymentSnapshot(
        provider=CODE,
        external_id=payment.id,
        status=status,
        money=money,
        captured=money if status is PaymentStatus.SUCCEEDED else nothing,
        refunded=refunded,
        created_at=payment.created_at.astimezone(UTC),
        captured_at=_utc(payment.captured_at),
        expires_at=_utc(payment.expires_at),
        method=_method(payment.payment_method) if payment.payment_method else None,
        reference=metadata.get(REFERENCE_KEY),
        metadata=metadata,
        decline=_decline(payment, status),
        confirmation_url=payment.confirmation.confirmation_url if payment.confirmation else None,
        widget_token=payment.confirmation.confirmation_token if payment.confirmation else None,
        test=payment.test,
        raw=_evidence(payment),
    )


def refund_snapshot(refund: wire.Refund) -> RefundSnapshot:
    """Translate a refund."""
    status = _REFUND_STATUSES.get(refund.status, RefundStatus.UNRECOGNIZED)
    return RefundSnapshot(
        provider=CODE,
        external_id=refund.id,
        external_payment_id=refund.payment_id,
        status=status,
        money=to_money(refund.amount),
        created_at=refund.created_at.astimezone(UTC),
        decline=(
            decline_of(refund.cancellation_details) if status is RefundStatus.CANCELED else None
        ),
        raw=msgspec.to_builtins(refund),
    )


def to_money(amount: wire.Amount) -> Money:
    """Read an amount exactly; a fraction of a minor unit is refused, never rounded."""
    return Money.from_decimal(amount.value, Currency(amount.currency))


def to_amount(money: Money) -> wire.Amount:
    """Write an amount with exactly its currency's decimals."""
    return wire.Amount(money.decimal_text(), money.currency.code)


def to_metadata(reference: str, metadata: Mapping[str, str]) -> dict[str, str]:
    """Add our reference; it comes back in every snapshot."""
    return {**metadata, REFERENCE_KEY: reference}


def to_receipt(
    items: Sequence[ReceiptItem], customer: Customer | None = None
) -> wire.Receipt | None:
    """Write a fiscal receipt; without lines there is none."""
    if not items:
        return None
    return wire.Receipt(
        customer=(
            wire.ReceiptCustomer(email=customer.email, phone=customer.phone) if customer else None
        ),
        items=[
            wire.ReceiptLine(
                description=item.description[:DESCRIPTION_CHARACTERS],
                quantity=str(item.quantity),
                amount=to_amount(item.price),
                vat_code=item.vat_code,
                payment_subject=item.payment_subject,
                payment_mode=item.payment_mode,
            )
            for item in items
        ],
    )


def not_after(instant: datetime) -> str:
    """Write an upper bound in whole milliseconds, rounded up so that nothing falls out."""
    return not_before(instant + _MILLISECOND - timedelta(microseconds=1))


def not_before(instant: datetime) -> str:
    """Write a lower bound in whole milliseconds, rounded down so that nothing falls out."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _status(payment: wire.Payment) -> PaymentStatus:
    status = _STATUSES.get(payment.status, PaymentStatus.UNRECOGNIZED)
    if status is PaymentStatus.SUCCEEDED and not payment.paid:
        return PaymentStatus.UNRECOGNIZED
    return status


def _decline(payment: wire.Payment, status: PaymentStatus) -> Decline | None:
    if status is not PaymentStatus.CANCELED:
        return None
    return decline_of(payment.cancellation_details)


def _method(method: wire.PaymentMethod) -> SavedMethod:
    card = method.card or wire.Card()
    return SavedMethod(
        external_id=method.id,
        saved=method.saved,
        type=method.type,
        title=method.title or method.type,
        last4=card.last4,
        first6=card.first6,
        expires_month=_number(card.expiry_month),
        expires_year=_number(card.expiry_year),
    )


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 4 else None


def _utc(instant: datetime | None) -> datetime | None:
    return instant.astimezone(UTC) if instant else None


def _evidence(payment: wire.Payment) -> dict[str, Any]:
    """Keep what may have to be shown later, without tokens, addresses or card numbers."""
    kept: dict[str, Any] = msgspec.to_builtins(payment)
    kept.pop("confirmation", None)
    kept.pop("metadata", None)
    if method := kept.get("payment_method"):
        del method["id"]
        method.get("card", {}).pop("first6", None)
    return kept
