"""Short ways through the official SDK."""

from typing import Any

import httpx
from yookassa import Payment

from tests.integration.sandbox.harness import RETURN_URL, checkout, money


def pay(payment: Any, card: str = "5555555555554477") -> Any:
    """Go to the confirmation page like a payer would, with a form."""
    answer = httpx.post(payment.confirmation.confirmation_url, data={"card": card, "action": "pay"})
    assert (answer.status_code, answer.headers["location"]) == (303, RETURN_URL)
    return Payment.find_one(payment.id)


def saved_method() -> str:
    payment = pay(Payment.create(checkout(save_payment_method=True)))
    assert payment.payment_method.saved
    return str(payment.payment_method.id)


def charge(method_id: str, value: str = "100.00", **more: Any) -> Any:
    body = {"amount": money(value), "capture": True, "payment_method_id": method_id, **more}
    return Payment.create(body)
