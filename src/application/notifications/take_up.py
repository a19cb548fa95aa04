"""Take up again what waits for its next try, and what somebody wants to be sent again."""

from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from application.errors import NotFound
from application.jobs import JobOrder, JobReport
from application.notifications.messages import message_of
from application.notifications.ports import Notifications
from application.ports import UnitOfWork, UnitsOfWork
from domain.notifications.notification import sent_again
from domain.shared.facts import Cause

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class TakeUpNotifications:
    """The job `notifications`: a message for each notification whose next try is due.

    While there is no mail server (`is_on` is false) everything goes on waiting.
    """

    units_of_work: UnitsOfWork[Any]
    rows: Notifications[Any]
    is_on: bool
    name: ClassVar[str] = "notifications"

    async def __call__(self, order: JobOrder) -> JobReport:
        """Put what is due under way; what another run has taken is left to it."""
        report = JobReport()
        if order.dry_run:
            async with self.units_of_work() as uow:
                report.add("would_take_up", await self.rows.count_due(uow, order.now))
            return report
        while self.is_on:
            async with self.units_of_work() as uow:
                due = await self.rows.take_due(uow, order.now, _CHUNK)
                uow.messages.add(message_of(notice) for notice in due)
                await uow.commit()
            if due:
                report.add("taken_up", len(due))
            if len(due) < _CHUNK:
                break
        return report


@dataclass(frozen=True, slots=True)
class ResendNotification:
    """Give a notification that failed another day of tries, under the Message-ID it had."""

    rows: Notifications[Any]

    async def within(self, uow: UnitOfWork, payout_id: UUID, cause: Cause) -> None:
        """Put it under way; raises NotFound, and NotGivenUp for one that did not fail."""
        found = (await self.rows.lock(uow, [payout_id])).get(payout_id)
        if found is None:
            raise NotFound("notification of payout", payout_id)
        again, events = sent_again(found)
        await self.rows.save(uow, [again])
        uow.events.record(cause, events)
        uow.messages.add([message_of(again.notice)])
