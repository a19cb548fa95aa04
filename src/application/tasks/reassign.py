"""Shuffle all open tasks: each is given to somebody drawn for it, the same person included.

What was open when the button was pressed is written down in parts by the transaction of the
request. Each part is one message and one transaction, which takes its tasks out of the list: a part
that is carried out again finds nothing to do, and a shuffle that was killed goes on where it stood.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from application.ports import Clock, Entropy, Message, NewMessage, UnitOfWork
from application.tasks.ports import Chunk, Given, Roster, Tracker
from application.tasks.tell import TellOfTasks
from domain.shared.facts import Cause
from domain.tasks.events import TaskAssigned
from domain.tasks.task import NoEligibleAssignee, Task, reassign

REASSIGN = "tasks.reassign.v1"
CHUNK = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Shuffle:
    """A shuffle that was asked for."""

    batch_id: UUID
    tasks: int
    requested_at: datetime


@dataclass(frozen=True, slots=True)
class ReassignAll:
    """Press the button, inside the caller's transaction."""

    tracker: Tracker[Any]
    roster: Roster[Any]
    clock: Clock
    entropy: Entropy
    chunk: int = CHUNK

    async def within(self, uow: UnitOfWork, cause: Cause) -> Shuffle:
        """Write down what is open; raises NoEligibleAssignee, and then nothing is written."""
        if await self.roster.draw(uow, 0.0) is None:
            raise NoEligibleAssignee("there is nobody a task could be given to")
        batch_id, now = self.entropy.new_id(), self.clock.now()
        tasks, parts = await self.tracker.open_batch(uow, batch_id, cause.actor, now, self.chunk)
        uow.messages.add(
            NewMessage(
                queue="tasks",
                name=REASSIGN,
                payload={"batch_id": str(batch_id), "chunk": number, "actor": cause.actor},
                correlation_id=cause.correlation_id,
            )
            for number in range(parts)
        )
        return Shuffle(batch_id=batch_id, tasks=tasks, requested_at=now)


@dataclass(frozen=True, slots=True)
class CarryOutShuffles:
    """Handle `tasks.reassign.v1` of `tasks`: a part of a shuffle each."""

    tracker: Tracker[Any]
    roster: Roster[Any]
    tell: TellOfTasks
    clock: Clock
    entropy: Entropy

    async def __call__(self, uow: UnitOfWork, batch: Sequence[Message]) -> None:
        """Give every task of the parts to somebody; those completed meanwhile stay as they are."""
        asked = {_chunk(message): message for message in batch}
        await self.tracker.share_day(uow)
        taken = await self.tracker.take_chunks(uow, list(asked))
        if not any(taken.values()):
            return
        eligible = await self.roster.eligible(uow)
        if not eligible:
            raise NoEligibleAssignee("everybody left while the tasks were being shuffled")
        ids = {task_id for ids in taken.values() for task_id in ids}
        tasks = dict(await self.tracker.lock(uow, ids))
        now = self.clock.now()
        given: list[Given] = []
        done: dict[UUID, tuple[int, int, int]] = {}
        for chunk, message in asked.items():
            wanted = taken.get(chunk, ())
            moved = [
                self._give(tasks, task_id, eligible, chunk.batch_id, given, now)
                for task_id in wanted
            ]
            told = [(event, task.version) for task, event in filter(None, moved)]
            self.tell(uow, told, _cause(message, chunk), now)
            before = done.get(chunk.batch_id, (0, 0, 0))
            new = (len(told), len(wanted) - len(told), 1 if wanted else 0)
            done[chunk.batch_id] = (before[0] + new[0], before[1] + new[1], before[2] + new[2])
        await self.tracker.save(uow, [tasks[key] for key in {one.task.id for one in given}])
        await self.tracker.keep_given(uow, given)
        await self.tracker.count_done(uow, done, now)

    def _give(
        self,
        tasks: dict[UUID, Task],
        task_id: UUID,
        eligible: Sequence[UUID],
        batch_id: UUID,
        given: list[Given],
        now: datetime,
    ) -> tuple[Task, TaskAssigned] | None:
        place = min(int(self.entropy.fraction() * len(eligible)), len(eligible) - 1)
        moved = reassign(tasks[task_id], eligible[place], self.entropy.new_id(), batch_id)
        if moved is None:
            return None
        task, event = moved
        tasks[task_id] = task
        given.append(
            Given(
                task=task,
                previous_assignee_id=event.previous_assignee_id,
                batch_id=batch_id,
                occurred_at=now,
            )
        )
        return moved


def _chunk(message: Message) -> Chunk:
    payload = message.payload
    return Chunk(batch_id=UUID(payload["batch_id"]), number=int(payload["chunk"]))


def _cause(message: Message, chunk: Chunk) -> Cause:
    return Cause(
        actor=str(message.payload["actor"]),
        reason="all open tasks are shuffled",
        correlation_id=message.correlation_id or chunk.batch_id,
        causation_id=chunk.batch_id,
    )
