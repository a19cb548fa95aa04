"""Refunds: never more than was captured, in the payment's own currency."""

import msgspec

from entrypoints.sandbox.stripe import events, objects
from entrypoints.sandbox.stripe.call import Call
from entrypoints.sandbox.stripe.errors import ApiError, invalid
from entrypoints.sandbox.stripe.forms import Metadata, read
from entrypoints.sandbox.stripe.objects import Kept
from entrypoints.sandbox.stripe.platform import Platform


class Create(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The body of a refund to be created."""

    payment_intent: str
    amount: int | None = None
    reason: str | None = None
    metadata: Metadata = {}
    expand: list[str] = []


def create(platform: Platform, call: Call) -> Kept:
    """Give money back; whether it arrives at once is the configuration's choice."""
    asked = read(Create, call.body)
    intent = objects.get(platform.store, "payment_intent", asked.payment_intent, "payment_intent")
    if intent.shown["status"] != "succeeded":
        raise invalid(
            f"This PaymentIntent ({asked.payment_intent}) does not have a successful charge to "
            "refund.",
            "payment_intent",
        )
    charge = objects.get(platform.store, "charge", intent.shown["latest_charge"])
    left = charge.shown["amount_captured"] - charge.shown["amount_refunded"]
    amount = left if asked.amount is None else asked.amount
    if left == 0:
        raise invalid("The charge has already been refunded.", None, "charge_already_refunded")
    if not 0 < amount <= left:
        raise invalid("Refund amount is greater than unrefunded amount on charge", "amount")
    refund = objects.add(
        platform,
        "refund",
        {
            "amount": amount,
            "charge": charge.shown["id"],
            "currency": charge.shown["currency"],
            "failure_reason": None,
            "metadata": asked.metadata,
            "payment_intent": asked.payment_intent,
            "reason": asked.reason,
            "status": "pending",
        },
        at_ms=call.at_ms,
    )
    _count(platform, charge, amount)
    match platform.behaviour.refunds:
        case "succeed":
            refund.shown["status"] = "succeeded"
            objects.save(platform.store, refund)
        case "fail":
            finish(platform, refund, platform.behaviour.refund_failure_reason, call.at_ms)
        case "stay_pending":
            pass
    events.tell(platform, "refund.created", refund.shown, call.at_ms)
    events.tell(platform, "charge.refunded", charge.shown, call.at_ms)
    return refund


def finish(platform: Platform, refund: Kept, failed_for: str | None, at_ms: int) -> None:
    """Let a pending refund arrive, or fail and give back what it took."""
    if refund.shown["status"] != "pending":
        raise ApiError(400, f"Refund is already {refund.shown['status']}")
    if failed_for is None:
        refund.shown["status"] = "succeeded"
    else:
        refund.shown |= {"status": "failed", "failure_reason": failed_for}
        charge = objects.get(platform.store, "charge", refund.shown["charge"])
        _count(platform, charge, -refund.shown["amount"])
    objects.save(platform.store, refund)
    name = "refund.updated" if failed_for is None else "refund.failed"
    events.tell(platform, name, refund.shown, at_ms)


def _count(platform: Platform, charge: Kept, amount: int) -> None:
    refunded = charge.shown["amount_refunded"] + amount
    charge.shown |= {
        "amount_refunded": refunded,
        "refunded": refunded == charge.shown["amount_captured"],
    }
    objects.save(platform.store, charge)
