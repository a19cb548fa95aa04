"""Create a task: it has an assignee in the same transaction, drawn at random."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from application.ports import Clock, Entropy, UnitOfWork
from application.tasks.ports import Given, Roster, Tracker
from application.tasks.tell import TellOfTasks
from domain.shared.facts import Cause
from domain.tasks.task import NoEligibleAssignee, Task, UnknownAuthor, create
from domain.tasks.title import new_title


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTask:
    """What is to be done, and who says so."""

    title: str
    author_id: UUID
    jira_id: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class CreateTask:
    """Create inside the caller's transaction."""

    tracker: Tracker[Any]
    roster: Roster[Any]
    tell: TellOfTasks
    clock: Clock
    entropy: Entropy

    async def within(self, uow: UnitOfWork, new: NewTask, cause: Cause) -> Task:
        """Return the task; UnknownAuthor and NoEligibleAssignee leave nothing behind."""
        title = new_title(new.title, new.jira_id)
        if not await self.roster.works_here(uow, new.author_id):
            raise UnknownAuthor("tasks are created by people who are registered and active here")
        await self.tracker.share_day(uow)
        now = self.clock.now()
        assignee = await self.roster.draw(uow, self.entropy.fraction())
        if assignee is None:
            raise NoEligibleAssignee("there is nobody a task could be given to")
        task, (created, assigned) = create(
            id=self.entropy.new_id(),
            title=title,
            description=new.description,
            author_id=new.author_id,
            assignee_id=assignee,
            assignation_id=self.entropy.new_id(),
            now=now,
        )
        await self.tracker.add(uow, [task])
        await self.tracker.keep_given(
            uow, [Given(task=task, previous_assignee_id=None, batch_id=None, occurred_at=now)]
        )
        self.tell(uow, [(created, 1), (assigned, 2)], cause, now)
        return task
