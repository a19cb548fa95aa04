"""`kazna numbers`: the lists of numbers that must not be charged."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from entrypoints.cli.output import json_option, print_json, print_table, progress

if TYPE_CHECKING:
    from domain.shared.msisdn import Msisdn
    from entrypoints.container import Container

_BATCH = 1000


@click.group()
def numbers() -> None:
    """Work with the lists of numbers."""


@numbers.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--list", "name", type=click.Choice(["blacklisted", "postpaid"]), required=True, help="Which."
)
@click.option("--country-code", required=True, help="Of numbers that are written without it: 92.")
@click.option("--reason", default="imported", show_default=True, help="Kept with every number.")
@click.option("--dry-run", is_flag=True, help="Count what would be done, and change nothing.")
@json_option
def import_(
    file: Path, name: str, country_code: str, reason: str, dry_run: bool, as_json: bool
) -> None:
    """Put the numbers of FILE, one a line, on a list: none of them is charged from here on.

    Exit code 1 says that some lines were no numbers.
    """
    from entrypoints.cli.reach import with_container

    size = file.stat().st_size

    async def act(container: "Container") -> Counter[str]:
        counts: Counter[str] = Counter(added=0, known=0, invalid=0)
        with file.open("rb") as lines, progress(f"import {file.name}") as step:
            done, batch = 0, list["Msisdn"]()
            for number, line in enumerate(lines, start=1):
                done += len(line)
                if read := read_number(line, number, country_code, counts):
                    batch.append(read)
                if len(batch) == _BATCH:
                    await _put(container, name, batch, reason, counts, dry_run=dry_run)
                    batch = []
                    step(done, size, f"{counts['added']} added")
            await _put(container, name, batch, reason, counts, dry_run=dry_run)
        return counts

    counts = with_container(act)
    if as_json:
        print_json({"dry_run": dry_run, **counts})
    else:
        print_table("Numbers", ["what", "how many>"], list(counts.items()))
    if counts["invalid"]:
        raise click.exceptions.Exit(1)


def read_number(
    line: bytes, number: int, country_code: str, counts: Counter[str]
) -> "Msisdn | None":
    """Read a line of a file of numbers; one that is none is counted and told of on stderr."""
    from adapters.phone_numbers import parse_number
    from domain.shared.errors import InvalidValue

    text = line.decode("utf-8", "replace").strip()
    if not text:
        return None
    try:
        return parse_number(text, country_code=country_code)
    except InvalidValue as error:
        counts["invalid"] += 1
        click.echo(f"line {number}: {error}", err=True)
        return None


async def _put(
    container: "Container",
    name: str,
    batch: "list[Msisdn]",
    reason: str,
    counts: Counter[str],
    *,
    dry_run: bool,
) -> None:
    from domain.carrier.checks import NumberList
    from domain.shared.facts import Cause

    if not batch:
        return
    cause = Cause(
        actor="operator:numbers import",
        reason=reason,
        correlation_id=container.entropy().new_id(),
    )
    distinct = set(batch)
    async with container.open_uow()() as uow:
        set_up = container.carrier().set_up
        added = await set_up.put_on_list(uow, NumberList(name), distinct, reason, cause)
        if not dry_run:
            await uow.commit()
    counts["added"] += added
    counts["known"] += len(batch) - added
