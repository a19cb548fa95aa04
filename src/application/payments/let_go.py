"""Let go of charges that were reserved and are no longer wanted, before a byte of them leaves."""

from collections.abc import Sequence
from datetime import datetime

from application.payments.ports import PaymentsUnitOfWork
from domain.payments import invoice
from domain.payments.attempt import Attempt, cancel
from domain.payments.invoice import SubscriptionPeriod
from domain.shared.facts import Cause

_WHY = "the invoice no longer waits for it"


async def let_go(uow: PaymentsUnitOfWork, unwanted: Sequence[Attempt], *, now: datetime) -> None:
    """Cancel reserved attempts whose invoice was canceled or paid meanwhile; never commits."""
    if not unwanted:
        return
    owed = dict(await uow.invoices.lock_many([attempt.invoice_id for attempt in unwanted]))
    for attempt in unwanted:
        cause = Cause(actor="kazna:charges", reason=_WHY, correlation_id=attempt.id)
        canceled, said = cancel(attempt, _WHY, now=now)
        await uow.attempts.save_many([canceled])
        uow.events.record(cause, said)
        before = owed[attempt.invoice_id]
        after, chain = invoice.attempt_failed(before, attempt.id, _WHY)
        if chain:
            owed[before.id] = after
            await uow.invoices.save_many([(cause, after, chain)])
            uow.events.record(cause, chain)
        if isinstance(before.purpose, SubscriptionPeriod):
            await uow.periods.close_unpaid(cause, [before.purpose.subscription_id])
