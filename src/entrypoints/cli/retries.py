"""`kazna retries`: load retries from a file of JSON lines."""

from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click
import msgspec

from entrypoints.cli.output import json_option, print_json, print_table, progress

if TYPE_CHECKING:
    from application.carrier.load_retries import RetryRecord
    from entrypoints.container import Container

_BATCH = 500
_LONGEST_LINE = 64 * 1024


class _Line:
    """A line of the file with its place, and what is wrong with it."""

    def __init__(self, number: int, text: bytes) -> None:
        self.number, self.text = number, text
        self.record: RetryRecord | None = None
        self.why: str | None = None
        try:
            self.record = _read(text)
        except ValueError as error:
            self.why = str(error)


@click.group()
def retries() -> None:
    """Work with the retries of numbers."""


@retries.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Count what would be done, and change nothing.")
@click.option(
    "--rejects",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write the lines that were not loaded there, with the reason.",
)
@json_option
def load(file: Path, dry_run: bool, rejects: Path | None, as_json: bool) -> None:
    """Load FILE, one JSON record a line, as the open retries of subscriptions.

    Times and tries are kept as they are; a second run of the same file changes nothing. Every 500
    lines are one transaction. Exit code 1 says that some lines were rejected.
    """
    from entrypoints.cli.reach import with_container

    size = file.stat().st_size
    kept = rejects.open("wb") if rejects else nullcontext()

    async def act(container: "Container") -> Counter[str]:
        with kept as out, progress(f"load {file.name}") as step:
            counts: Counter[str] = Counter(lines=0, inserted=0, updated=0, known=0, rejected=0)
            done = 0
            for batch in _batches(file):
                await _load(container, batch, counts, out, dry_run=dry_run)
                done += sum(len(line.text) + 1 for line in batch)
                step(min(done, size), size, f"{counts['lines']} lines")
        return counts

    counts = with_container(act)
    if as_json:
        print_json({"dry_run": dry_run, **counts})
    else:
        title = "Would be loaded" if dry_run else "Loaded"
        print_table(title, ["what", "lines>"], list(counts.items()))
    if counts["rejected"]:
        raise click.exceptions.Exit(1)


async def _load(
    container: "Container",
    batch: list[_Line],
    counts: Counter[str],
    out: IO[bytes] | None,
    *,
    dry_run: bool,
) -> None:
    from application.carrier.load_retries import Rejected
    from domain.shared.facts import Cause

    sound = [line for line in batch if line.record is not None]
    cause = Cause(
        actor="operator:retries load",
        reason="retries loaded from a file",
        correlation_id=container.entropy().new_id(),
    )
    async with container.open_uow()() as uow:
        records: list[Any] = [line.record for line in sound]
        answers = await container.carrier().load_retries.within(uow, records, cause)
        if not dry_run:
            await uow.commit()
    for line, answer in zip(sound, answers, strict=True):
        if isinstance(answer, Rejected):
            line.why = answer.why
        else:
            counts[answer.value] += 1
    for line in batch:
        counts["lines"] += 1
        if line.why is not None:
            counts["rejected"] += 1
            click.echo(f"line {line.number}: {line.why}", err=True)
            if out is not None:
                kept = {"line": line.number, "why": line.why}
                out.write(msgspec.json.encode(kept) + b"\t" + line.text + b"\n")


def _batches(file: Path) -> Iterator[list[_Line]]:
    """Read a file of any size, a batch of lines at a time; empty lines are none."""
    batch: list[_Line] = []
    with file.open("rb") as lines:
        for number, text in enumerate(iter(lambda: lines.readline(_LONGEST_LINE), b""), start=1):
            if text.strip():
                batch.append(_Line(number, text.rstrip(b"\r\n")))
            if len(batch) == _BATCH:
                yield batch
                batch = []
    if batch:
        yield batch


def _read(text: bytes) -> "RetryRecord":
    from adapters.wire.record import read_retry

    if len(text) >= _LONGEST_LINE - 1:
        raise ValueError(f"a record has less than {_LONGEST_LINE} bytes")
    return read_retry(text)
