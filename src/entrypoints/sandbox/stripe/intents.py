"""Operations on PaymentIntents: the merchant's own requests."""

from bisect import bisect_right
from itertools import accumulate

import msgspec

from entrypoints.sandbox.chance import draw
from entrypoints.sandbox.stripe import amounts, objects, payments
from entrypoints.sandbox.stripe.call import Call
from entrypoints.sandbox.stripe.cards import find_card
from entrypoints.sandbox.stripe.errors import invalid
from entrypoints.sandbox.stripe.forms import Metadata, read
from entrypoints.sandbox.stripe.objects import Kept
from entrypoints.sandbox.stripe.platform import Platform


class Create(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The body of a PaymentIntent to be created."""

    amount: int
    currency: str
    customer: str | None = None
    payment_method: str | None = None
    payment_method_types: list[str] = []
    capture_method: str = "automatic"
    confirm: bool = False
    off_session: bool = False
    setup_future_usage: str | None = None
    description: str | None = None
    metadata: Metadata = {}
    expand: list[str] = []


class Capture(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The body of a capture."""

    amount_to_capture: int | None = None
    metadata: Metadata = {}
    expand: list[str] = []


class Cancel(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The body of a cancellation."""

    cancellation_reason: str | None = None
    expand: list[str] = []


def create(platform: Platform, call: Call) -> Kept:
    """Create a payment; with `confirm` it is tried at once with the method given.

    A declined one is answered with 402, and its PaymentIntent stays.
    """
    asked = read(Create, call.body)
    amounts.check(asked.amount, asked.currency, limited=platform.behaviour.amount_limits)
    if asked.off_session and not asked.confirm:
        raise invalid("off_session can only be used with confirm", "off_session")
    method = _method_of(platform, asked)
    intent = payments.new(
        platform,
        amount=asked.amount,
        currency=asked.currency,
        metadata=asked.metadata,
        capture_method=asked.capture_method,
        description=asked.description,
        at_ms=call.at_ms,
    )
    intent.shown |= {
        "customer": asked.customer,
        "payment_method": method.shown["id"] if method else None,
        "setup_future_usage": asked.setup_future_usage,
        "status": "requires_confirmation" if method else "requires_payment_method",
    }
    objects.save(platform.store, intent)
    if not asked.confirm:
        return intent
    if method is None:
        raise invalid("A payment method is needed to confirm", "payment_method")
    card = find_card(method.hidden["card"])
    code = _drawn_decline(platform, call.key) or (card.charge if asked.off_session else None)
    if code is not None:
        raise payments.fail(platform, intent, card, code, call.at_ms)
    payments.authorize(platform, intent, card, call.at_ms)
    return intent


def _method_of(platform: Platform, asked: Create) -> Kept | None:
    if asked.payment_method is None:
        return None
    if asked.customer is not None:
        objects.get(platform.store, "customer", asked.customer, "customer")
    method = objects.get(platform.store, "payment_method", asked.payment_method, "payment_method")
    owner = method.shown["customer"]
    if owner is None:
        raise invalid(
            "The provided PaymentMethod was previously used with a PaymentIntent without Customer "
            "attachment, shared with a connected account without Customer attachment, or was "
            "detached from a Customer. It may not be used again.",
            "payment_method",
        )
    if owner != asked.customer:
        raise invalid(
            "The customer does not have a payment method with the ID "
            f"{asked.payment_method}. The payment method must be attached to the customer.",
            "payment_method",
        )
    return method


def _drawn_decline(platform: Platform, key: str) -> str | None:
    behaviour = platform.behaviour
    if draw(behaviour.seed, "decline", key) * 100 >= behaviour.decline_percent:
        return None
    codes = list(behaviour.decline_codes)
    sums = list(accumulate(behaviour.decline_codes.values()))
    return codes[bisect_right(sums, draw(behaviour.seed, "code", key) * sums[-1])]


def capture(platform: Platform, call: Call) -> Kept:
    """Take held money, all of it or a part; the rest goes back."""
    asked = read(Capture, call.body)
    intent = objects.get(platform.store, "payment_intent", call.object_id)
    if intent.shown["status"] != "requires_capture":
        raise payments.unexpected(intent, "captured")
    amount = asked.amount_to_capture
    if amount is None:
        amount = intent.shown["amount_capturable"]
    if not 0 < amount <= intent.shown["amount_capturable"]:
        raise invalid(
            "The amount to capture is greater than the remaining amount",
            "amount_to_capture",
            "amount_too_large",
        )
    intent.shown["metadata"] = {**intent.shown["metadata"], **asked.metadata}
    charge = objects.get(platform.store, "charge", intent.shown["latest_charge"])
    payments.settle(platform, intent, charge, amount, call.at_ms)
    return intent


def cancel(platform: Platform, call: Call) -> Kept:
    """Let a payment go that has taken no money yet."""
    asked = read(Cancel, call.body)
    intent = objects.get(platform.store, "payment_intent", call.object_id)
    payments.let_go(platform, intent, asked.cancellation_reason, call.at_ms)
    return intent
