"""Give up on payments nobody finished, but only after asking the provider what became of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from application.chunks import carrying_out, work_through
from application.jobs import JobOrder, JobReport
from application.payments.answers import Answer
from application.payments.ports import BillingPolicy, Discrepancy, PaymentsUnitOfWork, Providers
from application.payments.provider import Found, LookUp, Missing, PaymentStatus, Unreachable
from application.payments.settle_payments import SettlePayments
from application.ports import UnitsOfWork
from domain.payments import attempt as attempts
from domain.payments import invoice
from domain.payments.attempt import Accepted, Attempt, Authorized, Reserved
from domain.payments.invoice import Invoice, SubscriptionPeriod
from domain.shared.ids import AttemptId

_CHUNK = 200


@dataclass(frozen=True, slots=True)
class ExpirePayments:
    """Close attempts that have waited longer than the policy allows, and overdue invoices.

    A payment the provider calls captured settles instead; one it still waits for is canceled
    there if it can be; one it does not know is a discrepancy; a provider that cannot be asked
    leaves everything for the next run. Unknown outcomes never expire.
    """

    units_of_work: UnitsOfWork[PaymentsUnitOfWork]
    settle: SettlePayments
    providers: Providers
    policy: BillingPolicy
    name: str = "expire-payments"

    async def __call__(self, order: JobOrder) -> JobReport:
        """Go through the old open attempts in the order of their ids, then overdue invoices."""
        report = JobReport()
        after: AttemptId | None = None
        left = order.limit or 1_000_000
        while left > 0:
            async with self.units_of_work() as uow:
                old = await uow.attempts.open_since(
                    order.now - self.policy.payment_waiting, min(_CHUNK, left), after
                )
            for attempt in old:
                await self._one(attempt, order, report)
            left -= len(old)
            if not old:
                break
            after = old[-1].id
        await self._overdue_invoices(order, report)
        return report

    async def _one(self, attempt: Attempt, order: JobOrder, report: JobReport) -> None:
        """Decide one attempt; what fails is noted and the run goes on."""
        if not isinstance(attempt.state, Reserved | Accepted | Authorized):
            report.add("waiting_for_evidence")
            return
        if order.dry_run:
            report.add("would_expire")
            return
        try:
            answer = await self._ask(attempt)
            if isinstance(answer, Unreachable):
                report.fail(f"{attempt.provider}: {answer.why}")
                return
            if _is_held(answer):
                report.add("still_held")
                return
            await self._close(attempt, answer, order, report)
        except Exception as error:  # the boundary of an item: it is reported, the run goes on
            report.fail(f"payment {attempt.id}: {type(error).__name__}: {error}")

    async def _ask(self, attempt: Attempt) -> LookUp:
        """Ask how it stands, and let go of it there where the provider still waits."""
        provider = self.providers.get(attempt.provider)
        external_id = attempts.external_id_of(attempt)
        if external_id is None:
            return Missing()  # reserved: it certainly never left
        answer = await provider.get_payment(external_id)
        if isinstance(answer, Found) and answer.snapshot.status is PaymentStatus.AUTHORIZED:
            await provider.cancel(external_id, idempotency_key=f"expire-{attempt.id}")
            return await provider.get_payment(external_id)
        return answer

    async def _close(
        self, attempt: Attempt, answer: LookUp, order: JobOrder, report: JobReport
    ) -> None:
        async with self.units_of_work() as uow:
            current = (await uow.attempts.lock_many([attempt.id]))[attempt.id]
            if isinstance(attempt.state, Reserved) and current.version != attempt.version:
                report.add("moved_meanwhile")
                return
            if not isinstance(current.state, Reserved):
                told = Answer(
                    attempt_id=attempt.id, answer=answer, question=self.name, cause=order.cause
                )
                await self.settle(uow, [told])
                current = (await uow.attempts.lock_many([attempt.id]))[attempt.id]
            if current.is_open:
                await self._expire(uow, current, order)
                report.add("expired")
                if isinstance(answer, Missing) and attempts.external_id_of(current):
                    await uow.journal.report([_missing_there(current, order)])
            else:
                report.add(attempts.status_of(current))
            await uow.commit()

    async def _expire(self, uow: PaymentsUnitOfWork, attempt: Attempt, order: JobOrder) -> None:
        expired, said = attempts.expire(attempt, now=order.now)
        await uow.attempts.save_many([expired])
        uow.events.record(order.cause, said)
        owed = (await uow.invoices.lock_many([attempt.invoice_id]))[attempt.invoice_id]
        freed, first = invoice.attempt_failed(owed, attempt.id, "expired")
        closed, second = (
            invoice.expire(freed) if isinstance(freed.state, invoice.Issued) else (freed, [])
        )
        chain = [*first, *second]
        if chain:
            await uow.invoices.save_many([(order.cause, closed, chain)])
            uow.events.record(order.cause, chain)
        if isinstance(owed.purpose, SubscriptionPeriod):
            await uow.periods.close_unpaid(order.cause, [owed.purpose.subscription_id])

    async def _overdue_invoices(self, order: JobOrder, report: JobReport) -> None:
        """Expire invoices nobody began to pay."""
        if order.dry_run:
            async with self.units_of_work() as uow:
                report.add("would_expire_invoices", await uow.invoices.count_overdue(order.now))
            return

        async def chunk(limit: int, leave_out: Collection[UUID]) -> int:
            async with self.units_of_work() as uow:
                overdue = await uow.invoices.lock_overdue(order.now, limit, leave_out)
                with carrying_out([owed.id for owed in overdue]):
                    await self._expire_invoices(uow, overdue, order)
                    await uow.commit()
            report.add("invoices_expired", len(overdue)) if overdue else None
            return len(overdue)

        await work_through(chunk, report, size=_CHUNK, limit=order.limit)

    async def _expire_invoices(
        self, uow: PaymentsUnitOfWork, overdue: Sequence[Invoice], order: JobOrder
    ) -> None:
        moved = [invoice.expire(owed) for owed in overdue]
        await uow.invoices.save_many([(order.cause, new, said) for new, said in moved])
        for _, said in moved:
            uow.events.record(order.cause, said)
        await uow.periods.close_unpaid(
            order.cause,
            [
                owed.purpose.subscription_id
                for owed in overdue
                if isinstance(owed.purpose, SubscriptionPeriod)
            ],
        )


def _is_held(answer: LookUp) -> bool:
    """Tell whether the gateway still holds the money: letting go of it did not succeed."""
    return isinstance(answer, Found) and answer.snapshot.status is PaymentStatus.AUTHORIZED


def _missing_there(attempt: Attempt, order: JobOrder) -> Discrepancy:
    return Discrepancy(
        provider=attempt.provider,
        external_id=attempts.external_id_of(attempt) or "",
        kind="ours_only",
        expected=f"payment {attempt.id} of {attempt.money}",
        actual="the provider does not know it",
        found_at=order.now,
    )
