"""`kazna demo carrier`."""

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from entrypoints.cli.output import Step, json_option, print_json, print_table, progress

if TYPE_CHECKING:
    from entrypoints.demo.carrier.report import Report

_BEGAN = time.monotonic()
_FEW, _ALL = 5_000, 50_000
_DATA_FOLDER = Path(".kazna/demo-carrier")
_REPORT_FOLDER = Path("demo-report")


@click.command()
@click.option("--full", is_flag=True, help=f"{_ALL:,} orders, not {_FEW:,}.")
@click.option("--orders", type=click.IntRange(1, 200_000), help="So many orders in the week.")
@click.option("--seed", type=int, default=1, show_default=True, help="Which week is drawn.")
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
def carrier(
    full: bool,
    orders: int | None,
    seed: int,
    workers: int,
    folder: Path,
    report_folder: Path,
    as_json: bool,
) -> None:
    """Charge a week of orders at three mobile operators of different mode, hour by hour.

    Subscribers order on our page or at the operator, twice now and then, and some say stop. One
    operator is out for two hours, answers get lost, come late or twice. Every night the operators'
    billing records are compared. Then the books are printed and held against these records, one
    by one; exit code 1 says that a check failed.
    """
    from entrypoints.cli.logs import log_to_stderr
    from entrypoints.cli.up import say
    from entrypoints.demo import stage
    from entrypoints.demo.carrier import run
    from entrypoints.demo.carrier.cast import SECRETS, START
    from entrypoints.demo.carrier.report import CHART, print_report
    from entrypoints.settings import read_settings
    from entrypoints.up.run import prepared

    log_to_stderr("error")
    environ = stage.environment_of_demo(os.environ)
    given = stage.settings_of_demo(folder, "UTC")
    given["KAZNA_LOG_LEVEL"] = "error"  # the outages are meant
    given["KAZNA_OPERATOR_SECRETS"] = json.dumps(SECRETS)
    read_settings({**environ, **given})  # what is refused must not cost the last demonstration
    stage.cleared(folder, START)
    with prepared(environ, given) as ready, progress("a week") as shown:

        def after(report: "Report") -> None:
            if as_json:
                print_json(report.as_json())
                return
            print_report(report, print_table)
            click.echo(f"Chart: {report_folder / CHART}")

        order = run.Order(
            orders=orders or (_ALL if full else _FEW),
            seed=seed,
            workers=workers,
            folder=folder,
            report_folder=report_folder,
            say=say,
            step=_step(shown),
            began=_BEGAN,
        )
        try:
            report = asyncio.run(run.run_week(order, ready, after))
        except stage.Interrupted:
            raise click.Abort from None
    if not report.holds:
        raise click.exceptions.Exit(1)


def _step(shown: Step) -> Callable[[int, int, str], None]:
    """Show progress as a bar on a terminal, and as a line a day elsewhere."""
    if sys.stderr.isatty():
        return shown

    def line(done: int, of: int, now: str) -> None:
        if done % 24 == 0 or done == of:
            took = time.monotonic() - _BEGAN
            click.echo(f"{took:6.1f} s  hour {done:3} of {of}  {now}", err=True)

    return line
