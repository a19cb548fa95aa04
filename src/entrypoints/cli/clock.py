"""`kazna clock`: business time of a deployment, where it is virtual."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

from entrypoints.cli.output import json_option, print_json
from entrypoints.cli.run import Instant

if TYPE_CHECKING:
    from adapters.clock import VirtualClock
    from entrypoints.container import Container


@click.group()
def clock() -> None:
    """Show or move the virtual clock that all processes of a deployment share.

    Refused in production and where KAZNA_CLOCK is system. Machine time (leases, tokens, technical
    pauses) is never moved.
    """


@clock.command()
@json_option
def show(as_json: bool) -> None:
    """Show business time."""
    from entrypoints.cli.reach import with_container

    async def act(container: "Container") -> datetime:
        return virtual(container).now()

    _tell(with_container(act), None, as_json)


@clock.command()
@click.option("--days", type=click.IntRange(min=0), help="Move on by so many days.")
@click.option("--hours", type=click.IntRange(min=0), help="Move on by so many hours.")
@click.option("--to", "instant", type=Instant(), help="Move on to an instant.")
@json_option
def advance(days: int | None, hours: int | None, instant: datetime | None, as_json: bool) -> None:
    """Move business time forward, and send what has become due.

    Ticks that a jump passed over are merged into one run of each job.
    """
    from entrypoints.cli.failures import Refused
    from entrypoints.cli.reach import with_container

    if (instant is None) == (days is None and hours is None):
        raise click.UsageError("say either --days and --hours, or --to")

    async def act(container: "Container") -> tuple[datetime, int]:
        shared = virtual(container)
        to = instant or shared.now() + timedelta(days=days or 0, hours=hours or 0)
        try:
            return to, await advanced(container, shared, to)
        except ValueError as error:
            raise Refused(str(error)) from error

    _tell(*with_container(act), as_json)


def virtual(container: "Container") -> "VirtualClock":
    """Return the deployment's virtual clock; raise Refused where it has none."""
    from adapters.clock import VirtualClock
    from entrypoints.cli.failures import Refused

    found = container.clock()
    if container.settings().is_production or not isinstance(found, VirtualClock):
        raise Refused("this deployment goes by the machine's clock: set KAZNA_CLOCK=virtual")
    return found


async def advanced(container: "Container", shared: "VirtualClock", to: datetime) -> int:
    """Move the clock and fire the timetable at once; return how many messages were sent."""
    shared.move_to(to)
    return await container.fire_due()()


def _tell(now: datetime, sent: int | None, as_json: bool) -> None:
    if as_json:
        print_json({"now": now} | ({} if sent is None else {"sent": sent}))
        return
    what = "" if sent is None else f", {sent} due jobs sent"
    click.echo(f"{now:%Y-%m-%d %H:%M:%S} UTC{what}")
