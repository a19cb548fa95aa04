"""The timetable: what is due when, in business time, and what becomes of ticks that were missed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, TypeVar, assert_never

from application.messaging.cadence import Cadence
from application.ports import Clock, JsonObject, NewMessage, UnitOfWork, UnitsOfWork

U_contra = TypeVar("U_contra", bound=UnitOfWork, contravariant=True)
_REPLAYED_AT_ONCE = 500


class Misfire(StrEnum):
    """What becomes of ticks nobody was there for: one run for all of them, or one for each."""

    MERGE = "merge"
    REPLAY = "replay"


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A line of the timetable: which message is sent to which queue, and when.

    The message's payload is `{"job": name, …payload, "due": …, "now": …}`, instants in ISO 8601.
    """

    name: str
    cadence: Cadence
    queue: str = "jobs"
    message_name: str = "jobs.run.v1"
    payload: JsonObject = field(default_factory=dict)
    order_key: str | None = None
    priority: int = 0
    misfire: Misfire = Misfire.MERGE
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class DueSchedule:
    """A schedule whose next tick has come; its row is locked."""

    schedule: Schedule
    due: datetime


@dataclass(frozen=True, slots=True)
class Fired:
    """The ticks of a schedule that fire together, and when the next is due."""

    schedule: Schedule
    ticks: Sequence[datetime]
    next_due: datetime


class Timetable(Protocol[U_contra]):
    """The rows of the timetable."""

    async def put(self, uow: U_contra, schedules: Collection[Schedule], now: datetime) -> None:
        """Write schedules; one whose cadence is the same keeps its next tick."""
        ...

    async def lock_due(self, uow: U_contra, now: datetime) -> Sequence[DueSchedule]:
        """Return what is due and not being fired by another scheduler."""
        ...

    async def note(self, uow: U_contra, fired: Sequence[Fired]) -> Mapping[str, Sequence[datetime]]:
        """Keep ticks and next dues; return, by schedule, the ticks that never fired before."""
        ...


def fire(due: DueSchedule, now: datetime) -> Fired:
    """Decide which ticks a schedule owes by now."""
    cadence = due.schedule.cadence
    match due.schedule.misfire:
        case Misfire.MERGE:
            latest = cadence.latest(due.due, now)
            return Fired(due.schedule, [latest], cadence.after(latest))
        case Misfire.REPLAY:
            ticks = [due.due]
            while (following := cadence.after(ticks[-1])) <= now:
                if len(ticks) == _REPLAYED_AT_ONCE:
                    break
                ticks.append(following)
            return Fired(due.schedule, ticks, following)
        case _:
            assert_never(due.schedule.misfire)


@dataclass(frozen=True, slots=True)
class FireDue:
    """Send the messages of every tick that has come, each exactly once.

    Tick, message and next due are one transaction, and a tick has a unique key, so any number of
    schedulers may run. A jump of the clock fires each schedule once, or once per missed tick where
    the schedule says so.
    """

    units_of_work: UnitsOfWork[Any]
    timetable: Timetable[Any]
    clock: Clock

    async def __call__(self, now: datetime | None = None) -> int:
        """Fire what is due at `now`, by default the clock's; return how many messages were sent."""
        instant = now or self.clock.now()
        sent = 0
        while True:
            count, more = await self._fired(instant)
            sent += count
            if not more:
                return sent

    async def _fired(self, now: datetime) -> tuple[int, bool]:
        async with self.units_of_work() as uow:
            fired = [fire(due, now) for due in await self.timetable.lock_due(uow, now)]
            if not fired:
                return 0, False
            fresh = await self.timetable.note(uow, fired)
            messages = [
                _message(one.schedule, tick, now)
                for one in fired
                for tick in fresh.get(one.schedule.name, ())
            ]
            uow.messages.add(messages)
            await uow.commit()
        return len(messages), any(one.next_due <= now for one in fired)


def _message(schedule: Schedule, tick: datetime, now: datetime) -> NewMessage:
    return NewMessage(
        queue=schedule.queue,
        name=schedule.message_name,
        payload={
            "job": schedule.name,
            **schedule.payload,
            "due": tick.isoformat(),
            "now": now.isoformat(),
        },
        order_key=schedule.order_key,
        priority=schedule.priority,
    )
