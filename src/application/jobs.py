"""Jobs of the timetable: each run leaves a row with when, how many, and what went wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from application.ports import Clock, Entropy, JsonObject, Metrics
from domain.shared.facts import Cause

# Jobs that look every few seconds whether there is anything: a look that finds nothing leaves no
# row, or a year of them would be millions.
_LOOKS = frozenset(
    {
        "analytics",
        "ask-open-payments",
        "broadcasts",
        "notifications",
        "parked-facts",
        "periodic",
        "retries",
        "webhooks",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOrder:
    """One run: `now` is read once and holds for all of it; a dry run changes nothing."""

    now: datetime
    cause: Cause
    limit: int | None = None
    dry_run: bool = False


@dataclass(slots=True)
class JobReport:
    """What a run did: counts by word, the first errors, and how far a listing was read."""

    counts: dict[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    watermark: datetime | None = None

    def add(self, word: str, count: int = 1) -> None:
        """Count something."""
        self.counts[word] = self.counts.get(word, 0) + count

    def fail(self, why: str) -> None:
        """Note an item that failed; the run goes on."""
        self.add("errors")
        if len(self.errors) < 20:
            self.errors.append(why)


class Job(Protocol):
    """A piece of the timetable's work; safe to run twice, by two, and after a crash anywhere."""

    @property
    def name(self) -> str:
        """The name operators call it by: `autopayments`."""
        ...

    async def __call__(self, order: JobOrder) -> JobReport:
        """Do what is due; one failing item never stops the run."""
        ...


class JobRuns(Protocol):
    """The rows that runs leave."""

    async def start(self, run_id: UUID, job: str, order: JobOrder) -> None:
        """Note that a run began."""
        ...

    async def finish(self, run_id: UUID, report: JobReport, error: str | None) -> None:
        """Note how it ended; the watermark moves only where there is no error."""
        ...

    async def forget(self, run_id: UUID) -> None:
        """Take back the row of a run that had nothing to do."""
        ...

    async def watermark(self, job: str) -> datetime | None:
        """Return how far the last good run of a job read."""
        ...


@dataclass(frozen=True, slots=True)
class RunJob:
    """Run one job by name, and leave its row and metrics."""

    jobs: Mapping[str, Job]
    runs: JobRuns
    clock: Clock
    entropy: Entropy
    metrics: Metrics

    async def __call__(
        self,
        name: str,
        *,
        now: datetime | None = None,
        limit: int | None = None,
        dry_run: bool = False,
        actor: str = "scheduler",
        correlation_id: UUID | None = None,
    ) -> JobReport:
        """Run it; raise KeyError for an unknown name, and whatever stopped the run."""
        job = self.jobs[name]
        run_id = self.entropy.new_id()
        order = JobOrder(
            now=now or self.clock.now(),
            cause=Cause(
                actor=f"job:{name}",
                reason=f"run by {actor}",
                correlation_id=correlation_id or run_id,
                causation_id=run_id,
            ),
            limit=limit,
            dry_run=dry_run,
        )
        await self.runs.start(run_id, name, order)
        report = JobReport()
        error: str | None = "interrupted"
        try:
            report = await job(order)
            error = None if not report.errors else report.errors[0]
        except Exception as failure:  # the boundary of a run: it is noted, then raised on
            error = f"{type(failure).__name__}: {failure}"
            raise
        finally:
            if name in _LOOKS and not report.counts and error is None:
                await self.runs.forget(run_id)
            else:
                await self.runs.finish(run_id, report, error)
            self._count(name, report, error)
        return report

    def _count(self, name: str, report: JobReport, error: str | None) -> None:
        self.metrics.count("job_runs", job=name, result="failed" if error else "ok")
        for word, count in report.counts.items():
            self.metrics.count("job_items", count, job=name, result=word)


def as_json(report: JobReport) -> JsonObject:
    """Return a report as plain values."""
    return {"counts": dict(report.counts), "errors": list(report.errors)}
