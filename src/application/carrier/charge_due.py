"""The periodic run and the retries: both claim what is due, operator by operator."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Protocol
from uuid import UUID

from application.carrier.open_number_charges import OpenNumberCharges, Wanted
from application.carrier.ports import CarrierUnitOfWork, References
from application.chunks import carrying_out, work_through
from application.jobs import JobOrder, JobReport
from application.ports import Entropy, UnitsOfWork
from domain.carrier.operator import Operator
from domain.shared.facts import Cause
from domain.subscriptions import lifecycle
from domain.subscriptions.model import CarrierTerms, Subscription
from domain.subscriptions.renewal import Blocked, Deferred, Due, NotDue, due

_CHUNK = 1000


class Backlog(Protocol):
    """How many requests wait for an operator."""

    async def waiting(self, operator: str, at_most: int) -> int:
        """Count the messages of its request queue, up to so many."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a run claims, in the words of subscriptions and attempts."""

    status: str
    occasion: str
    urgent: bool


PERIODIC = Run(status="active", occasion="periodic", urgent=True)
RETRIES = Run(status="past_due", occasion="retry", urgent=False)


@dataclass(frozen=True, slots=True)
class ChargeDue:
    """Claims what is due of one operator in chunks, checks it, and opens its charges.

    A chunk locks its rows and skips those of another runner; a charged subscription has no due
    date until its charge is decided, so a second run at the same time finds nothing.
    """

    units_of_work: UnitsOfWork[CarrierUnitOfWork]
    open_charges: OpenNumberCharges
    entropy: Entropy

    async def __call__(
        self, run: Run, order: JobOrder, operator: Operator, report: JobReport, most: int | None
    ) -> None:
        """Work through what is due, at most so many; counts are added to the report."""

        async def chunk(limit: int, leave_out: Collection[UUID]) -> int:
            async with self.units_of_work() as uow:
                claimed = await uow.subscriptions.lock_number_due(
                    operator.code, run.status, order.now, limit, leave_out
                )
                with carrying_out([one.id for one in claimed]):
                    counts = await self._chunk(uow, run, claimed, order)
                    await uow.commit()
            for word, count in counts.items():
                report.add(word, count)
            return len(claimed)

        if order.dry_run:
            async with self.units_of_work() as uow:
                due_now = await uow.subscriptions.count_number_due(
                    operator.code, run.status, order.now
                )
            report.add("would_charge", due_now)
            return
        await work_through(chunk, report, size=min(_CHUNK, most or _CHUNK), limit=most)

    async def _chunk(
        self,
        uow: CarrierUnitOfWork,
        run: Run,
        claimed: Sequence[Subscription],
        order: JobOrder,
    ) -> Counter[str]:
        counts: Counter[str] = Counter()
        wanted: list[Wanted] = []
        moved: list[Subscription] = []
        for one in claimed:
            assert isinstance(one.terms, CarrierTerms)
            match due(one, now=order.now, zone=one.terms.zone):
                case Due(period):
                    wanted.append((self._story(run, order.cause, one), one, period))
                case Deferred(until):
                    moved.append(lifecycle.defer(one, until))
                    counts["window_closed"] += 1
                case Blocked() | NotDue():
                    raise AssertionError("claimed by the same rule that says it is not due")
        await uow.subscriptions.save_many(moved)
        return counts + await self.open_charges(
            uow, wanted, occasion=run.occasion, urgent=run.urgent, now=order.now
        )

    def _story(self, run: Run, cause: Cause, one: Subscription) -> Cause:
        """Give every charge a story of its own; the run is what set it in motion."""
        return replace(
            cause,
            reason=f"{run.occasion} charge of subscription {one.id} is due",
            correlation_id=self.entropy.new_id(),
        )


@dataclass(frozen=True, slots=True)
class ChargePeriodic:
    """The job `periodic`: charge what the calendars of the services call due now."""

    charge_due: ChargeDue
    references: References
    name: str = "periodic"

    async def __call__(self, order: JobOrder) -> JobReport:
        """Go through the operators that charge when they are asked to."""
        report = JobReport()
        for operator in await _platform_driven(self.references):
            await self.charge_due(PERIODIC, order, operator, report, order.limit)
        return report


@dataclass(frozen=True, slots=True)
class RetryFailed:
    """The job `retries`: charge again what was not paid, while the operator has room for it.

    Nothing is claimed that would make the operator's request queue longer than it may be, so
    orders and periodic charges never wait behind a mountain of retries.
    """

    charge_due: ChargeDue
    references: References
    backlog: Backlog
    name: str = "retries"

    async def __call__(self, order: JobOrder) -> JobReport:
        """Go through the operators that charge when they are asked to."""
        report = JobReport()
        for operator in await _platform_driven(self.references):
            most = operator.queue_free_size
            room = most - await self.backlog.waiting(operator.code, most)
            if room <= 0:
                report.add("queue_is_full")
                continue
            limit = min(room, order.limit) if order.limit else room
            await self.charge_due(RETRIES, order, operator, report, limit)
        return report


async def _platform_driven(references: References) -> Sequence[Operator]:
    reference = await references.current()
    return [
        operator
        for code, operator in sorted(reference.operators.items())
        if operator.is_active and not reference.is_managed(code)
    ]
