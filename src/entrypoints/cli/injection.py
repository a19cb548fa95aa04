"""`kazna injection` and `kazna expired`: charge the numbers of a file, or those given up, once."""

from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from entrypoints.cli.numbers import read_number
from entrypoints.cli.output import json_option, print_json, print_table, progress
from entrypoints.cli.run import Instant

if TYPE_CHECKING:
    from application.carrier.inject import Batch
    from domain.shared.msisdn import Msisdn
    from entrypoints.container import Container

_PIECE = 500
_not_paid = click.option(
    "--not-paid-since", type=Instant(), help="Leave out who paid anything since then."
)
_dry = click.option("--dry-run", is_flag=True, help="Count what would be done, and change nothing.")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--operator", required=True, help="Whose numbers they are.")
@click.option("--service", required=True, help="What they are charged for, at its price now.")
@click.option("--name", required=True, help="The batch: a number is charged once under one name.")
@click.option("--skip", type=click.IntRange(min=0), default=0, help="Leave out so many lines.")
@click.option("--count", "most", type=click.IntRange(min=1), help="Take at most so many lines.")
@_not_paid
@_dry
@json_option
def injection(
    file: Path,
    operator: str,
    service: str,
    name: str,
    skip: int,
    most: int | None,
    not_paid_since: datetime | None,
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

    size = file.stat().st_size
    batch = Batch(name=name, operator=operator, service_code=service, not_paid_since=not_paid_since)

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
                    counts.update(await _inject(container, batch, piece, dry_run=dry_run))
                    piece = []
                    step(done, size, f"{counts['charged']} charged")
            counts.update(await _inject(container, batch, piece, dry_run=dry_run))
        return counts

    counts = with_container(act)
    if as_json:
        print_json({"dry_run": dry_run, **counts})
    else:
        print_table(f"Batch {name}", ["what", "numbers>"], list(counts.items()))
    if counts["invalid"]:
        raise click.exceptions.Exit(1)


@click.command()
@click.option("--operator", required=True, help="Whose numbers they are.")
@click.option("--service", required=True, help="What was not paid, charged at its price now.")
@click.option("--name", required=True, help="The batch: a number is charged once under one name.")
@click.option("--since", type=Instant(), help="Given up at this instant or later.")
@click.option("--until", type=Instant(), help="Given up before this instant.")
@click.option("--campaign", help="Ordered through this campaign.")
@click.option("--count", "most", type=click.IntRange(min=1), help="Take at most so many numbers.")
@_not_paid
@_dry
@json_option
def expired(
    operator: str,
    service: str,
    name: str,
    since: datetime | None,
    until: datetime | None,
    campaign: str | None,
    most: int | None,
    not_paid_since: datetime | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Charge numbers once more whose retries came to nothing: transactions only.

    The subscriptions stay as they are. Numbers on a list or at a spending cap are left out.
    Running it again under the same name charges only who was left out before.
    """
    from application.carrier.inject import EXPIRED, Batch
    from entrypoints.cli.reach import with_container

    batch = Batch(
        name=name,
        operator=operator,
        service_code=service,
        occasion=EXPIRED,
        not_paid_since=not_paid_since,
    )

    async def act(container: "Container") -> Counter[str]:
        counts: Counter[str] = Counter(charged=0)
        after, left = "", most
        while left is None or left > 0:
            piece = await container.carrier().queries.expired(
                operator,
                service,
                since=since,
                until=until,
                campaign=campaign,
                after=after,
                limit=min(_PIECE, left or _PIECE),
            )
            if not piece:
                break
            counts.update(await _inject(container, batch, list(piece), dry_run=dry_run))
            after = piece[-1].digits
            left = None if left is None else left - len(piece)
        return counts

    counts = with_container(act)
    if as_json:
        print_json({"dry_run": dry_run, **counts})
    else:
        print_table(f"Batch {name}", ["what", "numbers>"], list(counts.items()))


async def _inject(
    container: "Container", batch: "Batch", piece: "list[Msisdn]", *, dry_run: bool
) -> Counter[str]:
    from domain.shared.facts import Cause

    cause = Cause(
        actor=f"operator:{batch.occasion}",
        reason=f"batch {batch.name}",
        correlation_id=container.entropy().new_id(),
    )
    async with container.open_uow()() as uow:
        counts = await container.carrier().inject.within(uow, batch, set(piece), cause)
        if not dry_run:
            await uow.commit()
    return counts
