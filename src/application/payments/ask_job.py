"""Ask for what is open: unknown outcomes by a rising schedule, accepted payments by their age."""

from dataclasses import dataclass, replace
from datetime import timedelta

from application.jobs import JobOrder, JobReport
from application.payments.open_charges import charge_message
from application.payments.ports import PaymentsUnitOfWork
from application.payments.request_refund import refund_message
from application.ports import NewMessage, UnitsOfWork
from domain.payments.attempt import Attempt, ask_again, status_of
from domain.shared.facts import Cause

_CHUNK = 500
_REFUND_ASKED_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class AskOpenPayments:
    """Send a question for every attempt and refund whose time to be asked has come.

    Nothing here ends an attempt: an unknown outcome is asked for until evidence or a person ends
    it. The planned time moves before the question leaves, so a crash delays and never repeats.
    """

    units_of_work: UnitsOfWork[PaymentsUnitOfWork]
    name: str = "ask-open-payments"

    async def __call__(self, order: JobOrder) -> JobReport:
        """Work through what is due in chunks."""
        report = JobReport()
        left = order.limit or 1_000_000
        while left > 0:
            taken = await self._chunk(order, min(_CHUNK, left), report)
            left -= taken
            if taken == 0 or order.dry_run:
                break
        return report

    async def _chunk(self, order: JobOrder, limit: int, report: JobReport) -> int:
        async with self.units_of_work() as uow:
            due = await uow.attempts.lock_to_ask(order.now, limit)
            refunds = await uow.refunds.lock_to_ask(order.now, limit)
            for attempt in due:
                report.add(f"asked_{status_of(attempt)}")
            report.add("asked_refunds", len(refunds)) if refunds else None
            if order.dry_run:
                return len(due) + len(refunds)
            await uow.attempts.save_many([ask_again(a, now=order.now) for a in due])
            await uow.refunds.save_many(
                [
                    replace(
                        refund,
                        asked=refund.asked + 1,
                        next_ask_at=order.now + _REFUND_ASKED_EVERY,
                        version=refund.version + 1,
                    )
                    for refund in refunds
                ]
            )
            uow.messages.add([ask_message(attempt, order.cause) for attempt in due])
            uow.messages.add([refund_message(refund, order.cause) for refund in refunds])
            await uow.commit()
        return len(due) + len(refunds)


def ask_message(attempt: Attempt, cause: Cause) -> NewMessage:
    """Build the message that asks for one attempt; a number's is answered by its state alone."""
    if not attempt.is_of_card:
        return charge_message(attempt, cause)
    return NewMessage(
        queue="payments",
        name="payments.ask.v1",
        payload={"attempt_id": str(attempt.id)},
        correlation_id=cause.correlation_id,
    )
