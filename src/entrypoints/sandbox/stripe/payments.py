"""PaymentIntents and what hangs on them: made, tried, held, settled, let go."""

from typing import Final

from entrypoints.sandbox.stripe import events, objects
from entrypoints.sandbox.stripe.cards import Card
from entrypoints.sandbox.stripe.errors import ApiError
from entrypoints.sandbox.stripe.objects import Kept, Shown
from entrypoints.sandbox.stripe.platform import Platform

# Codes that stand by themselves; every other decline is `card_declined` with a decline code.
_OWN_CODES: Final = frozenset(
    {"expired_card", "incorrect_cvc", "incorrect_number", "processing_error"}
    | {"authentication_required"}
)


def new(
    platform: Platform,
    *,
    amount: int,
    currency: str,
    metadata: dict[str, str],
    capture_method: str,
    description: str | None,
    at_ms: int,
) -> Kept:
    """Make a PaymentIntent that nobody has tried yet."""
    shown: Shown = {
        "amount": amount,
        "amount_capturable": 0,
        "amount_received": 0,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": capture_method,
        "currency": currency,
        "customer": None,
        "description": description,
        "last_payment_error": None,
        "latest_charge": None,
        "metadata": metadata,
        "next_action": None,
        "payment_method": None,
        "payment_method_types": ["card"],
        "setup_future_usage": None,
        "status": "requires_payment_method",
    }
    intent = objects.add(platform, "payment_intent", shown, at_ms=at_ms)
    intent.shown["client_secret"] = f"{intent.shown['id']}_secret_{intent.number:08x}"
    events.tell(platform, "payment_intent.created", intent.shown, at_ms)
    return intent


def authorize(platform: Platform, intent: Kept, card: Card, at_ms: int) -> None:
    """Take the payer's money: succeeded at once, or held until it is captured."""
    charge = _charge(platform, intent, card, at_ms, paid=True)
    intent.shown |= {
        "latest_charge": charge.shown["id"],
        "last_payment_error": None,
        "amount_capturable": intent.shown["amount"],
        "status": "requires_capture",
    }
    if intent.shown["capture_method"] == "manual":
        intent.deadline_ms = at_ms + platform.behaviour.capture_seconds * 1000
        objects.save(platform.store, intent)
        events.tell(platform, "payment_intent.amount_capturable_updated", intent.shown, at_ms)
        return
    settle(platform, intent, charge, intent.shown["amount"], at_ms)


def fail(platform: Platform, intent: Kept, card: Card, code: str, at_ms: int) -> ApiError:
    """Let a try be declined; return what the one who tried is answered."""
    charge = _charge(platform, intent, card, at_ms, paid=False)
    own = code in _OWN_CODES
    error: Shown = {
        "type": "card_error",
        "code": code if own else "card_declined",
        "message": "Your card was declined.",
        "charge": charge.shown["id"],
    }
    if not own or code == "authentication_required":
        error["decline_code"] = code
    method_id = intent.shown["payment_method"]
    method = objects.find(platform.store, method_id) if method_id else None
    intent.shown |= {
        "latest_charge": charge.shown["id"],
        "last_payment_error": {**error, "payment_method": method.shown if method else None},
        "payment_method": None,
        "status": "requires_payment_method",
    }
    objects.save(platform.store, intent)
    events.tell(platform, "payment_intent.payment_failed", intent.shown, at_ms)
    return ApiError(
        402,
        error["message"],
        kind="card_error",
        code=error["code"],
        more={
            **{name: error[name] for name in ("decline_code", "charge") if name in error},
            "payment_intent": intent.shown,
        },
        kept=True,
    )


def let_go(platform: Platform, intent: Kept, reason: str | None, at_ms: int) -> None:
    """Cancel a payment; one that is over is refused."""
    if intent.shown["status"] in ("succeeded", "canceled", "processing"):
        raise unexpected(intent, "canceled")
    intent.shown |= {
        "status": "canceled",
        "canceled_at": at_ms // 1000,
        "cancellation_reason": reason,
        "amount_capturable": 0,
    }
    intent.deadline_ms = None
    objects.save(platform.store, intent)
    events.tell(platform, "payment_intent.canceled", intent.shown, at_ms)


def settle(platform: Platform, intent: Kept, charge: Kept, amount: int, at_ms: int) -> None:
    """Move an amount to the merchant, as of now."""
    booked = objects.add(
        platform,
        "balance_transaction",
        {"amount": amount, "currency": intent.shown["currency"], "source": charge.shown["id"]},
        at_ms=at_ms,
    )
    charge.shown |= {
        "captured": True,
        "amount_captured": amount,
        "balance_transaction": booked.shown["id"],
    }
    objects.save(platform.store, charge)
    intent.shown |= {"status": "succeeded", "amount_received": amount, "amount_capturable": 0}
    intent.deadline_ms = None
    objects.save(platform.store, intent)
    events.tell(platform, "payment_intent.succeeded", intent.shown, at_ms)


def _charge(platform: Platform, intent: Kept, card: Card, at_ms: int, *, paid: bool) -> Kept:
    shown: Shown = {
        "amount": intent.shown["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "balance_transaction": None,
        "captured": False,
        "currency": intent.shown["currency"],
        "customer": intent.shown["customer"],
        "disputed": False,
        "metadata": intent.shown["metadata"],
        "paid": paid,
        "payment_intent": intent.shown["id"],
        "payment_method": intent.shown["payment_method"],
        "payment_method_details": {
            "type": "card",
            "card": {"brand": card.brand, "last4": card.number[-4:]},
        },
        "refunded": False,
        "status": "succeeded" if paid else "failed",
    }
    return objects.add(platform, "charge", shown, at_ms=at_ms)


def unexpected(intent: Kept, verb: str) -> ApiError:
    """Refuse what the status of a payment does not allow."""
    return ApiError(
        400,
        f"This PaymentIntent could not be {verb} because it has a status of "
        f"{intent.shown['status']}.",
        code="payment_intent_unexpected_state",
        more={"payment_intent": intent.shown},
    )
