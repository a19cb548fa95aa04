"""Tasks on PostgreSQL: rows, assignments, and what shuffles have still to give."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from adapters.postgres import tables
from adapters.postgres.bulk import insert_many
from adapters.postgres.subscriptions import utc
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from application.tasks.ports import Chunk, Given
from domain.shared.calendar import business_day
from domain.tasks.task import Assignment, Completed, Open, Task
from domain.tasks.title import Title

# Commands of the tracker hold it shared, whoever marks the end of a day holds it alone.
DAY_LOCK = "hashtextextended('kazna.tasks.day', 0)"
_SAVE = """
UPDATE task SET assignee_id = given.assignee_id, assignment_no = given.assignment_no,
    assignation_id = given.assignation_id, status = given.status, version = given.version,
    completed_at = given.completed_at
FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::uuid[], $5::text[], $6::integer[],
    $7::timestamptz[]) AS given(id, assignee_id, assignment_no, assignation_id, status, version,
    completed_at)
WHERE task.id = given.id
"""
_OPEN_BATCH = """
WITH found AS (
    SELECT id, (row_number() OVER (ORDER BY id) - 1) / $4::integer AS chunk
    FROM task WHERE status = 'open'
), counted AS (
    SELECT count(*)::integer AS tasks, coalesce(max(chunk) + 1, 0)::integer AS parts FROM found
), batch AS (
    INSERT INTO task_batch (id, requested_by, requested_at, tasks, reassigned, skipped,
        parts_left, done_at)
    SELECT $1, $2, $3, tasks, 0, 0, parts, CASE WHEN parts = 0 THEN $3::timestamptz END
    FROM counted
), kept AS (
    INSERT INTO task_batch_item (batch_id, chunk, task_id) SELECT $1, chunk, id FROM found
)
SELECT tasks, parts FROM counted
"""
_TAKE = """
DELETE FROM task_batch_item AS item
USING unnest($1::uuid[], $2::integer[]) AS given(batch_id, chunk)
WHERE item.batch_id = given.batch_id AND item.chunk = given.chunk
RETURNING item.batch_id, item.chunk, item.task_id
"""
_COUNT_DONE = """
UPDATE task_batch SET reassigned = task_batch.reassigned + given.reassigned,
    skipped = task_batch.skipped + given.skipped, parts_left = parts_left - given.parts,
    done_at = CASE WHEN parts_left = given.parts THEN $5::timestamptz END
FROM (SELECT * FROM unnest($1::uuid[], $2::integer[], $3::integer[], $4::integer[])
    AS one(id, reassigned, skipped, parts) ORDER BY id) AS given
