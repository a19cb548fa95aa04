"""What a gateway is told of an attempt; the same attempt always gives the same request."""

from collections.abc import Mapping, Sequence

from application.payments.provider import (
    CheckoutRequest,
    ReceiptItem,
    SavedChargeRequest,
)
from application.payments.provider import (
    Customer as Payer,
)
from domain.identity.customer import Customer
from domain.payments.attempt import Attempt
from domain.payments.invoice import Invoice, SubscriptionPeriod
from domain.payments.method import PaymentMethod
from domain.payments.receipt import Receipt
from domain.shared.ids import CustomerId


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


def payer(customer: Customer, receipt: Receipt | None) -> Payer:
    """Name the payer; what is on the receipt stays, whatever their address is now."""
    return receiver(customer.id, receipt) or Payer(id=str(customer.id), email=customer.email)


def receiver(customer_id: CustomerId, receipt: Receipt | None) -> Payer | None:
    """Name whom a receipt goes to, where there is one."""
    return Payer(id=str(customer_id), email=receipt.email) if receipt else None


def items_of(receipt: Receipt | None) -> Sequence[ReceiptItem]:
    """Write the lines of a receipt; without one there are none."""
    return [
        ReceiptItem(
            description=line.description,
            quantity=line.quantity,
            price=line.price,
            vat_code=line.terms.vat_code,
            payment_subject=line.terms.subject,
            payment_mode=line.terms.mode,
        )
        for line in (receipt.lines if receipt else ())
    ]


def checkout(attempt: Attempt, invoice: Invoice, customer: Customer) -> CheckoutRequest:
    """Build the request of a payment with the customer present."""
    return CheckoutRequest(
        reference=str(attempt.id),
        idempotency_key=str(attempt.id),
        money=attempt.money,
        description=invoice.description,
        return_url=attempt.return_url,
        customer=payer(customer, attempt.receipt),
        save_method=attempt.saves_method,
        metadata=metadata(attempt, invoice),
        receipt=items_of(attempt.receipt),
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
        customer=payer(customer, attempt.receipt),
        external_method_id=method.external_id,
        metadata=metadata(attempt, invoice),
        receipt=items_of(attempt.receipt),
    )
