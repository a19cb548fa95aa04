"""`kazna reconcile`: compare an operator's billing records with ours."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click
import msgspec

from entrypoints.cli.failures import Refused
from entrypoints.cli.output import json_option, print_json, print_table, progress
from entrypoints.cli.run import Instant

if TYPE_CHECKING:
    from application.carrier.reconcile import BillingRecord
    from domain.shared.money import Money
    from entrypoints.container import Container

_PIECE = 1000
_LONGEST_LINE = 16 * 1024


class Record(msgspec.Struct, frozen=True):
    """One line: a subscriber paid so much at an instant, under a token of theirs or of ours."""

    token: Annotated[str, msgspec.Meta(min_length=1, max_length=511)]
    msisdn: Annotated[str, msgspec.Meta(min_length=5, max_length=20)]
    amount_minor: Annotated[int, msgspec.Meta(ge=1, le=10**15)]
    currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$")]
    at: datetime
    service: str | None = None


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--operator", required=True, help="Whose records they are.")
@click.option("--since", type=Instant(), required=True, help="The records begin here.")
@click.option("--until", type=Instant(), required=True, help="The records end here.")
@click.option(
    "--margin",
    type=click.IntRange(min=0),
    default=60,
    show_default=True,
    help="Minutes before the end whose charges may be in the next records.",
)
@click.option("--dry-run", is_flag=True, help="Count what would be done, and change nothing.")
@json_option
def reconcile(
    file: Path,
    operator: str,
    since: datetime,
    until: datetime,
    margin: int,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Compare FILE, an operator's billing records, one JSON object a line, with our charges.

    What was billed and is not paid here is settled as paid. A charge of the stretch whose outcome
    is unknown and that no record names was not billed, and is settled as declined. FILE has to be
    whole: when a line of it cannot be read, nothing is said of what it does not name. Exit code 1
    says that lines were wrong, or that amounts differ.
    """
    from entrypoints.cli.reach import with_container

    if until <= since:
        raise Refused("--until has to be later than --since")
    size = file.stat().st_size

    async def act(container: "Container") -> Counter[str]:
        with progress(f"records of {operator}") as step:
            return await compare(
                container,
                file,
                Stretch(operator, since, until, timedelta(minutes=margin)),
                step=lambda done, lines: step(done, size, f"{lines} lines"),
                dry_run=dry_run,
            )

    counts = with_container(act)
    if as_json:
        print_json({"dry_run": dry_run, **counts})
    else:
        print_table(f"Records of {operator}", ["what", "records>"], list(counts.items()))
    if counts["invalid"] or counts["differ"]:
        raise click.exceptions.Exit(1)


def _tell(record: "BillingRecord", ours: "Money") -> None:
    click.echo(f"{record.token}: {record.money} there, {ours} here", err=True)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Whose records, of when; what was charged within `margin` of the end may be in the next."""

    operator: str
    since: datetime
    until: datetime
    margin: timedelta


async def compare(
    container: "Container",
    file: Path,
    records: Stretch,
    *,
    step: Callable[[int, int], None],
    dry_run: bool = False,
) -> Counter[str]:
    """Compare a file with our charges, and report what differs; return the counts."""
    from application.carrier.reconcile import begin
    from domain.shared.facts import Cause

    operator = records.operator
    if operator not in (await container.carrier().references.current()).operators:
        raise Refused(f"there is no operator {operator!r}")
    cause = Cause(
        actor="operator:reconcile",
        reason=f"records of {operator}",
        correlation_id=container.entropy().new_id(),
    )
    counts: Counter[str] = Counter(lines=0, agree=0, reported=0, differ=0, not_billed=0, invalid=0)
    open_uow, until_sure = container.open_uow(), records.until - records.margin
    async with open_uow() as uow:
        charges = container.carrier().charges
        run = await begin(charges, uow, operator, cause, since=records.since, until=until_sure)
    done = 0
    for piece, read in _pieces(file, counts):
        async with open_uow() as uow:
            counts.update(await run.piece(uow, piece, _tell))
            if not dry_run:
                await uow.commit()
        done += read
        step(done, counts["lines"])
    if not counts["invalid"]:
        async with open_uow() as uow:
            counts["not_billed"] = run.rest(uow)
            if not dry_run:
                await uow.commit()
    return counts


def _pieces(file: Path, counts: Counter[str]) -> "Iterator[tuple[list[BillingRecord], int]]":
    """Read a file of any size piece by piece, with how many bytes each piece took."""
    piece: list[BillingRecord] = []
    taken = 0
    with file.open("rb") as lines:
        for number, text in enumerate(iter(lambda: lines.readline(_LONGEST_LINE), b""), start=1):
            taken += len(text)
            if not text.strip():
                continue
            counts["lines"] += 1
            try:
                piece.append(_read(text))
            except (msgspec.DecodeError, ValueError) as error:
                counts["invalid"] += 1
                click.echo(f"line {number}: {error}", err=True)
            if len(piece) == _PIECE:
                yield piece, taken
                piece, taken = [], 0
    if piece:
        yield piece, taken


def _read(text: bytes) -> "BillingRecord":
    """Read a line. Raises ValueError and DecodeError."""
    from application.carrier.reconcile import BillingRecord
    from domain.shared.errors import InvalidValue
    from domain.shared.money import Money
    from domain.shared.msisdn import Msisdn

    given = msgspec.json.decode(text, type=Record)
    if given.at.tzinfo is None:
        raise ValueError("at needs an offset from UTC")
    try:
        return BillingRecord(
            token=given.token,
            msisdn=Msisdn(given.msisdn.lstrip("+")),
            money=Money.of(given.amount_minor, given.currency),
            billed_at=given.at,
            service_code=given.service or None,
        )
    except InvalidValue as error:
        raise ValueError(str(error)) from None
