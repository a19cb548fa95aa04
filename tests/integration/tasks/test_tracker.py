"""Tasks have one assignee at all times, are shuffled once per press, and completed by their own."""

import asyncio
import random
from collections import Counter
from uuid import UUID, uuid4

import pytest

from application.errors import NotFound
from application.tasks.reassign import REASSIGN
from domain.identity.person import LastAdmin, PersonRole
from domain.shared.errors import InvalidValue
from domain.tasks.task import NoEligibleAssignee, NotTheAssignee, Task, UnknownAuthor
from tests.integration.tasks.tracker import TrackedExchange

TASKS = 30


async def holders(tracked: TrackedExchange) -> dict[UUID, UUID]:
    rows = await tracked.rows("SELECT id, assignee_id FROM task ORDER BY id")
    return {row["id"]: row["assignee_id"] for row in rows}


async def told(tracked: TrackedExchange) -> Counter[str]:
    rows = await tracked.rows("SELECT name FROM event WHERE producer = 'kazna.tasks'")
    return Counter(row["name"] for row in rows)


async def backlog(tracked: TrackedExchange, count: int = TASKS) -> tuple[list[UUID], list[Task]]:
    people = await tracked.hire(4)
    return people, [await tracked.create(people[0]) for _ in range(count)]


async def test_a_task_is_somebodys_from_the_beginning_and_the_books_hear_of_it(
    tracked: TrackedExchange,
) -> None:
    (author,) = await tracked.hire(1, PersonRole.MANAGER)
    (worker,) = await tracked.hire()
    task = await tracked.create(author, jira_id="UBERPOP-42", description="Green, not blue")
    assert task.assignment.assignee_id == worker

    await tracked.complete(task.id, worker)
    await tracked.digest_all()

    entries = await tracked.rows("SELECT kind, person_id FROM wallet_entry ORDER BY seq")
    assert [(one["kind"], one["person_id"]) for one in entries] == [
        ("ASSIGN_FEE", worker),
        ("TASK_REWARD", worker),
    ]
    known = await tracked.rows("SELECT title, jira_id, description, author_id FROM task_account")
    assert known[0]["jira_id"] == "UBERPOP-42"
    assert known[0]["author_id"] == author
    assert await tracked.broken() == []


async def test_versions_of_a_task_count_its_events(tracked: TrackedExchange) -> None:
    _, (task,) = await backlog(tracked, 1)
    await tracked.shuffle()
    (holder,) = (await holders(tracked)).values()
    await tracked.complete(task.id, holder)

    rows = await tracked.rows(
        "SELECT name, aggregate_version FROM event WHERE aggregate_id = $1 ORDER BY position",
        task.id,
    )
    assert [(row["name"], row["aggregate_version"]) for row in rows] == [
        ("TaskCreated", 1),
        ("TaskAssigned", 2),
        ("TaskAssigned", 3),
        ("TaskCompleted", 4),
    ]
    payloads = await tracked.rows("SELECT payload FROM message WHERE queue = 'ledger' ORDER BY id")
    events = await tracked.rows(
        "SELECT event_id FROM event WHERE aggregate_id = $1 ORDER BY position", task.id
    )
    assert [UUID(row["payload"]["event_id"]) for row in payloads] == [
        row["event_id"] for row in events
    ]


async def test_nobody_to_give_it_to_leaves_nothing_behind(tracked: TrackedExchange) -> None:
    (manager,) = await tracked.hire(1, PersonRole.MANAGER)
    await tracked.hire(1, PersonRole.ADMIN)
    with pytest.raises(NoEligibleAssignee):
        await tracked.create(manager)
    with pytest.raises(NoEligibleAssignee):
        await tracked.press()
    assert not await tracked.rows("SELECT id FROM task")
    assert not await tracked.rows("SELECT id FROM message")


async def test_strangers_and_brackets_are_refused(tracked: TrackedExchange) -> None:
    (worker,) = await tracked.hire()
    with pytest.raises(UnknownAuthor):
        await tracked.create(uuid4())
    with pytest.raises(InvalidValue):
        await tracked.create(worker, "[UBERPOP-1] Feed the parrots")
    await tracked.alter(worker, is_active=False)
    with pytest.raises(UnknownAuthor):
        await tracked.create(worker)


async def test_only_who_holds_a_task_completes_it_and_once(tracked: TrackedExchange) -> None:
    people, (task,) = await backlog(tracked, 1)
    holder = task.assignment.assignee_id
    other = next(one for one in people if one != holder)
    with pytest.raises(NotTheAssignee):
        await tracked.complete(task.id, other)
    with pytest.raises(NotFound):
        await tracked.complete(uuid4(), holder)

    first = await tracked.complete(task.id, holder)
    assert await tracked.complete(task.id, holder) == first
    with pytest.raises(NotTheAssignee):
        await tracked.complete(task.id, other)
    assert (await told(tracked))["TaskCompleted"] == 1


