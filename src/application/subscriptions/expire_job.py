"""Expire subscriptions: end what is over, resume what was paused, by the clock alone."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from application.chunks import carrying_out, work_through
from application.jobs import JobOrder, JobReport
from application.ports import UnitsOfWork
from application.subscriptions.ports import SubscriptionsUnitOfWork
from domain.subscriptions.lifecycle import lapse
from domain.subscriptions.model import Subscription, status_of

_CHUNK = 1000


@dataclass(frozen=True, slots=True)
class ExpireSubscriptions:
    """Let everything lapse whose time has come; what waits for a gateway's answer is left alone."""

    units_of_work: UnitsOfWork[SubscriptionsUnitOfWork]
    name: str = "expire-subscriptions"

    async def __call__(self, order: JobOrder) -> JobReport:
        """Work in chunks until nothing is left; the rule no longer matches what it moved."""
        report = JobReport()

        async def chunk(limit: int, leave_out: Collection[UUID]) -> int:
            async with self.units_of_work() as uow:
                ending = await uow.subscriptions.lock_ending(order.now, limit, leave_out)
                with carrying_out([subscription.id for subscription in ending]):
                    moved = await self._chunk(uow, ending, order)
                    await uow.commit()
            for subscription in moved:
                report.add(status_of(subscription.state))
            return len(ending)

        if order.dry_run:
            async with self.units_of_work() as uow:
                ending_now = await uow.subscriptions.count_ending(order.now)
            report.add("would_end", min(ending_now, order.limit or ending_now))
            return report
        await work_through(chunk, report, size=_CHUNK, limit=order.limit)
        return report

    async def _chunk(
        self, uow: SubscriptionsUnitOfWork, ending: Sequence[Subscription], order: JobOrder
    ) -> Sequence[Subscription]:
        moved = [lapse(subscription, now=order.now) for subscription in ending]
        await uow.subscriptions.save_many([new for new, _ in moved])
        uow.events.record(order.cause, [event for _, said in moved for event in said])
        await uow.billing.close(order.cause, [new.id for new, _ in moved if not new.is_live])
        return [new for new, _ in moved]
