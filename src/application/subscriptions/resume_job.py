"""End pauses whose time is over, by the minute: only those are looked at."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from application.chunks import carrying_out, work_through
from application.jobs import JobOrder, JobReport
from application.ports import UnitsOfWork
from application.subscriptions.ports import SubscriptionsUnitOfWork
from domain.subscriptions import pauses

_CHUNK = 1000


@dataclass(frozen=True, slots=True)
class ResumePaused:
    """Resume what was paused until now; the access is back at that very instant, not with the run.

    Two runners are safe: a chunk skips the rows of another one.
    """

    units_of_work: UnitsOfWork[SubscriptionsUnitOfWork]
    name: str = "resume-subscriptions"

    async def __call__(self, order: JobOrder) -> JobReport:
        """Work in chunks until nothing is left."""
        report = JobReport()

        async def chunk(limit: int, leave_out: Collection[UUID]) -> int:
            async with self.units_of_work() as uow:
                due = await uow.subscriptions.lock_paused(order.now, limit, leave_out)
                with carrying_out([subscription.id for subscription in due]):
                    moved = [pauses.resume(one, now=order.now) for one in due]
                    await uow.subscriptions.save_many([after for after, _ in moved])
                    for _, said in moved:
                        uow.events.record(order.cause, said)
                    await uow.commit()
            if due:
                report.add("resumed", len(due))
            return len(due)

        if order.dry_run:
            async with self.units_of_work() as uow:
                due_now = await uow.subscriptions.count_paused(order.now)
            report.add("would_resume", min(due_now, order.limit or due_now))
            return report
        await work_through(chunk, report, size=_CHUNK, limit=order.limit)
        return report
