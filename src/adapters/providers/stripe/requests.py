"""The bodies of what is asked of Stripe; InvalidValue where Stripe cannot express it."""

from collections.abc import Mapping

from adapters.providers.stripe.amounts import to_amount
from adapters.providers.stripe.forms import Value
from adapters.providers.stripe.translate import (
    CHECKOUT,
    FLOW_KEY,
    PAYMENT_KEY,
    REFERENCE_KEY,
    SAVED,
)
from application.payments.provider import CheckoutRequest, RefundRequest, SavedChargeRequest
from domain.shared.errors import InvalidValue
from domain.shared.money import Money

Fields = dict[str, Value]

_METADATA_KEYS, _METADATA_KEY_CHARACTERS, _METADATA_CHARACTERS = 50, 40, 500
_NAME_CHARACTERS = 250
_REFERENCE_CHARACTERS = 200

OF_INTENT = ("payment_method", "latest_charge.balance_transaction")
OF_SESSION = tuple(f"payment_intent.{each}" for each in OF_INTENT)


def checkout(request: CheckoutRequest) -> Fields:
    """Ask for a page to send the payer to, or for one that is embedded in the shop's own.

    Cards only: a payment by them is decided while the payer is there. Without a name in the
    description Stripe refuses a line, so the reference stands in.
    """
    metadata = _metadata(request.reference, CHECKOUT, request.metadata)
    amount: Fields = {
        "currency": request.money.currency.code.lower(),
        "unit_amount": to_amount(request.money),
        "product_data": {"name": request.description.strip()[:_NAME_CHARACTERS] or "payment"},
    }
    return {
        "mode": "payment",
        "payment_method_types": ["card"],
        "client_reference_id": request.reference[:_REFERENCE_CHARACTERS],
        "line_items": [{"quantity": 1, "price_data": amount}],
        "customer_creation": "always" if request.save_method else "if_required",
        "customer_email": request.customer.email,
        "payment_intent_data": {
            "capture_method": "automatic" if request.capture else "manual",
            "description": request.description[:_METADATA_CHARACTERS] or None,
            "setup_future_usage": "off_session" if request.save_method else None,
            "metadata": metadata,
        },
        "metadata": metadata,
        **_page(request.return_url),
        "expand": OF_SESSION,
    }


def charge(request: SavedChargeRequest) -> Fields:
    """Ask for a payment with a saved method while nobody is present."""
    customer, method = parts_of(request.external_method_id)
    return {
        "amount": to_amount(request.money),
        "currency": request.money.currency.code.lower(),
        "customer": customer,
        "payment_method": method,
        "payment_method_types": ["card"],
        "capture_method": "automatic",
        "confirm": True,
        "off_session": True,
        "description": request.description[:_METADATA_CHARACTERS] or None,
        "metadata": _metadata(request.reference, SAVED, request.metadata),
        "expand": OF_INTENT,
    }


def capture(external_id: str, money: Money | None) -> Fields:
    """Ask for held money; the payment learns under which id Kazna knows it."""
    return {
        "amount_to_capture": to_amount(money) if money else None,
        "metadata": {PAYMENT_KEY: external_id},
        "expand": OF_INTENT,
    }


def cancel() -> Fields:
    """Ask to let held money go."""
    return {"cancellation_reason": "requested_by_customer", "expand": OF_INTENT}


def refund(request: RefundRequest, intent_id: str) -> Fields:
    """Ask for money back; our words of why are kept beside it, Stripe's own are three."""
    return {
        "payment_intent": intent_id,
        "amount": to_amount(request.money),
        "metadata": {
            "refund_id": request.reference,
            PAYMENT_KEY: request.external_payment_id,
            "reason": request.reason[:_METADATA_CHARACTERS] or None,
        },
    }


def parts_of(external_method_id: str) -> tuple[str | None, str]:
    """Split a saved method's id into its customer, if it has one, and itself."""
    customer, _, method = external_method_id.rpartition("/")
    return customer or None, method


def _page(return_url: str | None) -> Fields:
    if return_url:
        return {"success_url": return_url, "cancel_url": return_url}
    return {"ui_mode": "embedded", "redirect_on_completion": "never"}


def _metadata(reference: str, flow: str, given: Mapping[str, str]) -> dict[str, str]:
    """Add our reference and our mark; they come back in every answer."""
    metadata = {**given, REFERENCE_KEY: reference, FLOW_KEY: flow}
    if len(metadata) > _METADATA_KEYS:
        raise InvalidValue(f"metadata holds {_METADATA_KEYS} keys, two of ours included")
    if any(not 1 <= len(key) <= _METADATA_KEY_CHARACTERS for key in metadata):
        raise InvalidValue(f"a metadata key has 1 to {_METADATA_KEY_CHARACTERS} characters")
    if any(set(key) & {"[", "]"} for key in metadata):
        raise InvalidValue("a metadata key has no brackets")
    if any(len(value) > _METADATA_CHARACTERS for value in metadata.values()):
        raise InvalidValue(f"a metadata value has at most {_METADATA_CHARACTERS} characters")
    return metadata
