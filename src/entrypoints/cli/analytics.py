"""`kazna analytics`: what the company's days were worth."""

from typing import TYPE_CHECKING

import click

from entrypoints.cli.output import json_option, print_json, print_table

if TYPE_CHECKING:
    from application.jobs import JobReport
    from entrypoints.container import Container


@click.group()
def analytics() -> None:
    """Work with what is counted of the company's days."""


@analytics.command()
@json_option
def rebuild(as_json: bool) -> None:
    """Forget what was counted, and count every event anew.

    Ends in what there was. Questions that are asked meanwhile are answered as of what was counted
    by then; the timetable's own reading may go on. Safe to run again, and after a crash anywhere.
    """
    from entrypoints.cli.reach import with_container

    async def act(container: "Container") -> "JobReport":
        from application.jobs import JobOrder
        from domain.shared.facts import Cause

        cause = Cause(
            actor="operator:analytics rebuild",
            reason="analytics counted anew",
            correlation_id=container.entropy().new_id(),
        )
        order = JobOrder(now=container.clock().now(), cause=cause)
        return await container.exchange().rebuild(order)

    report = with_container(act)
    if as_json:
        print_json(dict(report.counts))
    else:
        rows = sorted(report.counts.items())
        print_table("Counted anew", ["what", "facts>"], rows or [("there was nothing", 0)])
