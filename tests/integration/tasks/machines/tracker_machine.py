"""A tracker under any commands, beside a dictionary of who holds what."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from application.errors import NotFound
from application.ports import Message
from application.tasks.reassign import REASSIGN
from domain.identity.person import NEVER_DRAWN, LastAdmin, PersonRole
from domain.tasks.events import TRACKER
from domain.tasks.task import NoEligibleAssignee, NotTheAssignee, UnknownAuthor
from tests.integration.tasks.machines.stage import ExchangeMachine
from tests.integration.tasks.tracker import TrackedExchange

ANY = st.integers(0, 1000)
ROLES = st.sampled_from(PersonRole)


@dataclass
class Held:
    """A task as everybody should see it: each holder there ever was, and what was told."""

    author: UUID
    assignations: list[tuple[UUID, UUID]]
    told: list[str]
    is_done: bool = False

    @property
    def holder(self) -> UUID:
        return self.assignations[-1][1]


@dataclass
class Press:
    """A shuffle: what was open when the button was pressed, and what was given since."""

    asked: set[UUID]
    given: set[UUID] = field(default_factory=set)


class TrackerMachine(ExchangeMachine[TrackedExchange]):
    """Creates, completes, shuffles, dies in the middle, and changes who may be drawn."""

    kind = TrackedExchange

    def __init__(self) -> None:
        super().__init__()
        self.people: dict[UUID, tuple[PersonRole, bool]] = {}
        self.tasks: dict[UUID, Held] = {}
        self.presses: dict[UUID, Press] = {}
        self.handled: list[Message] = []

    @initialize()
    def two_work_for_an_administrator(self) -> None:
        self.hire(PersonRole.WORKER)
        self.hire(PersonRole.WORKER)
        self.hire(PersonRole.ADMIN)

    @property
    def eligible(self) -> set[UUID]:
        return {
            key
            for key, (role, is_active) in self.people.items()
            if is_active and role not in NEVER_DRAWN
        }

    def person(self, place: int) -> UUID:
        return list(self.people)[place % len(self.people)]

    def task(self, place: int) -> UUID:
        return list(self.tasks)[place % len(self.tasks)]

    # Who works here.

    @rule(role=ROLES)
    def hire(self, role: PersonRole) -> None:
        (key,) = self.run(self.exchange.hire(1, role))
        self.people[key] = role, True

    @rule(place=ANY, role=ROLES, is_active=st.booleans())
    def change_role(self, place: int, role: PersonRole, is_active: bool) -> None:
        key = self.person(place)
        admins = {one for one, is_one in self.people.items() if is_one == (PersonRole.ADMIN, True)}
        call = self.exchange.alter(key, role=role, is_active=is_active)
        if admins == {key} and (role, is_active) != (PersonRole.ADMIN, True):
            with pytest.raises(LastAdmin):
                self.run(call)
            return
        self.run(call)
        self.people[key] = role, is_active

    # What they do.

    @rule(place=ANY)
    def create(self, place: int) -> None:
        author = self.person(place)
        call = self.exchange.create(author)
        if not self.people[author][1]:
            with pytest.raises(UnknownAuthor):
                self.run(call)
            return
        if not self.eligible:
            with pytest.raises(NoEligibleAssignee):
                self.run(call)
            return
        task = self.run(call)
        assert task.assignment.assignee_id in self.eligible
        given = task.assignment.assignation_id, task.assignment.assignee_id
        self.tasks[task.id] = Held(author, [given], ["TaskCreated", "TaskAssigned"])

    @precondition(lambda self: self.tasks)
    @rule(place=ANY)
    def complete(self, place: int) -> None:
        """Complete as whoever holds it; the second time tells nothing."""
        key = self.task(place)
        held = self.tasks[key]
        self.run(self.exchange.complete(key, held.holder))
        if not held.is_done:
            held.is_done = True
            held.told.append("TaskCompleted")

    @precondition(lambda self: self.tasks)
    @rule(place=ANY, by=ANY)
    def complete_somebody_elses(self, place: int, by: int) -> None:
        key, person = self.task(place), self.person(by)
        if self.tasks[key].holder != person:
            with pytest.raises(NotTheAssignee):
                self.run(self.exchange.complete(key, person))
        with pytest.raises(NotFound):
            self.run(self.exchange.complete(uuid4(), person))

    @rule()
    def press(self) -> None:
        call = self.exchange.press()
        if not self.eligible:
            with pytest.raises(NoEligibleAssignee):
                self.run(call)
            return
        asked = {key for key, held in self.tasks.items() if not held.is_done}
        self.presses[self.run(call)] = Press(asked)

    # What the workers do with it.

    def parts(self) -> list[Message]:
        return list(self.run(self.exchange.waiting(REASSIGN)))

    @rule(places=st.lists(ANY, min_size=1, max_size=3, unique=True), dies=st.booleans())
    def carry_out_parts(self, places: list[int], dies: bool) -> None:
        """Carry some parts out, in any order; a worker that dies leaves them as they were."""
        waiting = self.parts()
        if not waiting:
            return
        taken = [waiting[key] for key in dict.fromkeys(place % len(waiting) for place in places)]
        call = self.exchange.carry_out(taken, crash=dies)
        if not self.eligible:
            with pytest.raises(NoEligibleAssignee):
                self.run(call)
            return
        self.run(call)
        if not dies:
            self.handled += taken
            self.notice_what_was_given()

    @precondition(lambda self: self.handled)
    @rule(place=ANY)
    def carry_a_part_out_again(self, place: int) -> None:
        """A part that comes twice gives nothing twice: the invariants know of no assignment."""
        self.run(self.exchange.carry_out([self.handled[place % len(self.handled)]]))

    def notice_what_was_given(self) -> None:
        for row in self.rows("SELECT * FROM task_assignment ORDER BY task_id, assignment_no"):
            held = self.tasks[row["task_id"]]
            if row["assignment_no"] <= len(held.assignations):
                continue
            press = self.presses[row["batch_id"]]
            assert row["assignment_no"] == len(held.assignations) + 1
            assert row["previous_assignee_id"] == held.holder
            assert row["assignee_id"] in self.eligible
            assert not held.is_done
            assert row["task_id"] in press.asked - press.given
            press.given.add(row["task_id"])
            held.assignations.append((row["assignation_id"], row["assignee_id"]))
            held.told.append("TaskAssigned")

    # What must come of it.

    @invariant()
    def tasks_are_the_dictionarys(self) -> None:
        kept = {
            row["id"]: (
                row["assignee_id"],
                row["assignation_id"],
                row["assignment_no"],
                row["version"],
                row["status"],
            )
            for row in self.rows("SELECT * FROM task")
        }
        assert kept == {
            key: (
                held.holder,
                held.assignations[-1][0],
                len(held.assignations),
                len(held.told),
                "completed" if held.is_done else "open",
            )
            for key, held in self.tasks.items()
        }

    @invariant()
    def every_assignment_is_kept_under_a_name_of_its_own(self) -> None:
        kept: dict[UUID, list[tuple[UUID, UUID]]] = {}
        for row in self.rows("SELECT * FROM task_assignment ORDER BY task_id, assignment_no"):
            found = row["assignation_id"], row["assignee_id"]
            kept.setdefault(row["task_id"], []).append(found)
        assert kept == {key: held.assignations for key, held in self.tasks.items()}
        names = [name for held in self.tasks.values() for name, _ in held.assignations]
        assert len(names) == len(set(names))

    @invariant()
    def exactly_what_was_done_is_told_in_its_order(self) -> None:
        told: dict[UUID, list[tuple[int, str]]] = {}
        for row in self.rows(
            "SELECT aggregate_id, aggregate_version, name FROM event WHERE producer = $1 "
            "ORDER BY position",
            TRACKER,
        ):
            told.setdefault(row["aggregate_id"], []).append((row["aggregate_version"], row["name"]))
        assert told == {
            key: list(enumerate(held.told, start=1)) for key, held in self.tasks.items()
        }

    @invariant()
    def shuffles_that_ended_gave_all_that_stayed_open(self) -> None:
        for row in self.rows("SELECT * FROM task_batch"):
            press = self.presses[row["id"]]
            assert (row["tasks"], row["reassigned"]) == (len(press.asked), len(press.given))
            if row["done_at"] is not None:
                left = press.asked - press.given
                assert row["skipped"] == len(left)
                assert all(self.tasks[key].is_done for key in left)

    def carry_out_the_rest(self) -> None:
        if not self.eligible:
            self.hire(PersonRole.WORKER)
        while self.parts():
            self.carry_out_parts([0], False)

    def teardown(self) -> None:
        self.carry_out_the_rest()
        self.shuffles_that_ended_gave_all_that_stayed_open()
        assert not self.value("SELECT count(*) FROM task_batch WHERE done_at IS NULL")
        assert not self.value("SELECT count(*) FROM task_batch_item")
        super().teardown()


def sent(machine: TrackerMachine, queue: str) -> list[dict[str, Any]]:
    """Return what waits in a queue, oldest first."""
    return machine.rows("SELECT id, payload FROM message WHERE queue = $1 ORDER BY id", queue)
