"""Requests to a card provider, as plain as they can be; a test names only what it is about."""

from itertools import count

import pytest

from application.payments.provider import (
    CheckoutRequest,
    Customer,
    PaymentSnapshot,
    RefundRequest,
    SavedChargeRequest,
)
from domain.shared.money import Money
from tests.contract.gateway import Gateway

_numbers = count(1)
PAYER = Customer(id="customer-1", email="payer@example.org")
PRICE = Money.of(29900, "RUB")


def reference() -> str:
    """Return a reference never used before."""
    return f"attempt-{next(_numbers)}"


def checkout(
    money: Money = PRICE,
    *,
    of: str | None = None,
    save_method: bool = False,
    capture: bool = True,
    description: str = "Club, March",
) -> CheckoutRequest:
    """Ask for a first payment."""
    own = of or reference()
    return CheckoutRequest(
        reference=own,
        idempotency_key=own,
        money=money,
        description=description,
        return_url="https://shop.example.org/thanks",
        customer=PAYER,
        save_method=save_method,
        capture=capture,
        metadata={"invoice_id": "inv-7"},
    )


def saved_charge(
    method_id: str, money: Money = PRICE, *, of: str | None = None
) -> SavedChargeRequest:
    """Ask for a payment with a saved method."""
    own = of or reference()
    return SavedChargeRequest(
        reference=own,
        idempotency_key=own,
        money=money,
        description="Club, April",
        customer=PAYER,
        external_method_id=method_id,
        metadata={"invoice_id": "inv-8"},
    )


def refund(payment: PaymentSnapshot, money: Money, *, of: str | None = None) -> RefundRequest:
    """Ask for money back."""
    own = of or reference()
    return RefundRequest(
        reference=own,
        idempotency_key=own,
        external_payment_id=payment.external_id,
        money=money,
        reason="asked by the customer",
    )


async def opened(gateway: Gateway, request: CheckoutRequest) -> PaymentSnapshot:
    """Open a checkout and return the payment that waits for its payer."""
    outcome = await gateway.provider.start_checkout(request)
    assert type(outcome).__name__ == "Accepted", outcome
    return outcome.snapshot  # type: ignore[union-attr]


async def begun(gateway: Gateway, request: CheckoutRequest) -> PaymentSnapshot:
    """Open a checkout and return the payment as its payer begins to pay."""
    payment = await opened(gateway, request)
    await gateway.begins(payment)
    return payment


async def paid(gateway: Gateway, request: CheckoutRequest | None = None) -> PaymentSnapshot:
    """Open a checkout, let the payer pay, and return the payment as it stands then."""
    payment = await opened(gateway, request or checkout())
    await gateway.pays(payment)
    return await current(gateway, payment)


async def current(gateway: Gateway, payment: PaymentSnapshot) -> PaymentSnapshot:
    """Ask the provider how the payment stands."""
    found = await gateway.provider.get_payment(payment.external_id)
    assert type(found).__name__ == "Found", found
    return found.snapshot  # type: ignore[union-attr]


async def saved_method(gateway: Gateway) -> str:
    """Pay once with a card that is kept, and return its id at the gateway."""
    payment = await paid(gateway, checkout(save_method=True))
    assert payment.method is not None
    assert payment.method.saved
    return payment.method.external_id


def needs(gateway: Gateway, capability: str) -> None:
    """Skip, aloud, what a gateway does not offer."""
    if not getattr(gateway.provider.capabilities, capability):
        pytest.skip(f"{gateway.provider.code} does not do it: {capability}")
