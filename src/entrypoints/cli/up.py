"""`kazna up`."""

import asyncio
import os
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from entrypoints.settings import Settings
    from entrypoints.up.child import Say
    from entrypoints.up.run import Prepared

_COLOURS = {"api": "cyan", "scheduler": "magenta", "sandbox": "yellow"}


@click.command()
@click.option("--workers", type=click.IntRange(1, 64), default=1, help="How many; 1 by default.")
@click.option("--demo", "with_demo", is_flag=True, help="Bill the demonstration's purchases first.")
@click.option("--json", "as_json", is_flag=True, help="Write logs as JSON lines.")
def up(workers: int, with_demo: bool, as_json: bool) -> None:
    """Run API, workers, scheduler and, where no shop is configured, the sandbox.

    Servers that are not configured are started under KAZNA_DATA_FOLDER. What dies is started
    again; Ctrl-C stops everything in order. Other commands in the same folder find this
    deployment by themselves.
    """
    from entrypoints.cli.logs import log_to_stderr
    from entrypoints.settings import read_settings
    from entrypoints.up.run import prepared

    if with_demo:
        from entrypoints.cli.demo import run

        run(workers=workers, stay=True)
        return
    log_to_stderr(read_settings().log_level, as_json=as_json)
    with prepared(os.environ, {}) as ready:
        asyncio.run(_run(ready, workers, as_json))


async def _run(ready: "Prepared", workers: int, as_json: bool) -> None:
    from entrypoints.up.run import deployed, until_asked_to_stop

    tell = raw if as_json else say
    async with (
        until_asked_to_stop() as stop,
        deployed(ready, say=tell, workers=workers, as_json=as_json),
    ):
        greet(ready.settings, tell)
        await stop.wait()
        tell("up", "stopping")


def greet(settings: "Settings", tell: "Say") -> None:
    """Say where everything is."""
    from entrypoints.processes import api_url

    url = api_url(settings)
    tell("up", f"API at {url}, described at {url}/api/v1/openapi.json")
    tell("up", "try `kazna token --role admin --subject me`; Ctrl-C stops everything")


def say(who: str, line: str) -> None:
    """Write a line of a process, named and coloured, to stderr."""
    name = click.style(f"{who:<10}", fg=_COLOURS.get(who, "green" if "worker" in who else "blue"))
    click.echo(f"{name}| {line}", file=sys.stderr)


def raw(who: str, line: str) -> None:
    """Write a line that is JSON already as it is, and our own as JSON."""
    import json

    told = line if line.startswith("{") else json.dumps({"process": who, "message": line})
    click.echo(told, file=sys.stderr)
