"""How a person's fees, rewards and payouts are entered: one function per business fact."""

from datetime import date, datetime
from uuid import UUID

from domain.ledger.chart import company, wallet
from domain.ledger.posting import Posting, credit, debit
from domain.ledger.task_accounts import Kind, Owed
from domain.shared.facts import Cause
from domain.shared.money import Money


def owed_posting(owed: Owed, cause: Cause) -> Posting:
    """Enter a fee the company earns, or a reward it owes."""
    currency = owed.amount.currency
    purse = wallet(owed.person_id, currency)
    if owed.kind is Kind.FEE:
        entries = debit(purse, owed.amount), credit(company("fee_income", currency), owed.amount)
    else:
        entries = (
            debit(company("reward_expense", currency), owed.amount),
            credit(purse, owed.amount),
        )
    return Posting(
        key=owed.key,
        kind=owed.kind.value.lower(),
        entries=entries,
        occurred_at=owed.occurred_at,
        cause=cause,
    )


def payout_posting(
    payout_id: UUID, person_id: UUID, amount: Money, day: date, occurred_at: datetime, cause: Cause
) -> Posting:
    """Take what is due out of a wallet; it is on its way until the money is there."""
    return Posting(
        key=f"payout:{payout_id}",
        kind="payout",
        entries=(
            debit(wallet(person_id, amount.currency), amount),
            credit(company("payouts_in_transit", amount.currency), amount),
        ),
        occurred_at=occurred_at,
        value_date=day,
        cause=cause,
    )


def payout_settled_posting(
    payout_id: UUID, amount: Money, occurred_at: datetime, cause: Cause
) -> Posting:
    """Enter that the money of a payout left our account."""
    return Posting(
        key=f"payout_settled:{payout_id}",
        kind="payout_settled",
        entries=(
            debit(company("payouts_in_transit", amount.currency), amount),
            credit(company("cash", amount.currency), amount),
        ),
        occurred_at=occurred_at,
        cause=cause,
    )


def payout_returned_posting(
    payout_id: UUID, person_id: UUID, amount: Money, occurred_at: datetime, cause: Cause
) -> Posting:
    """Give the money of a payout that was refused back to the wallet it was taken from."""
    return Posting(
        key=f"payout_returned:{payout_id}",
        kind="payout_returned",
        entries=(
            debit(company("payouts_in_transit", amount.currency), amount),
            credit(wallet(person_id, amount.currency), amount),
        ),
        occurred_at=occurred_at,
        cause=cause,
    )
