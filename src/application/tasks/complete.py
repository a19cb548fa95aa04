"""Complete a task: whoever holds it when the transaction commits, and nobody else."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from application.errors import NotFound
from application.ports import Clock, UnitOfWork
from application.tasks.ports import Tracker
from application.tasks.tell import TellOfTasks
from domain.shared.facts import Cause
from domain.tasks.task import Task, complete


@dataclass(frozen=True, slots=True)
class CompleteTask:
    """Complete inside the caller's transaction; a repeat by the same person tells nothing."""

    tracker: Tracker[Any]
    tell: TellOfTasks
    clock: Clock

    async def within(self, uow: UnitOfWork, task_id: UUID, by: UUID, cause: Cause) -> Task:
        """Return the task as it is now; raises NotFound and NotTheAssignee; never commits."""
        await self.tracker.share_day(uow)
        found = (await self.tracker.lock(uow, [task_id])).get(task_id)
        if found is None:
            raise NotFound("task", task_id)
        now = self.clock.now()
        moved = complete(found, by, now)
        if moved is None:
            return found
        done, event = moved
        await self.tracker.save(uow, [done])
        self.tell(uow, [(event, done.version)], cause, now)
        return done
