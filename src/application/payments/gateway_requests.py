"""What a gateway is told of an attempt; the same attempt always gives the same request."""

from collections.abc import Mapping

from application.payments.provider import (
    CheckoutRequest,
    SavedChargeRequest,
)
from application.payments.provider import (
    Customer as Payer,
)
from domain.identity.customer import Customer
from domain.payments.attempt import Attempt
from domain.payments.invoice import Invoice, SubscriptionPeriod
from domain.payments.method import PaymentMethod


def metadata(attempt: Attempt, invoice: Invoice) -> Mapping[str, str]:
    """Return what lets us recognise our payment in the gateway's own list, years later."""
    known = {
        "attempt_id": str(attempt.id),
        "invoice_id": str(invoice.id),
        "customer_id": str(attempt.customer_id),
    }
    if isinstance(invoice.purpose, SubscriptionPeriod):
        known["subscription_id"] = str(invoice.purpose.subscription_id)
        known["price_id"] = str(invoice.purpose.price_id)
        known["period_start"] = invoice.purpose.period.start.isoformat()
    return known


def payer(customer: Customer) -> Payer:
    """Name the payer."""
    return Payer(id=str(customer.id), email=customer.email)


def checkout(attempt: Attempt, invoice: Invoice, customer: Customer) -> CheckoutRequest:
    """Build the request of a payment with the customer present."""
    return CheckoutRequest(
        reference=str(attempt.id),
        idempotency_key=str(attempt.id),
        money=attempt.money,
        description=invoice.description,
        return_url=attempt.return_url,
        customer=payer(customer),
        save_method=attempt.saves_method,
        metadata=metadata(attempt, invoice),
    )


def saved_charge(
    attempt: Attempt, invoice: Invoice, customer: Customer, method: PaymentMethod
) -> SavedChargeRequest:
    """Build the request of a payment nobody is present for."""
    return SavedChargeRequest(
        reference=str(attempt.id),
        idempotency_key=str(attempt.id),
        money=attempt.money,
        description=invoice.description,
        customer=payer(customer),
        external_method_id=method.external_id,
        metadata=metadata(attempt, invoice),
    )
