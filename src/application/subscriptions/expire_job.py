"""Expire subscriptions: end what is over, resume what was paused, by the clock alone."""

from dataclasses import dataclass

from application.jobs import JobOrder, JobReport
from application.ports import UnitsOfWork
from application.subscriptions.ports import SubscriptionsUnitOfWork
from domain.subscriptions.lifecycle import lapse
from domain.subscriptions.model import status_of

_CHUNK = 1000


@dataclass(frozen=True, slots=True)
class ExpireSubscriptions:
    """Let everything lapse whose time has come; what waits for a gateway's answer is left alone."""

    units_of_work: UnitsOfWork[SubscriptionsUnitOfWork]
    name: str = "expire-subscriptions"

    async def __call__(self, order: JobOrder) -> JobReport:
        """Work in chunks until nothing is left; the rule no longer matches what it moved."""
        report = JobReport()
        left = order.limit or 10_000_000
        while left > 0:
            async with self.units_of_work() as uow:
                ending = await uow.subscriptions.lock_ending(order.now, min(_CHUNK, left))
                if not ending:
                    break
                if order.dry_run:
                    report.add("would_end", len(ending))
                    break
                moved = [lapse(subscription, now=order.now) for subscription in ending]
                await uow.subscriptions.save_many([new for new, _ in moved])
                uow.events.record(order.cause, [event for _, said in moved for event in said])
                over = [new.id for new, _ in moved if not new.is_live]
                await uow.billing.close(order.cause, over)
                await uow.commit()
            for new, _ in moved:
                report.add(status_of(new.state))
            left -= len(ending)
        return report
