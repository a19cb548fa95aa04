"""From Stripe's objects to the port's; an amount that is not exact is InvalidValue.

A payment of a present payer is known by its checkout session, because its PaymentIntent does not
exist before the first try to pay; a charge of a saved method is known by its PaymentIntent.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from adapters.providers.stripe import wire
from adapters.providers.stripe.amounts import to_money
from adapters.providers.stripe.reasons import decline_for, decline_of
from application.payments.provider import (
    PaymentSnapshot,
    PaymentStatus,
    RefundSnapshot,
    RefundStatus,
    SavedMethod,
)
from domain.payments.declines import Decline
from domain.shared.errors import InvalidValue
from domain.shared.money import Money

CODE = "stripe"
REFERENCE_KEY = "attempt_id"
# What the payment was made for, and under which id Kazna knows it.
FLOW_KEY, CHECKOUT, SAVED = "kazna_flow", "checkout", "saved"
PAYMENT_KEY = "kazna_payment"

_STATUSES = {
    "requires_payment_method": PaymentStatus.PENDING,
    "requires_confirmation": PaymentStatus.PENDING,
    "requires_action": PaymentStatus.PENDING,
    "processing": PaymentStatus.PENDING,
    "requires_capture": PaymentStatus.AUTHORIZED,
    "succeeded": PaymentStatus.SUCCEEDED,
    "canceled": PaymentStatus.CANCELED,
}
# Nothing happens any more unless the payer comes back to try again.
_TRIED = ("requires_payment_method", "requires_action")
_REFUND_STATUSES = {
    "pending": RefundStatus.PENDING,
    "requires_action": RefundStatus.PENDING,
    "succeeded": RefundStatus.SUCCEEDED,
    "failed": RefundStatus.CANCELED,
    "canceled": RefundStatus.CANCELED,
}


def is_of_checkout(metadata: Mapping[str, Any] | None) -> bool:
    """Tell whether a PaymentIntent belongs to a checkout session of ours."""
    return bool(metadata) and (metadata or {}).get(FLOW_KEY) == CHECKOUT


def intent_snapshot(intent: wire.PaymentIntent) -> PaymentSnapshot:
    """Translate a PaymentIntent that stands for itself.

    Nobody comes back to a charge of a saved method: one that failed, or waits for its payer, is
    over.
    """
    status = _STATUSES.get(intent.status, PaymentStatus.UNRECOGNIZED)
    saved = _text(intent.metadata).get(FLOW_KEY) == SAVED
    if saved and intent.status in _TRIED:
        status = PaymentStatus.CANCELED
    return _snapshot(intent, status)


def session_snapshot(session: wire.Session) -> PaymentSnapshot:
    """Translate a checkout session with its PaymentIntent, which must be expanded."""
    intent = session.payment_intent
    if isinstance(intent, str):
        raise InvalidValue(f"the payment of session {session.id} was not shown")
    if intent is None:
        return _without_intent(session)
    status = _STATUSES.get(intent.status, PaymentStatus.UNRECOGNIZED)
    is_open = session.status == "open"
    if intent.status in _TRIED and not is_open:
        status = PaymentStatus.CANCELED
    return replace(
        _snapshot(intent, status),
        external_id=session.id,
        created_at=instant(session.created),
        raw={**_evidence(intent), "session": session.id, "session_status": session.status},
        **_way_to_pay(session, status),
    )


def refund_snapshot(refund: wire.Refund, external_payment_id: str) -> RefundSnapshot:
    """Translate a refund of a payment that Kazna knows by this id."""
    status = _REFUND_STATUSES.get(refund.status or "", RefundStatus.UNRECOGNIZED)
    why = refund.failure_reason or refund.status or ""
    raw: dict[str, Any] = msgspec.to_builtins(refund)
    if isinstance(refund.payment_intent, wire.PaymentIntent):
        raw["payment_intent"] = refund.payment_intent.id
    return RefundSnapshot(
        provider=CODE,
        external_id=refund.id,
        external_payment_id=external_payment_id,
        status=status,
        money=to_money(refund.amount, refund.currency),
        created_at=instant(refund.created),
        decline=decline_of(why) if status is RefundStatus.CANCELED else None,
        raw=raw,
    )


def instant(seconds: int) -> datetime:
    """Read an instant."""
    return datetime.fromtimestamp(seconds, UTC)


def _without_intent(session: wire.Session) -> PaymentSnapshot:
    """Translate a session at which nobody has tried to pay."""
    if session.amount_total is None or session.currency is None:
        raise InvalidValue(f"session {session.id} states no amount")
    money = to_money(session.amount_total, session.currency)
    status = {"open": PaymentStatus.PENDING, "expired": PaymentStatus.CANCELED}.get(
        session.status or "", PaymentStatus.UNRECOGNIZED
    )
    metadata = _text(session.metadata)
    return PaymentSnapshot(
        provider=CODE,
        external_id=session.id,
        status=status,
        money=money,
        captured=Money.zero(money.currency),
        refunded=Money.zero(money.currency),
        created_at=instant(session.created),
        reference=metadata.get(REFERENCE_KEY),
        metadata=metadata,
        decline=decline_of("session_expired") if status is PaymentStatus.CANCELED else None,
        test=not session.livemode,
        raw={"session": session.id, "status": session.status, "paid": session.payment_status},
        **_way_to_pay(session, status),
    )


def _way_to_pay(session: wire.Session, status: PaymentStatus) -> dict[str, Any]:
    """Tell where the payer pays, while they still can."""
    if status is not PaymentStatus.PENDING or session.status != "open":
        return {}
    return {
        "confirmation_url": session.url,
        "widget_token": session.client_secret if not session.url else None,
        "expires_at": instant(session.expires_at) if session.expires_at is not None else None,
    }


def _snapshot(intent: wire.PaymentIntent, status: PaymentStatus) -> PaymentSnapshot:
    money = to_money(intent.amount, intent.currency)
    nothing = Money.zero(money.currency)
    charge = intent.latest_charge if isinstance(intent.latest_charge, wire.Charge) else None
    captured = nothing
    if status is PaymentStatus.SUCCEEDED:
        received = intent.amount_received
        captured = money if received is None else to_money(received, intent.currency)
    metadata = _text(intent.metadata)
    return PaymentSnapshot(
        provider=CODE,
        external_id=intent.id,
        status=status,
        money=money,
        captured=captured,
        refunded=to_money(charge.amount_refunded, intent.currency) if charge else nothing,
        created_at=instant(intent.created),
        captured_at=_captured_at(charge) if status is PaymentStatus.SUCCEEDED else None,
        method=_method(intent),
        reference=metadata.get(REFERENCE_KEY),
        metadata=metadata,
        decline=_decline(intent) if status is PaymentStatus.CANCELED else None,
        test=not intent.livemode,
        raw=_evidence(intent),
    )


def _captured_at(charge: wire.Charge | None) -> datetime | None:
    """Read when the money became ours; a held charge is older than that."""
    if charge is None:
        return None
    booked = charge.balance_transaction
    return instant(
        booked.created if isinstance(booked, wire.BalanceTransaction) else charge.created
    )


def _decline(intent: wire.PaymentIntent) -> Decline:
    if intent.cancellation_reason in ("requested_by_customer", "duplicate"):
        return decline_of(intent.cancellation_reason)
    if intent.last_payment_error is not None:
        return decline_for(intent.last_payment_error)
    if intent.status == "requires_action":
        return decline_of(intent.status)
    return decline_of(intent.cancellation_reason or "session_expired")


def _method(intent: wire.PaymentIntent) -> SavedMethod | None:
    """Read how it was paid; its id names the customer too, because a charge needs both."""
    method = intent.payment_method
    if not isinstance(method, wire.PaymentMethod):
        return None
    card = method.card or wire.Card()
    name = card.brand.title() if method.card else method.type
    return SavedMethod(
        external_id=f"{method.customer}/{method.id}" if method.customer else method.id,
        saved=method.customer is not None,
        type=method.type,
        title=f"{name} *{card.last4}" if card.last4 else name,
        last4=card.last4,
        expires_month=card.exp_month,
        expires_year=card.exp_year,
    )


def _text(metadata: Mapping[str, Any] | None) -> dict[str, str]:
    return {key: str(value) for key, value in (metadata or {}).items()}


def _evidence(intent: wire.PaymentIntent) -> dict[str, Any]:
    """Keep what may have to be shown later, without what could be charged."""
    kept: dict[str, Any] = msgspec.to_builtins(intent)
    kept.pop("metadata", None)
    if isinstance(method := kept.get("payment_method"), dict):
        del method["id"]
        method.pop("customer", None)
    else:
        kept.pop("payment_method", None)
    kept.pop("customer", None)
    return kept
