"""`kazna run JOB`: one job, once, for cron and for people."""

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
@json_option
def run(job: str, now: datetime | None, limit: int | None, dry_run: bool, as_json: bool) -> None:
    """Run one JOB once: autopayments, expire-subscriptions, expire-payments,
    match-pending-payments, match-successful-payments or ask-open-payments.

    Safe to run again, from two machines, and after a crash anywhere. Calls to the gateway that a
    job orders are carried out by workers. Exit code 1 says that some items failed.
    """
    report = run_job(job, now=now, limit=limit, dry_run=dry_run)
    if as_json:
        from application.jobs import as_json as plain

        print_json({"job": job, "dry_run": dry_run, **plain(report)})
    else:
        rows = sorted(report.counts.items())
        print_table(
            f"{job}{' (dry run)' if dry_run else ''}",
            ["what", "items>"],
            rows or [("nothing was due", 0)],
        )
        for error in report.errors:
            click.echo(f"  {error}", err=True)
    if report.errors:
        raise click.exceptions.Exit(1)


def run_job(
    job: str, *, now: datetime | None = None, limit: int | None = None, dry_run: bool = False
) -> "JobReport":
    """Run a job on this deployment; raise Refused for a name nobody knows."""
    from entrypoints.cli.failures import Refused
    from entrypoints.cli.reach import with_container

    async def act(container: "Container") -> "JobReport":
        runner = container.run_job()
        if job not in runner.jobs:
            raise Refused(f"there is no job {job!r}; there are {', '.join(sorted(runner.jobs))}")
        return await runner(job, now=now, limit=limit, dry_run=dry_run, actor="operator")

    return with_container(act)
