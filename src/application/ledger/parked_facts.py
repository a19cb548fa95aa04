"""Take up facts that waited: those whose instant has come, and those nobody explains any more."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from application.jobs import JobOrder, JobReport
from application.ledger.account_ports import TaskBooks
from application.ledger.envelopes import Unreadable
from application.ledger.ports import LedgerUnitOfWork
from application.ledger.task_events import FUTURE, GIVEN_UP, TASK_EVENT
from application.ports import NewMessage, UnitsOfWork

_CHUNK = 500
_PATIENCE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class TakeUpParked:
    """The job `parked-facts`: a fact of a task nobody knows after a day waits for a person."""

    units_of_work: UnitsOfWork[LedgerUnitOfWork]
    books: TaskBooks[Any]
    name: ClassVar[str] = "parked-facts"

    async def __call__(self, order: JobOrder) -> JobReport:
        """Digest again what was in the future, and bury what was never explained."""
        report = JobReport()
        while True:
            async with self.units_of_work() as uow:
                ripe = await self.books.ripe(uow, order.now, order.now - _PATIENCE, _CHUNK)
                uow.messages.add(
                    NewMessage(queue="ledger", name=TASK_EVENT, payload=envelope)
                    for _, _, why, envelope in ripe
                    if why == FUTURE
                )
                given_up = [
                    Unreadable(key, task_id, GIVEN_UP, envelope)
                    for key, task_id, why, envelope in ripe
                    if why != FUTURE
                ]
                await self.books.bury(uow, given_up)
                if not order.dry_run:
                    await uow.commit()
            if ripe:
                report.add("taken_up", len(ripe) - len(given_up))
                report.add("given_up", len(given_up))
            if len(ripe) < _CHUNK or order.dry_run:
                return report


@dataclass(frozen=True, slots=True)
class ReplayDead:
    """Digest a fact again that a person had to look at."""

    books: TaskBooks[Any]

    async def __call__(self, uow: LedgerUnitOfWork, event_id: UUID) -> bool:
        """Take it from the dead and order it anew; False when there is none; never commits."""
        envelope = await self.books.exhume(uow, event_id)
        if envelope is None:
            return False
        uow.messages.add([NewMessage(queue="ledger", name=TASK_EVENT, payload=envelope)])
        return True
