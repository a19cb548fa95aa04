"""How money that a gateway took or gave back is entered: one function per business fact."""

from datetime import datetime

from domain.ledger.chart import company, gateway_clearing
from domain.ledger.posting import Posting, References, credit, debit
from domain.shared.facts import Cause
from domain.shared.ids import AttemptId, InvoiceId, RefundId
from domain.shared.money import Money


def charge_captured(
    attempt_id: AttemptId,
    *,
    gateway: str,
    amount: Money,
    revenue: str,
    occurred_at: datetime,
    cause: Cause,
    invoice_id: InvoiceId | None = None,
) -> Posting:
    """Enter a captured charge: the gateway owes us, and we have earned on the revenue account."""
    return Posting(
        key=f"capture:{attempt_id}",
        kind="charge_captured",
        entries=(
            debit(gateway_clearing(gateway, amount.currency), amount),
            credit(company(revenue, amount.currency), amount),
        ),
        occurred_at=occurred_at,
        cause=cause,
        references=References(attempt_id=attempt_id, invoice_id=invoice_id),
    )


def refund_succeeded(
    refund_id: RefundId,
    *,
    attempt_id: AttemptId,
    gateway: str,
    amount: Money,
    occurred_at: datetime,
    cause: Cause,
    invoice_id: InvoiceId | None = None,
) -> Posting:
    """Enter money given back by the gateway that captured it; revenue stays as it was earned."""
    return Posting(
        key=f"refund:{refund_id}",
        kind="refund_succeeded",
        entries=(
            debit(company("refunds", amount.currency), amount),
            credit(gateway_clearing(gateway, amount.currency), amount),
        ),
        occurred_at=occurred_at,
        cause=cause,
        references=References(attempt_id=attempt_id, refund_id=refund_id, invoice_id=invoice_id),
    )
