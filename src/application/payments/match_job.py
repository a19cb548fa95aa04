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

from application.errors import StaleVersion, Unavailable
from application.jobs import JobOrder, JobReport, JobRuns
from application.payments.adopt_payment import AdoptPayments
from application.payments.answers import Answer
from application.payments.look_up_payments import attempts_of, unsettled_payment
from application.payments.ports import PaymentsUnitOfWork, Providers
from application.payments.provider import (
    Found,
    ListingFailed,
    PaymentFilter,
    PaymentProvider,
    PaymentSnapshot,
    PaymentStatus,
)
from application.payments.settle_payments import SettlePayments
from application.payments.settle_refunds import settle_refund
from application.ports import Clock, UnitsOfWork

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
    clock: Clock
    looks_for: Literal["pending", "successful"]

    @property
    def name(self) -> str:
        """The job's name."""
        return f"match-{self.looks_for}-payments"

    async def __call__(self, order: JobOrder) -> JobReport:
        """Read every provider's list to its last page; a provider that fails stops only itself."""
        report = JobReport()
        since = (await self.runs.watermark(self.name) or order.now - _FIRST_WINDOW) - _OVERLAP
        read_to_the_end = True
        for code in self.providers.codes():
            try:
                await self._match(code, since, order, report)
            except ListingFailed as error:
                read_to_the_end = False
                report.fail(f"{code}: {error}")
            except Exception as error:  # the boundary of a provider: it stops only itself
                read_to_the_end = False
                report.fail(f"{code}: {type(error).__name__}: {error}")
        if read_to_the_end and not order.dry_run and order.limit is None:
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
            await self._page(page[:left], order, report)
            left -= len(page)
            if left <= 0:
                break
        if self.looks_for == "successful":
            await self._refunds(provider, since, order, report)

    async def _refunds(
        self, provider: PaymentProvider, since: datetime, order: JobOrder, report: JobReport
    ) -> None:
        """Hold the provider's refunds against ours; those made behind our back are reported."""
        cause = replace(order.cause, reason=f"listed as a refund, found by {self.name}")
        async for page in provider.list_refunds(created_from=since, created_to=order.now):
            report.add("refunds_listed", len(page))
            if order.dry_run:
                continue
            async with self.units_of_work() as uow:
                ours = [await settle_refund(uow, shown, cause, self.clock) for shown in page]
                await uow.commit()
            report.add("refunds_foreign", ours.count(False))

    async def _page(
        self, page: Sequence[PaymentSnapshot], order: JobOrder, report: JobReport
    ) -> None:
        """Settle a page; where that fails, settle its halves, and report the one that breaks it.

        What cannot be settled becomes a discrepancy, so the list is read on and nothing is lost.
        """
        try:
            await self._settle_page(page, order, report)
        except (StaleVersion, Unavailable, OSError):
            raise
        except Exception as error:  # the boundary of an item: it is isolated and reported
            if len(page) > 1:
                middle = len(page) // 2
                await self._page(page[:middle], order, report)
                await self._page(page[middle:], order, report)
                return
            report.fail(f"payment {page[0].external_id}: {type(error).__name__}: {error}")
            async with self.units_of_work() as uow:
                await uow.journal.report([unsettled_payment(page[0], error, order.now)])
                await uow.commit()

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
