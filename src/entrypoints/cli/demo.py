"""`kazna demo`."""

import asyncio
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

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


@click.command()
@click.option("--full", is_flag=True, help="All 23,570 customers, not every fiftieth.")
@click.option("--declines", type=Share(), default="0%", help="How many charges fail: 5%.")
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
def demo(
    full: bool, declines: float, workers: int, folder: Path, report_folder: Path, as_json: bool
) -> None:
    """Bill 18 months of a real online shop's purchases, day by day.

    Customers are registered, buy, save a card and join a monthly club that is renewed by the jobs
    while a virtual clock walks from January 1997 to June 1998. Everything goes through the API,
    the messages, the workers, the sandbox over HTTP and its webhooks. Then the books are printed
    and checked; exit code 1 says that a check failed.
    """
    run(
        every=1 if full else _FEW,
        declines=declines,
        workers=workers,
        folder=folder,
        report_folder=report_folder,
        as_json=as_json,
        stay=False,
    )


def run(
    *,
    every: int = _FEW,
    declines: float = 0.0,
    workers: int = 1,
    folder: Path = _DATA_FOLDER,
    report_folder: Path = _REPORT_FOLDER,
    as_json: bool = False,
    stay: bool = False,
) -> None:
    """Run the demonstration and print it; with `stay`, go on until told to stop."""
    from entrypoints.cli.failures import Refused
    from entrypoints.cli.logs import log_to_stderr
    from entrypoints.cli.up import greet, say
    from entrypoints.demo import run as demonstration
    from entrypoints.settings import read_settings
    from entrypoints.up.run import prepared

    log_to_stderr("warning")
    try:
        demonstration.cleared(folder)
        given = demonstration.settings_of_demo(folder)
        settings = read_settings({**_environment(), **given})
        if settings.is_production:
            raise Refused("the demonstration is refused in production")

        def after(report: "Report") -> None:
            _show(report, report_folder, as_json)
            if stay:
                greet(told)

        with (
            prepared(settings, given) as (told, found, environment),
            progress("18 months") as shown,
        ):
            order = demonstration.Order(
                every=every,
                declines=declines,
                workers=workers,
                report_folder=report_folder,
                say=say,
                step=_step(shown),
                began=_BEGAN,
            )
            report = asyncio.run(
                demonstration.run_demo(order, told, found, environment, after=after, stay=stay)
            )
    except demonstration.NotOurs as error:
        raise Refused(str(error)) from error
    except demonstration.Interrupted:
        raise click.Abort from None
    if not report.holds:
        raise click.exceptions.Exit(1)


def _environment() -> dict[str, str]:
    import os

    return dict(os.environ)


def _step(shown: Step) -> Step:
    """Show progress as a bar on a terminal, and as a line a month elsewhere."""
    if sys.stderr.isatty():
        return shown

    def line(done: int, of: int, now: str) -> None:
        if now.endswith("-01") or done == of:
            took = time.monotonic() - _BEGAN
            click.echo(f"{took:6.1f} s  day {done:3} of {of}  {now}", err=True)

    return line


def _show(report: "Report", folder: Path, as_json: bool) -> None:
    from entrypoints.demo.report import BOOKS, CHART, print_report

    if as_json:
        print_json(report.as_json())
        return
    print_report(report, print_table)
    click.echo(f"Chart: {folder / CHART}, books: {folder / BOOKS}")
    click.echo(f"Look closer: KAZNA_DATA_FOLDER={_DATA_FOLDER} kazna explain ID")
