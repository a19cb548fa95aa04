"""What a tracker tells of the history: version 1 of the events, twice, late and in no order."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from entrypoints.demo.tasks.history import History, Work

NAMESPACE = UUID("6b617a6e-6100-5000-8000-64656d6f7461")
_TWICE, _DISORDERED, _DAYS_LATE = 0.30, 0.20, 0.02
_HANDED_ON_ONE_IN = 10
_KEYED_ONE_IN = 3
_HOURS, _DAYS = timedelta(hours=6), timedelta(days=3)


@dataclass(frozen=True, slots=True, order=True)
class Delivery:
    """An event on its way; `at` is when it comes in."""

    at: datetime
    place: int
    event: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Everything that will be delivered, and the facts it comes to."""

    deliveries: Sequence[Delivery]
    events: int
    assignments: Sequence[tuple[UUID, UUID, UUID, datetime]]
    completions: Sequence[tuple[UUID, UUID, datetime]]


def person_id(name: str) -> UUID:
    """Return the id a pseudonym has everywhere."""
    return uuid5(NAMESPACE, f"person/{name}")


def tell(history: History, seed: int) -> Told:
    """Put a history into events and draw how they travel; the same seed, the same disorder."""
    chance = random.Random(seed)  # noqa: S311 - a demonstration is drawn, not a secret
    deliveries: list[Delivery] = []
    assignments: list[tuple[UUID, UUID, UUID, datetime]] = []
    completions: list[tuple[UUID, UUID, datetime]] = []
    events = 0
    for number, one in enumerate(history.work, start=1):
        for event in _events(one, number, assignments, completions):
            events += 1
            occurred_at = datetime.fromisoformat(event["occurred_at"])
            arrivals = [occurred_at + _delay(chance)]
            if chance.random() < _TWICE:
                arrivals.append(arrivals[0] + _HOURS * chance.random())
            deliveries += [
                Delivery(at, len(deliveries) + n, event) for n, at in enumerate(arrivals)
            ]
    return Told(
        deliveries=sorted(deliveries),
        events=events,
        assignments=assignments,
        completions=completions,
    )


def _delay(chance: random.Random) -> timedelta:
    drawn = chance.random()
    if drawn < _DAYS_LATE:
        return _DAYS * chance.random()
    return _HOURS * chance.random() if drawn < _DISORDERED else timedelta(0)


def _events(
    one: Work,
    number: int,
    assignments: list[tuple[UUID, UUID, UUID, datetime]],
    completions: list[tuple[UUID, UUID, datetime]],
) -> list[dict[str, Any]]:
    task_id = uuid5(NAMESPACE, f"task/{one.name}")
    title = f"[POP-{number}] - {one.title}" if number % _KEYED_ONE_IN == 0 else one.title
    told: list[dict[str, Any]] = []

    def say(name: str, at: datetime, **data: Any) -> None:
        version = len(told) + 1
        told.append(
            {
                "event_id": str(uuid5(task_id, f"event/{version}")),
                "event_name": name,
                "event_version": 1,
                "event_time": at.isoformat(),
                "occurred_at": at.isoformat(),
                "producer": "history",
                "aggregate_id": str(task_id),
                "aggregate_version": version,
                "correlation_id": str(task_id),
                "causation_id": None,
                "data": {
                    "task_id": str(task_id),
                    "title": title,
                    "description": f"Begun {one.assigned_at:%Y-%m-%d %H:%M} UTC",
                    "author_id": str(person_id(one.reviewer)),
                    **data,
                },
            }
        )

    def assign(to: str, no: int, previous: str | None, at: datetime) -> None:
        assignation_id = uuid5(task_id, f"assignment/{no}")
        assignments.append((task_id, assignation_id, person_id(to), at))
        say(
            "TaskAssigned",
            at,
            assignee_id=str(person_id(to)),
            assignment_no=no,
            assignation_id=str(assignation_id),
            previous_assignee_id=None if previous is None else str(person_id(previous)),
            batch_id=None,
        )

    begun, done = one.assigned_at, one.completed_at
    say("TaskCreated", begun, status="OPEN", created_at=begun.isoformat())
    holder, no = one.assignee, 1
    assign(holder, no, None, begun)
    if one.reviewer != one.assignee and task_id.int % _HANDED_ON_ONE_IN == 0:
        holder, no = one.reviewer, 2
        assign(holder, no, one.assignee, begun + (done - begun) / 2)
    completions.append((task_id, person_id(holder), done))
    say(
        "TaskCompleted",
        done,
        completed_by=str(person_id(holder)),
        assignment_no=no,
        completed_at=done.isoformat(),
    )
    return told
