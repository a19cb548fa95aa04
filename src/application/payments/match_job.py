"""Match the provider's list of captured payments with ours, every two minutes.

Two jobs read the same list with different eyes. *Pending* settles what we have and believe to be
open. *Successful* holds the list against **all** of ours, whatever their status, and reports what
we do not have at all. Both begin ten minutes before the last page they read to the end, so a
clock's difference or a lost page costs a repeat and never a payment.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from application.jobs import JobOrder, JobReport, JobRuns
from application.payments.adopt_payment import AdoptPayments
from application.payments.answers import Answer
from application.payments.look_up_payments import attempts_of
from application.payments.ports import PaymentsUnitOfWork, Providers
from application.payments.provider import (
    Found,
    ListingFailed,
    PaymentFilter,
    PaymentSnapshot,
    PaymentStatus,
)
from application.payments.settle_payments import SettlePayments
from application.ports import UnitsOfWork

_OVERLAP = timedelta(minutes=10)
_FIRST_WINDOW = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class MatchPayments:
    """Settle from the provider's list; `looks_for` says which half of the work this job does."""

    units_of_work: UnitsOfWork[PaymentsUnitOfWork]
    settle: SettlePayments
    adopt: AdoptPayments
    providers: Providers
    runs: JobRuns
    looks_for: Literal["pending", "successful"]

    @property
    def name(self) -> str:
        """The job's name."""
        return f"match-{self.looks_for}-payments"

    async def __call__(self, order: JobOrder) -> JobReport:
        """Read every provider's list to its last page; a provider that fails stops only itself."""
        report = JobReport()
        since = (await self.runs.watermark(self.name) or order.now - _FIRST_WINDOW) - _OVERLAP
        for code in self.providers.codes():
            try:
                await self._match(code, since, order, report)
            except ListingFailed as error:
                report.fail(f"{code}: {error}")
        if not report.errors and not order.dry_run and order.limit is None:
            report.watermark = order.now
        return report

    async def _match(self, code: str, since: datetime, order: JobOrder, report: JobReport) -> None:
        provider = self.providers.get(code)
        wanted = PaymentFilter(status=PaymentStatus.SUCCEEDED)
        if provider.capabilities.list_by_captured:
            wanted = replace(wanted, captured_from=since)
        else:
            wanted = replace(wanted, created_from=since - _FIRST_WINDOW)
        left = order.limit or 10_000_000
        async for page in provider.list_payments(wanted):
            report.add("listed", len(page))
            await self._settle_page(page[:left], order, report)
            left -= len(page)
            if left <= 0:
                break

    async def _settle_page(
        self, page: Sequence[PaymentSnapshot], order: JobOrder, report: JobReport
    ) -> None:
        cause = replace(order.cause, reason=f"listed as captured, found by {self.name}")
        async with self.units_of_work() as uow:
            ours = await attempts_of(uow, page)
            open_ = await uow.attempts.unsettled(list(ours.values()))
            mismatched = [s for s in page if ours.get(s.external_id) in open_]
            unknown = [s for s in page if s.external_id not in ours]
            report.add("matched", len(mismatched))
            if order.dry_run or not (mismatched or unknown):
                return
            answers = [
                Answer(
                    attempt_id=ours[snapshot.external_id],
                    answer=Found(snapshot),
                    question=self.name,
                    cause=cause,
                )
                for snapshot in mismatched
            ]
            if self.looks_for == "successful" and unknown:
                adopted = await self.adopt(uow, unknown, cause)
                report.add("adopted", len(adopted))
                report.add("foreign", len(unknown) - len(adopted))
                answers += adopted
            await self.settle(uow, answers)
            await uow.commit()