WHERE task_batch.id = given.id
"""


class PostgresTracker:
    """Rows of tasks, in the transaction of the unit of work it is given."""

    async def add(self, uow: PostgresUnitOfWork, tasks: Sequence[Task]) -> None:
        """Insert new tasks."""
        await insert_many(uow.driver, tables.tasks.task, [_row(one) for one in tasks])

    async def lock(self, uow: PostgresUnitOfWork, ids: Collection[UUID]) -> Mapping[UUID, Task]:
        """Lock tasks in the order of their ids, and return those that exist."""
        rows = await uow.driver.fetch(
            "SELECT * FROM task WHERE id = ANY($1) ORDER BY id FOR UPDATE", list(ids)
        )
        return {row["id"]: task_of(row) for row in rows}

    async def save(self, uow: PostgresUnitOfWork, tasks: Sequence[Task]) -> None:
        """Write tasks down; their rows are locked."""
        if not tasks:
            return
        rows = [_row(one) for one in tasks]
        names = (
            "id",
            "assignee_id",
            "assignment_no",
            "assignation_id",
            "status",
            "version",
            "completed_at",
        )
        await uow.driver.execute(_SAVE, *([row[name] for row in rows] for name in names))

    async def keep_given(self, uow: PostgresUnitOfWork, given: Sequence[Given]) -> None:
        """Append assignments; an assignation id is there once for ever."""
        await insert_many(
            uow.driver,
            tables.tasks.task_assignment,
            [
                {
                    "task_id": one.task.id,
                    "assignment_no": one.task.assignment.no,
                    "assignation_id": one.task.assignment.assignation_id,
                    "assignee_id": one.task.assignment.assignee_id,
                    "previous_assignee_id": one.previous_assignee_id,
                    "batch_id": one.batch_id,
                    "occurred_at": one.occurred_at,
                }
                for one in given
            ],
        )

    async def open_batch(
        self, uow: PostgresUnitOfWork, batch_id: UUID, requested_by: str, now: datetime, chunk: int
    ) -> tuple[int, int]:
        """Remember every open task in parts of so many; return the numbers of tasks and parts."""
        row = await uow.driver.fetchrow(_OPEN_BATCH, batch_id, requested_by, now, chunk)
        assert row is not None, "a count is always there"
        return row["tasks"], row["parts"]

    async def take_chunks(
        self, uow: PostgresUnitOfWork, chunks: Sequence[Chunk]
    ) -> Mapping[Chunk, Sequence[UUID]]:
        """Take the tasks of parts out, so that nobody shuffles them again for this batch."""
        rows = await uow.driver.fetch(
            _TAKE, [one.batch_id for one in chunks], [one.number for one in chunks]
        )
        taken: dict[Chunk, list[UUID]] = {}
        for row in rows:
            chunk = Chunk(batch_id=row["batch_id"], number=row["chunk"])
            taken.setdefault(chunk, []).append(row["task_id"])
        return taken

    async def count_done(
        self, uow: PostgresUnitOfWork, done: Mapping[UUID, tuple[int, int, int]], now: datetime
    ) -> None:
        """Add (reassigned, skipped, parts) to batches; the last part ends one."""
        keys = sorted(done)
        await uow.driver.execute(
            _COUNT_DONE, keys, *([done[key][place] for key in keys] for place in range(3)), now
        )

    async def share_day(self, uow: PostgresUnitOfWork) -> None:
        """Hold the day open: nobody marks its end while this transaction lives."""
        await uow.driver.execute(f"SELECT pg_advisory_xact_lock_shared({DAY_LOCK})")


class PostgresTrackerDays:
    """How far the tracker's days are marked, in the transaction of the unit of work it is given."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    async def hold(self, uow: PostgresUnitOfWork) -> date | None:
        """Wait for every command, keep new ones waiting, and return the last day marked."""
        await uow.driver.execute(f"SELECT pg_advisory_xact_lock({DAY_LOCK})")
        day: date | None = await uow.driver.fetchval("SELECT marked_through FROM tracker_calendar")
        if day is not None:
            return day
        first = await uow.driver.fetchval("SELECT min(created_at) FROM task")
        return None if first is None else business_day(utc(first), self._zone) - timedelta(days=1)

    async def mark_through(self, uow: PostgresUnitOfWork, day: date) -> None:
        """Write the last day marked down."""
        await uow.driver.execute(
            "INSERT INTO tracker_calendar (id, marked_through) VALUES (1, $1) "
            "ON CONFLICT (id) DO UPDATE SET marked_through = excluded.marked_through",
            day,
        )


def _row(task: Task) -> dict[str, Any]:
    done = task.state if isinstance(task.state, Completed) else None
    return {
        "id": task.id,
        "title": task.title.text,
        "jira_id": task.title.jira_id,
        "description": task.description,
        "author_id": task.author_id,
        "assignee_id": task.assignment.assignee_id,
        "assignment_no": task.assignment.no,
        "assignation_id": task.assignment.assignation_id,
        "status": "open" if done is None else "completed",
        "version": task.version,
        "created_at": task.created_at,
        "completed_at": None if done is None else done.at,
    }


def task_of(row: Mapping[str, Any]) -> Task:
    """Read a row back."""
    done = row["completed_at"]
    return Task(
        id=row["id"],
        title=Title(row["title"], row["jira_id"]),
        description=row["description"],
        author_id=row["author_id"],
        assignment=Assignment(
            no=row["assignment_no"],
            assignation_id=row["assignation_id"],
            assignee_id=row["assignee_id"],
        ),
        state=Open() if done is None else Completed(utc(done)),
        version=row["version"],
        created_at=utc(row["created_at"]),
    )
