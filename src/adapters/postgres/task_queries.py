"""What is looked at of tasks and people."""

from uuid import UUID

from adapters.postgres.codec import plain
from adapters.postgres.connections import borrowed_driver
from adapters.postgres.queries import PostgresQueries, cursor_of, read_cursor
from application.errors import NotFound
from application.ports import JsonObject, Listing, Page
from domain.shared.errors import InvalidValue

_TASK = """
SELECT task.id, task.title, task.jira_id, task.description, task.author_id, task.assignee_id,
    person.name AS assignee_name, task.assignment_no, task.status, task.created_at,
    task.completed_at, books.fee_minor, books.reward_minor, books.currency
FROM task LEFT JOIN person ON person.id = task.assignee_id
LEFT JOIN task_account AS books ON books.task_id = task.id AND books.state <> 'unknown'
"""
_BATCH = """
SELECT id, requested_by, requested_at, tasks, reassigned, skipped, done_at,
    CASE WHEN done_at IS NULL THEN 'running' ELSE 'done' END AS status
FROM task_batch
"""
_ASSIGNMENTS = """
SELECT assignment_no, assignation_id, assignee_id, previous_assignee_id, batch_id, occurred_at
FROM task_assignment WHERE task_id = $1 AND assignment_no < $2 ORDER BY assignment_no DESC LIMIT $3
"""
_PERSON = "SELECT id, name, email, role, language, is_active, role_version, created_at FROM person"


class PostgresTaskQueries(PostgresQueries):
    """Read models of the tracker, newest first."""

    async def tasks(self, page: Page, where: dict[str, object]) -> Listing:
        """Return a page of tasks; conditions with the value None are left out."""
        return await self._newest(_TASK, "task", page, where)

    async def task(self, task_id: UUID) -> JsonObject:
        """Return one; raises NotFound."""
        return await self._only(_TASK, "task", task_id)

    async def batch(self, batch_id: UUID) -> JsonObject:
        """Return how far a shuffle is; raises NotFound."""
        return await self._only(_BATCH, "task_batch", batch_id)

    async def people(self, page: Page, where: dict[str, object]) -> Listing:
        """Return a page of people."""
        return await self._newest(_PERSON, "person", page, where)

    async def person(self, person_id: UUID) -> JsonObject:
        """Return one; raises NotFound."""
        return await self._only(_PERSON, "person", person_id)

    async def assignments(self, task_id: UUID, page: Page) -> Listing:
        """Return who held a task, latest first."""
        text = read_cursor(page.cursor)
        if text is not None and not (text.isascii() and text.isdigit() and len(text) < 10):
            raise InvalidValue("that cursor was not given out here")
        before = int(text) if text else 2**31 - 1
        async with borrowed_driver(self._engine) as driver:
            rows = await driver.fetch(_ASSIGNMENTS, task_id, before, page.limit + 1)
        items = [plain(dict(row)) for row in rows[: page.limit]]
        more = cursor_of(items[-1]["assignment_no"]) if len(rows) > page.limit else None
        return Listing(items, more)

    async def _only(self, sql: str, table: str, key: UUID) -> JsonObject:
        found = await self.rows(f"{sql} WHERE {table}.id = $1", key)
        if not found:
            raise NotFound(table.replace("_", " "), key)
        return found[0]

    async def _newest(self, sql: str, table: str, page: Page, where: dict[str, object]) -> Listing:
        asked = {name: value for name, value in where.items() if value is not None}
        conditions = [f"{table}.{name} = ${place}" for place, name in enumerate(asked, start=1)]
        values = list(asked.values())
        if (after := _uuid(read_cursor(page.cursor))) is not None:
            values.append(after)
            conditions.append(f"{table}.id < ${len(values)}")
        condition = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        found = await self.rows(
            f"{sql}{condition} ORDER BY {table}.id DESC LIMIT {page.limit + 1}", *values
        )
        more = len(found) > page.limit
        return Listing(
            found[: page.limit], cursor_of(found[page.limit - 1]["id"]) if more else None
        )


def _uuid(text: str | None) -> UUID | None:
    if text is None:
        return None
    try:
        return UUID(text)
    except ValueError as error:
        raise InvalidValue("that cursor was not given out here") from error
