"""The operations of the API: method, path, and what each does."""

from collections.abc import Callable
from typing import Final, NamedTuple

from entrypoints.sandbox.stripe import intents, methods, refunds, sessions
from entrypoints.sandbox.stripe.call import Call
from entrypoints.sandbox.stripe.objects import Kept
from entrypoints.sandbox.stripe.platform import Platform


class Operation(NamedTuple):
    """An operation that changes something; it answers the object it changed."""

    name: str
    path: str
    run: Callable[[Platform, Call], Kept]


CHANGES: Final = (
    Operation("create_session", "/checkout/sessions", sessions.create),
    Operation("expire_session", "/checkout/sessions/{object_id:str}/expire", sessions.expire),
    Operation("create_payment", "/payment_intents", intents.create),
    Operation("capture_payment", "/payment_intents/{object_id:str}/capture", intents.capture),
    Operation("cancel_payment", "/payment_intents/{object_id:str}/cancel", intents.cancel),
    Operation("create_refund", "/refunds", refunds.create),
    Operation("detach_method", "/payment_methods/{object_id:str}/detach", methods.detach),
)

# Every kind can be shown by its id; those that say so are listed too.
KINDS: Final = {
    "checkout.session": ("/checkout/sessions", True),
    "payment_intent": ("/payment_intents", True),
    "charge": ("/charges", True),
    "refund": ("/refunds", True),
    "event": ("/events", True),
    "customer": ("/customers", False),
    "payment_method": ("/payment_methods", False),
    "balance_transaction": ("/balance_transactions", False),
}
