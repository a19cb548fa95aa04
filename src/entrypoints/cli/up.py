"""`kazna up`."""

import asyncio
import sys
from collections.abc import Mapping

import click

_COLOURS = {"api": "cyan", "scheduler": "magenta", "sandbox": "yellow"}


@click.command()
@click.option("--workers", type=click.IntRange(1, 64), default=1, help="How many; 1 by default.")
@click.option("--demo", "with_demo", is_flag=True, help="Bill the demonstration's purchases first.")
def up(workers: int, with_demo: bool) -> None:
    """Run API, workers, scheduler and, where no shop is configured, the sandbox.

    Servers that are not configured are started under KAZNA_DATA_FOLDER. What dies is started
    again; Ctrl-C stops everything in order. Other commands in the same folder find this
    deployment by themselves.
    """
    from entrypoints.cli.logs import log_to_stderr
    from entrypoints.settings import read_settings

    settings = read_settings()
    log_to_stderr(settings.log_level)
    if with_demo:
        from entrypoints.cli.demo import run

        run(workers=workers, stay=True)
        return
    from entrypoints.up.run import prepared

    with prepared(settings, {}) as (told, found, environment):
        asyncio.run(_run(told, found, environment, workers))


async def _run(
    settings: object, found: object, environment: Mapping[str, str], workers: int
) -> None:
    from entrypoints.up.run import deployed, until_asked_to_stop

    async with (
        until_asked_to_stop() as stop,
        deployed(settings, found, environment, say=say, workers=workers) as running,  # type: ignore[arg-type]
    ):
        greet(running.settings)
        await stop.wait()
        say("up", "stopping")


def greet(settings: object) -> None:
    """Say where everything is."""
    from entrypoints.processes import api_url
    from entrypoints.settings import Settings

    assert isinstance(settings, Settings)
    say("up", f"API at {api_url(settings)}, its description at {api_url(settings)}/schema")
    say("up", "try `kazna token --role admin --subject me`; Ctrl-C stops everything")


def say(who: str, line: str) -> None:
    """Write a line of a process, named and coloured, to stderr."""
    name = click.style(f"{who:<10}", fg=_COLOURS.get(who, "green" if "worker" in who else "blue"))
    click.echo(f"{name}| {line}", file=sys.stderr, err=True)
