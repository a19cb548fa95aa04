"""`kazna demo tasks`."""

import asyncio
import json
import os
import secrets
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from entrypoints.cli.output import Step, json_option, print_json, print_table, progress

if TYPE_CHECKING:
    from entrypoints.demo.tasks.report import Report

_BEGAN = time.monotonic()
_DATA_FOLDER = Path(".kazna/demo-tasks")
_REPORT_FOLDER = Path("demo-report")
_ZONE = "Europe/Moscow"
_LINES = 20


@click.command()
@click.option(
    "--git",
    "repository",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A repository whose commits become tasks; by default this clone.",
)
@click.option(
    "--file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="JSON lines with task_id, title, assignee, reviewer, assigned_at, completed_at.",
)
@click.option("--most", type=click.IntRange(min=1), help="Only so many tasks, the first ones.")
@click.option("--seed", type=int, default=1, show_default=True, help="Which disorder is drawn.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, help="How many; 1 by default.")
@click.option(
    "--every-night", is_flag=True, help="Walk through idle nights one by one; the books are equal."
)
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
def tasks(
    repository: Path | None,
    file: Path | None,
    most: int | None,
    seed: int,
    workers: int,
    every_night: bool,
    folder: Path,
    report_folder: Path,
    as_json: bool,
) -> None:
    """Turn a real history of work into tasks, fees, rewards and payouts, day by day.

    Every piece of work is created, assigned and completed when it really was, through the signed
    door for events: 30 % of them come twice, 20 % late or in another order, some by days. Every
    night pays what is due. Ten more days go through the API, with the random draw and the button.
    Then the books are printed and held against a fold of the facts by hand; exit code 1 says that a
    check failed.
    """
    from adapters.embedded.ports import free_port
    from entrypoints.cli.logs import log_to_stderr
    from entrypoints.cli.up import say
    from entrypoints.demo import stage
    from entrypoints.demo.tasks import run
    from entrypoints.demo.tasks.company import PARTNER
    from entrypoints.demo.tasks.deliveries import tell
    from entrypoints.demo.tasks.history import read_history
    from entrypoints.demo.tasks.report import CHART, print_report
    from entrypoints.settings import read_settings
    from entrypoints.up.run import prepared

    if repository is not None and file is not None:
        raise click.UsageError("say either --git or --file")
    log_to_stderr("warning")
    history = read_history(repository, file, most=most)
    environ = stage.environment_of_demo(os.environ)
    given = stage.settings_of_demo(folder, _ZONE)
    given["KAZNA_EVENT_PARTNERS"] = json.dumps({PARTNER: secrets.token_urlsafe(32)})
    mail_port = free_port()
    given["KAZNA_SMTP_URL"] = f"smtp://127.0.0.1:{mail_port}"
    given["KAZNA_MAIL_FROM"] = "Kazna <payouts@example.com>"
    read_settings({**environ, **given})  # what is refused must not cost the last demonstration
    stage.cleared(folder, history.work[0].assigned_at - timedelta(days=1))
    with prepared(environ, given) as ready, progress("the years") as shown:

        def after(report: "Report") -> None:
            if as_json:
                print_json(report.as_json())
                return
            print_report(report, print_table)
            click.echo(f"Chart: {report_folder / CHART}")

        order = run.Order(
            history=history,
            told=tell(history, seed),
            workers=workers,
            mail_port=mail_port,
            every_night=every_night,
            report_folder=report_folder,
            say=say,
            step=_step(shown),
            began=_BEGAN,
        )
        try:
            report = asyncio.run(run.run_years(order, ready, after))
        except stage.Interrupted:
            raise click.Abort from None
    if not report.holds:
        raise click.exceptions.Exit(1)


def _step(shown: Step) -> Callable[[int, int, str], None]:
    """Show progress as a bar on a terminal, and as some lines elsewhere."""
    if sys.stderr.isatty():
        return shown
    told = 0

    def line(done: int, of: int, now: str) -> None:
        nonlocal told
        if done * _LINES // of > told or done == of:
            told = done * _LINES // of
            took = time.monotonic() - _BEGAN
            click.echo(f"{took:6.1f} s  {done:,} of {of:,} deliveries  {now}", err=True)

    return line
