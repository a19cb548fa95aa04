"""The operators' side: jobs, discrepancies, dead messages, stories; health and metrics."""

from typing import Any

from litestar import MediaType, Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from application.errors import Unavailable
from application.identity.access import PUBLIC
from application.ports import JsonObject
from entrypoints.api import answers
from entrypoints.api.contract import serves
from entrypoints.api.doors import cause_of
from entrypoints.api.paging import Cursor, Limit, Word, page, shown
from entrypoints.api.shapes import DeadMessages
from entrypoints.container import Container

Http = Request[Any, Any, Any]


def routes(house: Container) -> list[HTTPRouteHandler]:
    """Return the routes of operations."""
    queries = house.queries()

    @get("/admin/job-runs", **serves(answers.JobRuns, "operations:read"))
    async def job_runs(job: Word = None, limit: Limit = 50, cursor: Cursor = None) -> JsonObject:
        """What the jobs did, newest first."""
        return shown(await queries.listing("job_run", page(limit, cursor), {"job": job}))

    @get(
        "/admin/discrepancies",
        **serves(answers.Discrepancies, "operations:read"),
    )
    async def discrepancies(
        status: Word = None, limit: Limit = 50, cursor: Cursor = None
    ) -> JsonObject:
        """What gateways show and our books cannot account for."""
        where = {"status": status}
        return shown(await queries.listing("discrepancy", page(limit, cursor), where))

    @get(
        "/admin/dead-messages",
        **serves(answers.DeadLetters, "operations:read"),
    )
    async def dead(queue: Word = None, limit: Limit = 50, cursor: Cursor = None) -> JsonObject:
        """Messages that were given up on, with the reason."""
        return shown(await house.dead_letters().listed(queue, page(limit, cursor)))

    @post("/admin/dead-messages/replay", **serves(answers.Replayed, "operations:repair"))
    async def replay(request: Http, data: JSONBody[DeadMessages]) -> JsonObject:
        """Try messages again, with a reason that is kept."""
        cause = cause_of(request, data.reason)
        return {"replayed": list(await house.settle_dead().replay(data.ids, cause))}

    @post("/admin/dead-messages/discard", **serves(answers.Discarded, "operations:repair"))
    async def discard(request: Http, data: JSONBody[DeadMessages]) -> JsonObject:
        """Give messages up for good, with a reason that is kept."""
        cause = cause_of(request, data.reason)
        return {"discarded": list(await house.settle_dead().discard(data.ids, cause))}

    @get("/explain/{subject:path}", **serves(answers.Story, "explain:read"))
    async def explain(subject: FromPath[str]) -> JsonObject:
        """Tell any invoice, payment, refund, subscription, operation or entry as a story."""
        return (await house.explain()(subject.strip("/"))).as_json()

    return [job_runs, discrepancies, dead, replay, discard, explain]


def probes(house: Container) -> list[HTTPRouteHandler]:
    """Return what orchestrators and Prometheus ask."""
    queries = house.queries()

    @get("/health", **serves(answers.Health, PUBLIC))
    async def health() -> JsonObject:
        """The process is alive."""
        return {"status": "alive"}

    @get("/ready", **serves(answers.Readiness, PUBLIC))
    async def ready() -> JsonObject:
        """The database answers and has its tables; Redis is told of and not needed."""
        if not await queries.is_ready():
            raise Unavailable("the database has no tables yet: run kazna migrate")
        heard = await house.bell().answers()
        return {"status": "ready", "redis": "answers" if heard else "away"}

    @get("/metrics", media_type=MediaType.TEXT, **serves(None, PUBLIC))
    async def metrics() -> Response[bytes]:
        """Counters of this process, and the state of queues, jobs and attempts."""
        state = await house.state_metrics().text() + await house.exchange_metrics().text()
        body = generate_latest(house.metrics().registry) + state
        return Response(body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    return [health, ready, metrics]
