"""The state of queues, jobs and attempts, read from the database when Prometheus asks."""

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.connections import borrowed
from adapters.postgres.queue_depths import queue_depths

_ATTEMPTS = "SELECT provider, status, count(*) AS count FROM payment GROUP BY provider, status"
_UNKNOWN = (
    "SELECT provider, extract(epoch FROM now() - min((state ->> 'since')::timestamptz)) AS age "
    "FROM payment WHERE status = 'unknown' GROUP BY provider"
)
_JOBS = (
    "SELECT job, max(extract(epoch FROM finished_at)) FILTER (WHERE error IS NULL) AS last_good, "
    "count(*) FILTER (WHERE finished_at IS NULL) AS running "
    "FROM job_run WHERE started_at > now() - interval '7 days' GROUP BY job"
)


class StateMetrics:
    """Gauges made anew for each scrape, so what is gone from the database is gone from here."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def text(self) -> bytes:
        """Return the gauges in Prometheus' text format."""
        registry = CollectorRegistry()
        depth = _gauge(registry, "queue_depth", "messages of a queue by state", "queue", "state")
        oldest = _gauge(registry, "queue_oldest_seconds", "age of the oldest message", "queue")
        for queue in await queue_depths(self._engine):
            depth.labels(queue.queue, "due").set(queue.due)
            depth.labels(queue.queue, "waiting").set(queue.waiting)
            depth.labels(queue.queue, "leased").set(queue.leased)
            depth.labels(queue.queue, "dead").set(queue.dead)
            oldest.labels(queue.queue).set(queue.oldest_seconds)
        attempts = _gauge(registry, "payments", "payments by outcome", "provider", "status")
        unknown = _gauge(registry, "unknown_age_seconds", "age of the oldest unknown", "provider")
        good = _gauge(registry, "job_last_success_timestamp_seconds", "last good run", "job")
        running = _gauge(registry, "job_running", "runs under way", "job")
        async with borrowed(self._engine) as (_, driver):
            for row in await driver.fetch(_ATTEMPTS):
                attempts.labels(row["provider"], row["status"]).set(row["count"])
            for row in await driver.fetch(_UNKNOWN):
                unknown.labels(row["provider"]).set(float(row["age"]))
            for row in await driver.fetch(_JOBS):
                good.labels(row["job"]).set(float(row["last_good"] or 0))
                running.labels(row["job"]).set(row["running"])
        return generate_latest(registry)


def _gauge(registry: CollectorRegistry, name: str, about: str, *labels: str) -> Gauge:
    return Gauge(f"kazna_{name}", about, labels, registry=registry)
