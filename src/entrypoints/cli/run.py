"""`kazna run JOB`: one job, once, for cron and for people."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from entrypoints.cli.output import json_option, print_json, print_table

if TYPE_CHECKING:
    from application.jobs import JobReport
    from entrypoints.container import Container


class Instant(click.ParamType[datetime]):
    """An instant in ISO 8601 with its offset."""

    name = "instant"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Read it; refuse one that does not say its offset from UTC."""
        if isinstance(value, datetime):
            return value
        try:
            instant = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not an instant such as 2026-01-31T09:00Z", param, ctx)
        if instant.tzinfo is None:
            self.fail(f"{value!r} names no offset: write 2026-01-31T09:00Z", param, ctx)
        return instant.astimezone(UTC)


@click.command()
@click.argument("job")
@click.option("--now", type=Instant(), help="Business time of the run; the clock's by default.")
@click.option("--limit", type=click.IntRange(min=1), help="Handle at most so many items.")
@click.option("--dry-run", is_flag=True, help="Count what would be done, and change nothing.")
@click.option(
    "--every",
    type=click.FloatRange(min=1),
    metavar="SECONDS",
    help="Run again and again until told to stop, so many seconds apart.",
)
@json_option
def run(
    job: str,
    now: datetime | None,
    limit: int | None,
    dry_run: bool,
    every: float | None,
    as_json: bool,
) -> None:
    """Run one JOB once: autopayments, expire-subscriptions, resume-subscriptions,
    expire-payments, match-pending-payments, match-successful-payments, ask-open-payments,
    periodic, retries, broadcasts, payouts, parked-facts or analytics.

    Safe to run again, from two machines, and after a crash anywhere. Calls to the gateway that a
    job orders are carried out by workers. Exit code 1 says that some items failed. With --every,
    SIGTERM and Ctrl-C let the run that is under way end.
    """
    from entrypoints.cli.failures import Refused
    from entrypoints.cli.reach import with_container

    title = f"{job} (dry run)" if dry_run else job

    async def act(container: "Container") -> bool:
        runner = container.run_job()
        ahead = now is not None and now > container.clock().now()
        if ahead and not dry_run and container.settings().is_production:
            raise Refused(
                "in production nobody is charged before it is due: --now is in the future"
            )
        if job not in runner.jobs:
            raise Refused(f"there is no job {job!r}; there are {', '.join(sorted(runner.jobs))}")
        failed = False
        async for _ in _turns(every):
            report = await runner(job, now=now, limit=limit, dry_run=dry_run, actor="operator")
            _tell(title, job, dry_run, report, as_json)
            failed = failed or bool(report.errors)
        return failed

    if with_container(act):
        raise click.exceptions.Exit(1)


async def _turns(every: float | None) -> AsyncIterator[None]:
    """Yield once, or every so many seconds until somebody asks to stop."""
    if every is None:
        yield
        return
    from entrypoints.up.run import until_asked_to_stop

    async with until_asked_to_stop() as stop:
        while not stop.is_set():
            yield
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), every)


def _tell(title: str, job: str, dry_run: bool, report: "JobReport", as_json: bool) -> None:
    if as_json:
        from application.jobs import as_json as plain

        print_json({"job": job, "dry_run": dry_run, **plain(report)})
        return
    rows = sorted(report.counts.items())
    print_table(title, ["what", "items>"], rows or [("nothing was due", 0)])
    for error in report.errors:
        click.echo(f"  {error}", err=True)
