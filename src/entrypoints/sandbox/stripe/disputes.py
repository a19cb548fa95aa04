"""Disputes: a payer's bank takes the money back."""

from entrypoints.sandbox.stripe import events, objects
from entrypoints.sandbox.stripe.errors import invalid
from entrypoints.sandbox.stripe.objects import Kept
from entrypoints.sandbox.stripe.platform import Platform


def open_dispute(platform: Platform, intent_id: str, at_ms: int) -> Kept:
    """Dispute a payment that succeeded; the money is withdrawn at once."""
    intent = objects.get(platform.store, "payment_intent", intent_id)
    if intent.shown["status"] != "succeeded":
        raise invalid("Only a payment that succeeded is disputed", "payment_intent")
    charge = objects.get(platform.store, "charge", intent.shown["latest_charge"])
    charge.shown["disputed"] = True
    objects.save(platform.store, charge)
    shown = {
        "amount": charge.shown["amount_captured"],
        "charge": charge.shown["id"],
        "currency": charge.shown["currency"],
        "metadata": {},
        "payment_intent": intent_id,
        "reason": "fraudulent",
        "status": "needs_response",
    }
    dispute = objects.add(platform, "dispute", shown, at_ms=at_ms)
    for name in ("charge.dispute.created", "charge.dispute.funds_withdrawn"):
        events.tell(platform, name, dispute.shown, at_ms)
    return dispute
