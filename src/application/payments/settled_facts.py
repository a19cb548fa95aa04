"""What a settlement leaves behind besides its moves: the exchange, and the money for the books."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import assert_never

from application.payments.answers import Answer, describe, snapshot_of
from application.payments.ports import Discrepancy, Exchange, MoneyMoved, PaymentsUnitOfWork
from domain.payments import invoice
from domain.payments.attempt import Attempt, Succeeded, external_id_of
from domain.payments.invoice import Invoice, SubscriptionPeriod
from domain.shared.facts import Cause
from domain.shared.ids import AttemptId


async def note(
    uow: PaymentsUnitOfWork,
    answers: Sequence[Answer],
    found: Mapping[AttemptId, Attempt],
    now: datetime,
) -> None:
    """Keep what was asked and answered, for the story of a payment."""
    await uow.journal.note(
        [
            Exchange(
                attempt_id=answer.attempt_id,
                provider=found[answer.attempt_id].provider,
                question=answer.question,
                answer=describe(answer.answer),
                external_id=snapshot.external_id if snapshot else None,
                raw=snapshot.raw if snapshot else {},
                at=now,
            )
            for answer in answers
            for snapshot in (snapshot_of(answer.answer),)
        ]
    )


def money_moved(cause: Cause, attempt: Attempt, state: Succeeded, owed: Invoice) -> MoneyMoved:
    """Say what the ledger needs to know of money that was taken."""
    match owed.purpose:
        case SubscriptionPeriod():
            revenue = "subscription_revenue"
        case invoice.Purchase():
            revenue = "purchase_revenue"
        case invoice.Manual():
            revenue = "manual_revenue"
        case _:
            assert_never(owed.purpose)
    return MoneyMoved(
        cause=cause,
        provider=attempt.provider,
        money=state.captured,
        revenue=revenue,
        occurred_at=state.captured_at,
        attempt_id=attempt.id,
        invoice_id=attempt.invoice_id,
        customer_id=attempt.customer_id,
    )


def mismatch(attempt: Attempt, differences: Sequence[str], now: datetime) -> Discrepancy:
    """Describe a payment that waits for a person because it is not what was agreed."""
    return Discrepancy(
        provider=attempt.provider,
        external_id=external_id_of(attempt) or str(attempt.id),
        kind="mismatch",
        expected=f"{attempt.money}",
        actual="; ".join(differences)[:1000],
        found_at=now,
    )
