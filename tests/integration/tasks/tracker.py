"""The tracker over one database, with the accounting that hears of it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.clock import ManualClock
from adapters.postgres.people import PostgresPeople
from adapters.postgres.tracker import PostgresTracker, PostgresTrackerDays
from application.identity.people import ChangePerson, NewPerson, PersonChange, RegisterPeople
from application.jobs import JobOrder, JobReport
from application.ledger.task_events import TASK_EVENT
from application.ports import Message
from application.tasks.complete import CompleteTask
from application.tasks.create import CreateTask, NewTask
from application.tasks.mark_days import MarkDays
from application.tasks.ports import Listener
from application.tasks.reassign import REASSIGN, CarryOutShuffles, ReassignAll
from application.tasks.tell import TellOfTasks
from domain.identity.person import PersonRole
from domain.shared.facts import Cause
from domain.tasks.task import Task
from tests.integration.tasks.exchange import TaskExchange


class TrackedExchange(TaskExchange):
    """People and tasks of our own, and their books."""

    def __init__(self, engine: AsyncEngine, clock: ManualClock) -> None:
        super().__init__(engine, clock)
        people, tracker = PostgresPeople(), PostgresTracker()
        tell = TellOfTasks([Listener("ledger", TASK_EVENT)], self.entropy)
        self.register = RegisterPeople(people, clock, self.entropy)
        self.change = ChangePerson(people)
        self.creating = CreateTask(tracker, people, tell, clock, self.entropy)
        self.completing = CompleteTask(tracker, tell, clock)
        self.reassigning = ReassignAll(tracker, people, clock, self.entropy, chunk=7)
        self.shuffles = CarryOutShuffles(tracker, people, tell, clock, self.entropy)
        self.mark_days = MarkDays(self.open_uow, PostgresTrackerDays(self.zone), tell, self.zone)

    async def hire(self, count: int = 1, role: PersonRole = PersonRole.WORKER) -> list[UUID]:
        async with self.open_uow() as uow:
            new = [NewPerson(name=f"{role} {number}", role=role) for number in range(count)]
            made = await self.register.within(uow, new, cause())
            await uow.commit()
        return [one.id for one in made]

    async def alter(self, person_id: UUID, **change: Any) -> None:
        async with self.open_uow() as uow:
            await self.change.within(uow, person_id, PersonChange(**change), cause())
            await uow.commit()

    async def create(self, author: UUID, title: str = "Feed the parrots", **more: Any) -> Task:
        async with self.open_uow() as uow:
            task = await self.creating.within(
                uow, NewTask(title=title, author_id=author, **more), cause()
            )
            await uow.commit()
        return task

    async def complete(self, task_id: UUID, by: UUID) -> Task:
        async with self.open_uow() as uow:
            task = await self.completing.within(uow, task_id, by, cause())
            await uow.commit()
        return task

    async def press(self) -> UUID:
        """Ask for a shuffle."""
        async with self.open_uow() as uow:
            asked = await self.reassigning.within(uow, cause())
            await uow.commit()
        return asked.batch_id

    async def mark(self) -> JobReport:
        """Mark the days that are over."""
        return await self.mark_days(JobOrder(now=self.clock.now(), cause=cause()))

    async def waiting(self, name: str) -> Sequence[Message]:
        rows = await self.rows(
            "SELECT id, queue, name, payload, correlation_id FROM message WHERE name = $1 "
            "ORDER BY id",
            name,
        )
        return [Message(**row, attempt=1, created_at=self.clock.now()) for row in rows]

    async def carry_out(self, messages: Sequence[Message], *, crash: bool = False) -> None:
        """Handle messages as a worker does; a crash comes before the commit."""
        async with self.open_uow() as uow:
            handler: Any = self.shuffles if messages[0].name == REASSIGN else self.digest
            await handler(uow, messages)
            if crash:
                return
            await uow.driver.execute(
                "DELETE FROM message WHERE id = ANY($1)", [one.id for one in messages]
            )
            await uow.commit()

    async def shuffle(self) -> UUID:
        """Press the button and carry all of it out."""
        batch_id = await self.press()
        for message in await self.waiting(REASSIGN):
            await self.carry_out([message])
        return batch_id

    async def digest_all(self) -> None:
        """Let the books hear of everything that was told."""
        while waiting := await self.waiting(TASK_EVENT):
            await self.carry_out(waiting)


def cause() -> Cause:
    return Cause(actor="manager:test", reason="test", correlation_id=uuid4())
