"""Where work comes from: a repository's history, a file of JSON lines, or the sample."""

import json
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from entrypoints.cli.failures import Refused

_SAMPLE = "tasks.jsonl"
_FIELDS = ("task_id", "assignee", "assigned_at", "completed_at")
_UNTITLED = "A task without a title"
_YEARS = range(1990, 2200)
_LONGEST_TITLE = 300
# One commit a record, its parts apart: neither occurs in what people write.
_RECORD, _PART = "\x1e", "\x1f"
_GIT_FORMAT = "%x1f".join(("%H", "%ae", "%aI", "%ce", "%cI", "%s")) + "%x1e"
# Commits made on a site carry its name: nobody reviewed them.
_SITES = frozenset({"noreply@github.com", "noreply@gitlab.com"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One piece of work that somebody did; people are pseudonyms."""

    name: str
    title: str
    assignee: str
    reviewer: str
    assigned_at: datetime
    completed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Work in the order it was begun, and where it was read from."""

    source: str
    work: Sequence[Work]
    left_out: int

    @property
    def people(self) -> list[str]:
        """Name everybody once, in order."""
        return sorted({name for one in self.work for name in (one.assignee, one.reviewer)})


def read_history(repository: Path | None, file: Path | None, *, most: int | None) -> History:
    """Read what was asked for: a file, a repository, else this clone's history or the sample.

    Raises `Refused` with a sentence that says what is wrong and where.
    """
    if file is not None:
        return _made(str(file), _lines(file.name, _text(file)), most)
    if repository is not None:
        return _made(str(repository), _commits(repository), most)
    clone = Path(__file__).parents[4]
    if (clone / ".git").exists():
        return _made("the history of this clone", _commits(clone), most)
    sample = files("entrypoints.demo").joinpath("data", _SAMPLE).read_text(encoding="utf-8")
    return _made("the sample", _lines(_SAMPLE, sample), most)


def _made(source: str, found: Iterable[Work], most: int | None) -> History:
    given = list(found)
    kept = [
        one for one in given if one.assigned_at.year in _YEARS and one.completed_at.year in _YEARS
    ]
    kept.sort(key=lambda one: (one.assigned_at, one.name))
    if not kept:
        raise Refused(f"there is no work in {source}")
    kept = kept[:most]
    return History(source=source, work=kept, left_out=len(given) - len(kept) if not most else 0)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{file} cannot be read: {error}") from error


def _lines(name: str, text: str) -> Iterator[Work]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            yield _read(json.loads(line))
        except (ValueError, TypeError, KeyError) as error:
            wanted = ", ".join(_FIELDS)
            raise Refused(
                f"line {number} of {name} is no task: {error}; a line is an object with {wanted}"
            ) from error


def _read(given: dict[str, Any]) -> Work:
    for field in _FIELDS:
        if not isinstance(given.get(field), str) or not given[field]:
            raise ValueError(f"{field} is missing or no text")
    return _work(
        given["task_id"],
        str(given.get("title") or ""),
        given["assignee"],
        given.get("reviewer") or given["assignee"],
        given["assigned_at"],
        given["completed_at"],
    )


def _work(name: str, title: str, doer: str, reviewer: str, begun: str, done: str) -> Work:
    assigned_at, completed_at = _instant(begun), _instant(done)
    return Work(
        name=name,
        title=" ".join(title.replace("\x00", "").split())[:_LONGEST_TITLE] or _UNTITLED,
        assignee=doer,
        reviewer=reviewer,
        assigned_at=assigned_at,
        # Clocks of other people's machines go wrong; nothing is done before it was begun.
        completed_at=max(assigned_at, completed_at),
    )


def _instant(text: str) -> datetime:
    read = datetime.fromisoformat(text)
    if read.tzinfo is None:
        raise ValueError(f"{text!r} has no offset from UTC")
    return read.astimezone(UTC)


def _commits(repository: Path) -> Iterator[Work]:
    """Read commits that are no merges; whoever committed another's work has reviewed it."""
    command = ["git", "-C", str(repository), "log", "--no-merges", f"--format={_GIT_FORMAT}"]
    try:
        ended = subprocess.run(command, capture_output=True, check=True)  # noqa: S603
    except FileNotFoundError as error:
        raise Refused("git is not installed here: give --file, or install it") from error
    except subprocess.CalledProcessError as error:
        told = error.stderr.decode(errors="replace").strip().splitlines()
        raise Refused(
            f"git cannot read {repository}: {told[-1] if told else 'it says nothing'}"
        ) from error
    known: dict[str, str] = {}

    def pseudonym(address: str) -> str:
        return known.setdefault(address.lower(), f"worker-{len(known) + 1:03}")

    for record in ended.stdout.decode(errors="replace").split(_RECORD):
        parts = record.strip("\n").split(_PART)
        if len(parts) != _GIT_FORMAT.count("%x1f") + 1:
            continue
        name, author, begun, committer, done, title = parts
        doer = pseudonym(author)
        reviewer = doer if committer.lower() in _SITES else pseudonym(committer)
        yield _work(name, title, doer, reviewer, begun, done)