async def test_a_shuffle_gives_every_open_task_once(tracked: TrackedExchange) -> None:
    people, tasks = await backlog(tracked)
    done = tasks[0]
    await tracked.complete(done.id, done.assignment.assignee_id)
    batch_id = await tracked.shuffle()

    (batch,) = await tracked.rows("SELECT * FROM task_batch")
    assert (batch["tasks"], batch["reassigned"], batch["skipped"]) == (TASKS - 1, TASKS - 1, 0)
    assert batch["done_at"] is not None
    given = await tracked.rows("SELECT * FROM task_assignment WHERE batch_id = $1", batch_id)
    assert len(given) == TASKS - 1
    assert {row["assignment_no"] for row in given} == {2}
    assert {row["assignee_id"] for row in given} <= set(people)
    # With replacement, whoever holds it included: some stay where they were.
    stayed = sum(row["assignee_id"] == row["previous_assignee_id"] for row in given)
    assert 0 < stayed < TASKS - 1


async def test_a_shuffle_that_was_killed_goes_on_and_gives_nothing_twice(
    tracked: TrackedExchange,
) -> None:
    await backlog(tracked)
    await tracked.press()
    parts = await tracked.waiting(REASSIGN)
    assert len(parts) == 5
    await tracked.carry_out(parts[:2])
    await tracked.carry_out(parts[2:3], crash=True)

    # Redelivered: all of them, in another order, some twice.
    await tracked.carry_out([*reversed(parts)])
    await tracked.carry_out(parts)

    (batch,) = await tracked.rows("SELECT * FROM task_batch")
    assert (batch["reassigned"], batch["parts_left"]) == (TASKS, 0)
    numbers = await tracked.rows("SELECT DISTINCT assignment_no, version FROM task")
    assert [(row["assignment_no"], row["version"]) for row in numbers] == [(2, 3)]
    assert (await told(tracked))["TaskAssigned"] == 2 * TASKS
    assert not await tracked.rows("SELECT task_id FROM task_batch_item")


async def test_tasks_completed_between_press_and_part_are_skipped(
    tracked: TrackedExchange,
) -> None:
    _, tasks = await backlog(tracked)
    await tracked.press()
    for task in tasks[:3]:
        await tracked.complete(task.id, task.assignment.assignee_id)
    for part in await tracked.waiting(REASSIGN):
        await tracked.carry_out([part])
    (batch,) = await tracked.rows("SELECT * FROM task_batch")
    assert (batch["reassigned"], batch["skipped"]) == (TASKS - 3, 3)


async def test_completions_race_with_shuffles_and_one_of_them_wins(
    tracked: TrackedExchange,
) -> None:
    _, tasks = await backlog(tracked)
    await asyncio.gather(tracked.press(), tracked.press())
    parts = await tracked.waiting(REASSIGN)

    async def finish(task: Task) -> bool:
        try:
            await tracked.complete(task.id, task.assignment.assignee_id)
        except NotTheAssignee:
            return False
        return True

    won = await asyncio.gather(
        *(finish(task) for task in tasks), *(tracked.carry_out([part]) for part in parts)
    )
    counts = await told(tracked)
    assert counts["TaskCompleted"] == sum(one is True for one in won)
    batches = await tracked.rows("SELECT reassigned, skipped, tasks, done_at FROM task_batch")
    assert all(one["reassigned"] + one["skipped"] == one["tasks"] for one in batches)
    assert all(one["done_at"] for one in batches)
    assert counts["TaskAssigned"] == TASKS + sum(one["reassigned"] for one in batches)
    gaps = await tracked.rows(
        "SELECT task.id FROM task JOIN task_assignment AS one ON one.task_id = task.id "
        "GROUP BY task.id HAVING count(*) <> task.assignment_no"
    )
    assert gaps == []
    await tracked.digest_all()
    assert await tracked.broken() == []
    fees = await tracked.value("SELECT count(*) FROM wallet_entry WHERE kind = 'ASSIGN_FEE'")
    assert fees == counts["TaskAssigned"]


async def test_everybody_eligible_is_drawn_alike(tracked: TrackedExchange) -> None:
    people, _ = await backlog(tracked, 1)
    accountants = await tracked.hire(1, PersonRole.ACCOUNTANT)
    await tracked.hire(2, PersonRole.MANAGER)
    await tracked.alter(people[3], is_active=False)
    eligible = {*people[:3], *accountants}
    draws, chance = 400, random.Random(7)
    async with tracked.open_uow() as uow:
        drawn = Counter(
            [await tracked.creating.roster.draw(uow, chance.random()) for _ in range(draws)]
        )
    assert set(drawn) == eligible
    expected = draws / len(eligible)
    # Chi-square with three degrees of freedom: 16.3 is passed once in a thousand.
    assert sum((count - expected) ** 2 / expected for count in drawn.values()) < 16.3


async def test_the_last_administrator_stays_one_even_when_two_leave_at_once(
    tracked: TrackedExchange,
) -> None:
    admins = await tracked.hire(2, PersonRole.ADMIN)
    left = await asyncio.gather(
        *(tracked.alter(one, role=PersonRole.WORKER) for one in admins), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in left) == ["LastAdmin", "NoneType"]
    (last,) = await tracked.rows("SELECT id FROM person WHERE role = 'admin'")
    with pytest.raises(LastAdmin):
        await tracked.alter(last["id"], is_active=False)
