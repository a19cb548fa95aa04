"""`kazna injection`: charge the numbers of a file once."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from entrypoints.cli.numbers import read_number
from entrypoints.cli.output import json_option, print_json, print_table, progress

if TYPE_CHECKING:
    from application.carrier.inject import Batch
    from domain.shared.msisdn import Msisdn
    from entrypoints.container import Container

_PIECE = 500


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--operator", required=True, help="Whose numbers they are.")
@click.option("--service", required=True, help="What they are charged for, at its price now.")
@click.option("--name", required=True, help="The batch: a number is charged once under one name.")
@click.option("--skip", type=click.IntRange(min=0), default=0, help="Leave out so many lines.")
@click.option("--count", "most", type=click.IntRange(min=1), help="Take at most so many lines.")
@click.option("--dry-run", is_flag=True, help="Count what would be done, and change nothing.")
@json_option
def injection(
    file: Path,
    operator: str,
    service: str,
    name: str,
    skip: int,
    most: int | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Charge the numbers of FILE, one a line, once each: transactions only, nothing is subscribed.

    Numbers on a list, of other operators, or at a spending cap are left out and counted. Running
    it again under the same name charges only who was left out before. Exit code 1 says that some
    lines were no numbers.
    """
    from application.carrier.inject import Batch
    from entrypoints.cli.reach import with_container

    batch, size = Batch(name=name, operator=operator, service_code=service), file.stat().st_size

    async def act(container: "Container") -> Counter[str]:
        known = (await container.carrier().references.current()).operators.get(operator)
        country_code = known.country_code if known else "0"
        counts: Counter[str] = Counter(charged=0, invalid=0)
        with file.open("rb") as lines, progress(f"injection {name}") as step:
            done, piece = 0, list["Msisdn"]()
            for number, line in enumerate(lines, start=1):
                done += len(line)
                if number <= skip or (most is not None and number > skip + most):
                    continue
                if read := read_number(line, number, country_code, counts):
                    piece.append(read)
                if len(piece) == _PIECE:
                    counts += await _inject(container, batch, piece, dry_run=dry_run)
                    piece = []
                    step(done, size, f"{counts['charged']} charged")
            counts += await _inject(container, batch, piece, dry_run=dry_run)
        return counts

    counts = with_container(act)
    if as_json:
        print_json({"dry_run": dry_run, **counts})
    else:
        print_table(f"Batch {name}", ["what", "numbers>"], list(counts.items()))
    if counts["invalid"]:
        raise click.exceptions.Exit(1)


async def _inject(
    container: "Container", batch: "Batch", piece: "list[Msisdn]", *, dry_run: bool
) -> Counter[str]:
    from domain.shared.facts import Cause

    cause = Cause(
        actor="operator:injection",
        reason=f"batch {batch.name}",
        correlation_id=container.entropy().new_id(),
    )
    async with container.open_uow()() as uow:
        counts = await container.carrier().inject.within(uow, batch, set(piece), cause)
        if not dry_run:
            await uow.commit()
    return counts
