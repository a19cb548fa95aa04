"""Carry out `jobs.run.v1`: the timetable's messages, one job run each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from application.jobs import RunJob
from application.ports import Done, Failed, Message, NewMessage, UnitOfWork


def run_of(job: str, now: datetime, correlation_id: UUID) -> NewMessage:
    """Order a run of a job by message; runs of one job are carried out one after another."""
    return NewMessage(
        queue="jobs",
        name="jobs.run.v1",
        payload={"job": job, "now": now.isoformat()},
        order_key=f"jobs:{job}",
        correlation_id=correlation_id,
    )


@dataclass(frozen=True, slots=True)
class RunJobsByMessage:
    """Run what messages ask for: `{job, now}`; what fails is tried again by its message."""

    run: RunJob

    async def call(self, batch: Sequence[Message]) -> Sequence[Done | Failed]:
        """Run one job per message, in order."""
        return [await self._one(message) for message in batch]

    async def _one(self, message: Message) -> Done | Failed:
        job = message.payload["job"]
        if job not in self.run.jobs:
            return Failed(f"there is no job {job!r}", final=True)
        now = datetime.fromisoformat(message.payload["now"]).astimezone(UTC)
        await self.run(job, now=now, correlation_id=message.correlation_id)
        return Done()

    async def record(self, uow: UnitOfWork, batch: Sequence[tuple[Message, Done]]) -> None:
        """Nothing is left to record: a run writes its own row."""
