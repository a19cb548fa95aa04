"""The tracker's part of the composition root: people, tasks, and who hears of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.people import PostgresPeople
from adapters.postgres.task_queries import PostgresTaskQueries
from adapters.postgres.tracker import PostgresTracker, PostgresTrackerDays
from application.identity.people import ChangePerson, RegisterPeople
from application.jobs import Job
from application.ledger.task_events import TASK_EVENT
from application.ports import Clock, Entropy
from application.tasks.complete import CompleteTask
from application.tasks.create import CreateTask
from application.tasks.mark_days import MarkDays
from application.tasks.ports import Listener
from application.tasks.reassign import REASSIGN, CarryOutShuffles, ReassignAll
from application.tasks.tell import TellOfTasks

LISTENERS = (Listener("ledger", TASK_EVENT),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracking:
    """What a process may need of the tracker."""

    register: RegisterPeople
    change: ChangePerson
    create: CreateTask
    complete: CompleteTask
    reassign: ReassignAll
    queries: PostgresTaskQueries
    handlers: Mapping[str, Any]
    jobs: Sequence[Job]


def build_tracker(
    *, engine: AsyncEngine, open_uow: Any, clock: Clock, entropy: Entropy, zone: ZoneInfo
) -> Tracking:
    """Put the tracker together."""
    people, tracker = PostgresPeople(), PostgresTracker()
    tell = TellOfTasks(LISTENERS, entropy)
    return Tracking(
        register=RegisterPeople(people, clock, entropy),
        change=ChangePerson(people),
        create=CreateTask(tracker, people, tell, clock, entropy),
        complete=CompleteTask(tracker, tell, clock),
        reassign=ReassignAll(tracker, people, clock, entropy),
        queries=PostgresTaskQueries(engine),
        handlers={REASSIGN: CarryOutShuffles(tracker, people, tell, clock, entropy)},
        jobs=(MarkDays(open_uow, PostgresTrackerDays(zone), tell, zone),),
    )
