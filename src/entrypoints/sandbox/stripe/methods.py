"""Saved payment methods: taken away from their customer they are never charged again."""

from entrypoints.sandbox.stripe import events, objects
from entrypoints.sandbox.stripe.call import Call
from entrypoints.sandbox.stripe.errors import invalid
from entrypoints.sandbox.stripe.objects import Kept
from entrypoints.sandbox.stripe.platform import Platform


def detach(platform: Platform, call: Call) -> Kept:
    """Take a method away from its customer."""
    method = objects.get(platform.store, "payment_method", call.object_id)
    if method.shown["customer"] is None:
        raise invalid("The payment method you provided is not attached to a customer", "id")
    method.shown["customer"] = None
    objects.save(platform.store, method)
    events.tell(platform, "payment_method.detached", method.shown, call.at_ms)
    return method
