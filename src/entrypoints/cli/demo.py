"""`kazna demo`."""

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from entrypoints.cli.lazy import Lazy, LazyGroup
from entrypoints.cli.output import Step, json_option, print_json, print_table, progress

if TYPE_CHECKING:
    from entrypoints.demo.report import Report

_BEGAN = time.monotonic()
_DATA_FOLDER = Path(".kazna/demo")
_REPORT_FOLDER = Path("demo-report")
_FEW = 50


class Share(click.ParamType[float]):
    """A share in per cent: `5%`."""

    name = "percent"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read it; refuse what is not from 0 to 100."""
        try:
            share = float(str(value).rstrip("%"))
        except ValueError:
            self.fail(f"{value!r} is not a share such as 5%", param, ctx)
        if not 0 <= share <= 100:
            self.fail(f"{value!r} is not between 0% and 100%", param, ctx)
        return share


@click.group(
    cls=LazyGroup,
    lazy={
        "carrier": Lazy(
            "entrypoints.cli.demo_carrier", "carrier", "A week of three mobile operators."
        ),
        "tasks": Lazy(
            "entrypoints.cli.demo_tasks", "tasks", "A history of work as tasks, fees and payouts."
        ),
    },
    invoke_without_command=True,
)
@click.option("--full", is_flag=True, help="All 23,570 customers, not every fiftieth.")
@click.option("--declines", type=Share(), default="0%", help="How many charges fail: 5%.")
@click.option("--every", type=click.IntRange(min=1), default=_FEW, help="Every n-th customer: 50.")
@click.option("--days", type=click.IntRange(1, 546), default=546, help="Stop after so many days.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, help="How many; 1 by default.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=_DATA_FOLDER,
    show_default=True,
    help="Where the demonstration keeps its servers; the last one in it is removed.",
)
@click.option(
    "--report",
    "report_folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=_REPORT_FOLDER,
    show_default=True,
    help="Where the chart and the books are written.",
)
@json_option
@click.pass_context
def demo(context: click.Context, /, full: bool, every: int, as_json: bool, **options: Any) -> None:
    """Bill 18 months of a real online shop's purchases, day by day.

    Customers are registered, buy, save a card and join a monthly club that is renewed by the jobs
    while a virtual clock walks from January 1997 to June 1998. Everything goes through the API,
    the messages, the workers, the sandbox over HTTP and its webhooks. Then the books are printed
    and checked; exit code 1 says that a check failed.
    """
    if context.invoked_subcommand is None:
        run(every=1 if full else every, as_json=as_json, **options)


def run(
    *,
    every: int = _FEW,
    days: int = 546,
    declines: float = 0.0,
    workers: int = 1,
    folder: Path = _DATA_FOLDER,
    report_folder: Path = _REPORT_FOLDER,
    as_json: bool = False,
    stay: bool = False,
) -> None:
    """Run the demonstration and print it; with `stay`, go on until told to stop."""
    from entrypoints.cli.logs import log_to_stderr
    from entrypoints.cli.up import greet, say
    from entrypoints.demo import run as demonstration
    from entrypoints.demo import stage
    from entrypoints.demo.purchases import FIRST_DAY
    from entrypoints.demo.walk import opening
    from entrypoints.settings import read_settings
    from entrypoints.up.run import prepared

    log_to_stderr("warning")
    environ = stage.environment_of_demo(os.environ)
    given = stage.settings_of_demo(folder, "America/New_York")
    read_settings({**environ, **given})  # what is refused must not cost the last demonstration
    stage.cleared(folder, opening(FIRST_DAY).replace(hour=0))
    with (
        prepared(environ, given) as ready,
        progress("18 months") as shown,
    ):

        def after(report: "Report") -> None:
            _show(report, folder, report_folder, as_json)
            if stay:
                greet(ready.settings, say)

        order = demonstration.Order(
            every=every,
            days=days,
            declines=declines,
            workers=workers,
            report_folder=report_folder,
            say=say,
            step=_step(shown),
            began=_BEGAN,
            stay=stay,
        )
        try:
            report = asyncio.run(demonstration.run_demo(order, ready, after))
        except stage.Interrupted:
            raise click.Abort from None
    if not report.holds:
        raise click.exceptions.Exit(1)


def _step(shown: Step) -> Step:
    """Show progress as a bar on a terminal, and as a line a month elsewhere."""
    if sys.stderr.isatty():
        return shown

    def line(done: int, of: int, now: str) -> None:
        if now.endswith("-01") or done == of:
            took = time.monotonic() - _BEGAN
            click.echo(f"{took:6.1f} s  day {done:3} of {of}  {now}", err=True)

    return line


def _show(report: "Report", folder: Path, report_folder: Path, as_json: bool) -> None:
    from entrypoints.demo.report import BOOKS, CHART, print_report

    if as_json:
        print_json(report.as_json())
        return
    print_report(report, print_table)
    click.echo(f"Chart: {report_folder / CHART}, books: {report_folder / BOOKS}")
    for name in report.samples:
        click.echo(f"Look closer: KAZNA_DATA_FOLDER={folder} kazna explain {name}")
