"""The state of queues, jobs and payments, read from the database when Prometheus asks.

Every question follows an index over what is recent or open, so a scrape costs the same in a
database with a long past.
"""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.metrics.webhooks import show_webhooks
from adapters.postgres.connections import borrowed
from adapters.postgres.queue_depths import queue_depths
from application.ports import Clock

# Ids carry the machine's time in their first 48 bits: a day is a range of the primary key.
DAY_BEGAN = (
    "(lpad(to_hex((extract(epoch FROM now() - interval '1 day') * 1000)::bigint), 12, '0') "
    "|| repeat('0', 20))::uuid"
)
_PAYMENTS = (
    "SELECT provider, status, count(*) AS count FROM payment "  # noqa: S608 - no value is in it
    f"WHERE id >= {DAY_BEGAN} GROUP BY provider, status"
)
_UNKNOWN = (
    "SELECT provider, count(*) AS count, "
    "extract(epoch FROM $1 - min((state ->> 'since')::timestamptz)) AS age "
    "FROM payment WHERE status = 'unknown' AND next_ask_at IS NOT NULL GROUP BY provider"
)
_JOBS = """
SELECT job, last.finished_at IS NULL AND last.started_at IS NOT NULL AS is_running,
    extract(epoch FROM good.finished_at) AS last_good
FROM unnest($1::text[]) AS job
LEFT JOIN LATERAL (
    SELECT started_at, finished_at FROM job_run WHERE job_run.job = job.job
    ORDER BY id DESC LIMIT 1) AS last ON true
LEFT JOIN LATERAL (
    SELECT finished_at FROM job_run
    WHERE job_run.job = job.job AND finished_at IS NOT NULL AND error IS NULL
    ORDER BY id DESC LIMIT 1) AS good ON true
"""
# Notifications of payouts that were given up within a day of business time.
_GIVEN_UP = """
SELECT count(*) FROM notification
WHERE state = 'failed' AND failed_at > $1::timestamptz - interval '1 day'
"""


class StateMetrics:
    """Gauges made anew for each scrape, so what is gone from the database is gone from here."""

    def __init__(self, engine: AsyncEngine, clock: Clock, jobs: Sequence[str]) -> None:
        self._engine = engine
        self._clock = clock
        self._jobs = list(jobs)

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
        payments = _gauge(
            registry, "payments", "payments begun within 24 hours", "provider", "status"
        )
        unknown = _gauge(registry, "payments_unknown", "payments nobody knows of yet", "provider")
        age = _gauge(registry, "unknown_age_seconds", "age of the oldest of them", "provider")
        good = _gauge(registry, "job_last_success_timestamp_seconds", "last good run", "job")
        running = _gauge(registry, "job_running", "a run is under way", "job")
        failed = _gauge(registry, "notifications_failed", "notifications given up within 24 hours")
        async with borrowed(self._engine) as (_, driver):
            failed.set(await driver.fetchval(_GIVEN_UP, self._clock.now()))
            for row in await driver.fetch(_PAYMENTS):
                payments.labels(row["provider"], row["status"]).set(row["count"])
            for row in await driver.fetch(_UNKNOWN, self._clock.now()):
                unknown.labels(row["provider"]).set(row["count"])
                age.labels(row["provider"]).set(float(row["age"]))
            for row in await driver.fetch(_JOBS, self._jobs):
                good.labels(row["job"]).set(float(row["last_good"] or 0))
                running.labels(row["job"]).set(bool(row["is_running"]))
            await show_webhooks(registry, driver, self._clock.now())
        return generate_latest(registry)


def _gauge(registry: CollectorRegistry, name: str, about: str, *labels: str) -> Gauge:
    return Gauge(f"kazna_{name}", about, labels, registry=registry)
