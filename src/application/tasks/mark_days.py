"""Say that a day is over: everything that happened on it was told before this.

Commands of the tracker hold the day open while they live, and read the clock inside; whoever marks
its end waits for them, and everybody after it is of the next day. So a reader that has the marker
and everything told before it has the whole day.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, ClassVar, Protocol
from zoneinfo import ZoneInfo

from application.jobs import JobOrder, JobReport
from application.ports import U_contra, UnitOfWork, UnitsOfWork
from application.tasks.tell import TellOfTasks
from domain.shared.calendar import business_day
from domain.tasks.events import DayMarker

_DAY = timedelta(days=1)


class TrackerDays(Protocol[U_contra]):
    """How far the tracker's days are marked."""

    async def hold(self, uow: U_contra) -> date | None:
        """Wait for every command, keep new ones waiting, and return the last day marked.

        Where none is, the day before the first task's; None without a task.
        """
        ...

    async def mark_through(self, uow: U_contra, day: date) -> None:
        """Write the last day marked down."""
        ...


@dataclass(frozen=True, slots=True)
class MarkDays:
    """The job `day-markers`; safe to run at any time, and by any number."""

    units_of_work: UnitsOfWork[UnitOfWork]
    days: TrackerDays[Any]
    tell: TellOfTasks
    zone: ZoneInfo
    name: ClassVar[str] = "day-markers"

    async def __call__(self, order: JobOrder) -> JobReport:
        """Mark every day that is over and is not marked yet, in order."""
        report = JobReport()
        async with self.units_of_work() as uow:
            last = await self.days.hold(uow)
            over = business_day(order.now, self.zone) - _DAY
            if last is None or last >= over:
                return report
            days = _days(last + _DAY, over)
            markers = [(DayMarker(day=day), None) for day in days]
            self.tell(uow, markers, order.cause, order.now)
            await self.days.mark_through(uow, over)
            if not order.dry_run:
                await uow.commit()
        report.add("marked", len(days))
        return report


def _days(first: date, last: date) -> Sequence[date]:
    return [first + number * _DAY for number in range((last - first).days + 1)]
