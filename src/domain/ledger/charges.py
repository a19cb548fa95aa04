"""How charges, refunds, fees and disputes are entered: one function per business fact."""

from datetime import datetime
from typing import Literal

from domain.ledger.chart import company, gateway_clearing
from domain.ledger.posting import Posting, References, credit, debit
from domain.shared.facts import Cause
from domain.shared.ids import AttemptId, InvoiceId, RefundId
from domain.shared.money import Money

Revenue = Literal["subscription_revenue", "purchase_revenue"]


def charge_captured(
    attempt_id: AttemptId,
    *,
    gateway: str,
    amount: Money,
    revenue: Revenue,
    occurred_at: datetime,
    cause: Cause,
    invoice_id: InvoiceId | None = None,
) -> Posting:
    """Enter a captured charge: the gateway owes us, and we have earned."""
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
    """Enter money given back through the gateway that captured it; revenue stays as it was."""
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


def fee_withheld(
    attempt_id: AttemptId, *, gateway: str, fee: Money, occurred_at: datetime, cause: Cause
) -> Posting:
    """Enter what a gateway keeps for a charge: it owes us less."""
    return Posting(
        key=f"fee:{attempt_id}",
        kind="fee_withheld",
        entries=(
            debit(company("provider_fees", fee.currency), fee),
            credit(gateway_clearing(gateway, fee.currency), fee),
        ),
        occurred_at=occurred_at,
        cause=cause,
        references=References(attempt_id=attempt_id),
    )


def settlement_received(
    batch: str, *, gateway: str, amount: Money, occurred_at: datetime, cause: Cause
) -> Posting:
    """Enter a gateway's transfer to our bank account; `batch` is the gateway's name for it."""
    return Posting(
        key=f"settlement:{gateway}:{batch}",
        kind="settlement_received",
        entries=(
            debit(company("cash", amount.currency), amount),
            credit(gateway_clearing(gateway, amount.currency), amount),
        ),
        occurred_at=occurred_at,
        cause=cause,
    )


def dispute_opened(
    attempt_id: AttemptId, *, gateway: str, amount: Money, occurred_at: datetime, cause: Cause
) -> Posting:
    """Enter a chargeback: the gateway withholds the money until the dispute is decided.

    A dispute that is won is this operation reversed.
    """
    return Posting(
        key=f"dispute:{attempt_id}",
        kind="dispute_opened",
        entries=(
            debit(company("disputes", amount.currency), amount),
            credit(gateway_clearing(gateway, amount.currency), amount),
        ),
        occurred_at=occurred_at,
        cause=cause,
        references=References(attempt_id=attempt_id),
    )


def dispute_lost(
    attempt_id: AttemptId, *, amount: Money, occurred_at: datetime, cause: Cause
) -> Posting:
    """Enter the loss of a dispute: what was withheld is gone."""
    return Posting(
        key=f"dispute_lost:{attempt_id}",
        kind="dispute_lost",
        entries=(
            debit(company("dispute_losses", amount.currency), amount),
            credit(company("disputes", amount.currency), amount),
        ),
        occurred_at=occurred_at,
        cause=cause,
        references=References(attempt_id=attempt_id),
    )
