"""Tasks: create, look, complete, and shuffle what is open."""

from typing import Any, Literal
from uuid import UUID

from litestar import Request, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody

from application.ports import JsonObject
from application.tasks.create import NewTask
from domain.tasks.task import Completed, UnknownAuthor
from entrypoints.api.answers import tasks as answers
from entrypoints.api.commands import in_transaction, under_key
from entrypoints.api.contract import serves
from entrypoints.api.doors import caller_of, cause_of
from entrypoints.api.paging import Cursor, Limit, Word, page, shown
from entrypoints.api.shapes_tasks import NewTaskBody
from entrypoints.container import Container

Http = Request[Any, Any, Any]
Status = Literal["open", "completed"]


def person_of(request: Http) -> UUID:
    """Return the person who calls; refuse a token that names none."""
    try:
        return UUID(caller_of(request).subject)
    except ValueError:
        raise UnknownAuthor("the subject of this token is no person's id") from None


def routes(house: Container) -> list[HTTPRouteHandler]:
    """Return the routes of tasks."""
    tracking, open_uow = house.tracking(), house.open_uow()
    queries = tracking.queries

    @post("/tasks", **serves(answers.CreatedTask, "tasks:create", status=201, keyed=True))
    async def create(request: Http, data: JSONBody[NewTaskBody]) -> Any:
        """Create a task; somebody is drawn for it at once."""
        new = NewTask(
            title=data.title,
            author_id=person_of(request),
            jira_id=data.jira_id,
            description=data.description,
        )

        async def work(uow: Any) -> JsonObject:
            cause = cause_of(request, "a task was created")
            task = await tracking.create.within(uow, new, cause)
            return {
                "id": str(task.id),
                "assignee_id": str(task.assignment.assignee_id),
                "assignation_id": str(task.assignment.assignation_id),
            }

        return await under_key(request, open_uow, data, work, status=201)

    @get("/tasks", **serves(answers.Tasks, "tasks:read"))
    async def tasks(
        status: FromQuery[Status | None] = None,
        assignee_id: FromQuery[UUID | None] = None,
        author_id: FromQuery[UUID | None] = None,
        jira_id: Word = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> JsonObject:
        """All tasks, latest first."""
        where: dict[str, object] = {
            "status": status,
            "assignee_id": assignee_id,
            "author_id": author_id,
            "jira_id": jira_id,
        }
        return shown(await queries.tasks(page(limit, cursor), where))

    @get("/tasks/mine", **serves(answers.Tasks, "tasks:read"))
    async def mine(
        request: Http,
        status: FromQuery[Status | None] = "open",
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> JsonObject:
        """What the caller holds, latest first: open tasks unless others are asked for."""
        where: dict[str, object] = {"status": status, "assignee_id": person_of(request)}
        return shown(await queries.tasks(page(limit, cursor), where))

    @get("/tasks/{task_id:uuid}", **serves(answers.Task, "tasks:read"))
    async def task(task_id: FromPath[UUID]) -> JsonObject:
        """One task."""
        return await queries.task(task_id)

    @get("/tasks/{task_id:uuid}/assignments", **serves(answers.TaskAssignments, "tasks:read"))
    async def assignments(
        task_id: FromPath[UUID], limit: Limit = 50, cursor: Cursor = None
    ) -> JsonObject:
        """Who was given a task, latest first."""
        await queries.task(task_id)
        return shown(await queries.assignments(task_id, page(limit, cursor)))

    @post("/tasks/{task_id:uuid}/complete", **serves(answers.TaskDone, "tasks:complete"))
    async def complete(request: Http, task_id: FromPath[UUID]) -> JsonObject:
        """Complete a task the caller holds; a repeat changes nothing."""
        by = person_of(request)

        async def work(uow: Any) -> JsonObject:
            cause = cause_of(request, "a task was completed")
            done = await tracking.complete.within(uow, task_id, by, cause)
            assert isinstance(done.state, Completed), "whoever holds it has completed it"
            return {"id": task_id, "completed_by": by, "completed_at": done.state.at}

        return await in_transaction(open_uow, work)

    @post(
        "/tasks/reassign",
        **serves(answers.ShuffleAsked, "tasks:reassign", status=202, keyed=True),
    )
    async def reassign(request: Http) -> Any:
        """Give every open task to somebody drawn for it; the same key is the same shuffle."""

        async def work(uow: Any) -> JsonObject:
            cause = cause_of(request, "all open tasks are shuffled")
            asked = await tracking.reassign.within(uow, cause)
            return {"batch_id": str(asked.batch_id), "tasks": asked.tasks}

        return await under_key(request, open_uow, {}, work, status=202)

    @get("/tasks/reassignments/{batch_id:uuid}", **serves(answers.Shuffle, "tasks:read"))
    async def shuffle(batch_id: FromPath[UUID]) -> JsonObject:
        """How far a shuffle is."""
        return await queries.batch(batch_id)

    return [create, tasks, mine, task, assignments, complete, reassign, shuffle]
