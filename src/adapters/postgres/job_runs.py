"""The rows that runs of jobs leave, written outside the transactions of the run itself."""

from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.connections import borrowed
from adapters.postgres.subscriptions import utc
from application.jobs import JobOrder, JobReport


class PostgresJobRuns:
    """Job runs over the pool; each call is a transaction of its own."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def start(self, run_id: UUID, job: str, order: JobOrder) -> None:
        """Note that a run began."""
        async with borrowed(self._engine) as (_, driver):
            await driver.execute(
                "INSERT INTO job_run (id, job, business_time, dry_run, actor) "
                "VALUES ($1, $2, $3, $4, $5)",
                run_id,
                job,
                order.now,
                order.dry_run,
                order.cause.reason,
            )

    async def finish(self, run_id: UUID, report: JobReport, error: str | None) -> None:
        """Note how it ended."""
        async with borrowed(self._engine) as (_, driver):
            await driver.execute(
                "UPDATE job_run SET finished_at = now(), counts = $2::text::jsonb, "
                "errors = $3::text::jsonb, error = $4, watermark = $5 WHERE id = $1",
                run_id,
                msgspec.json.encode(report.counts).decode(),
                msgspec.json.encode(report.errors).decode(),
                error,
                report.watermark,
            )

    async def forget(self, run_id: UUID) -> None:
        """Take back the row of a run that had nothing to do."""
        async with borrowed(self._engine) as (_, driver):
            await driver.execute("DELETE FROM job_run WHERE id = $1", run_id)

    async def watermark(self, job: str) -> datetime | None:
        """Return how far the last good run of a job read."""
        async with borrowed(self._engine) as (_, driver):
            read_to = await driver.fetchval(
                "SELECT watermark FROM job_run WHERE job = $1 AND watermark IS NOT NULL "
                "ORDER BY id DESC LIMIT 1",
                job,
            )
        return utc(read_to) if read_to else None
