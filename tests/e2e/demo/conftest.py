"""`kazna` as a process with children, watched from outside."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import is_running, wait_until


def children_of(pid: int) -> dict[int, str]:
    """Return the processes that a process started, directly or not, with their command lines."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(stat.parent.name)] = int(fields[1])
    found: dict[int, str] = {}
    level = {pid}
    while level := {child for child, parent in parents.items() if parent in level}:
        found |= {child: _command(child) for child in level}
    return found


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except OSError:
        return ""


class Started:
    """One `kazna` that runs; its output goes to a file."""

    def __init__(self, log: Path, *arguments: str, **settings: str) -> None:
        self.log = log
        kept = {name: value for name, value in os.environ.items() if not name.startswith("KAZNA_")}
        given = {f"KAZNA_{name.upper()}": value for name, value in settings.items()}
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "entrypoints.cli.main", *arguments],
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**kept, **given},
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_to_say(self, words: str, seconds: float = 60.0) -> None:
        def spoken() -> bool:
            assert self.process.poll() is None, self.said
            return words in self.said

        wait_until(spoken, f"{words!r} in the output", seconds=seconds)

    def child(self, words: str) -> int:
        """Return the process below this one whose command line ends so."""
        return next(
            pid for pid, command in children_of(self.process.pid).items() if command.endswith(words)
        )

    def end(self, number: signal.Signals) -> tuple[int, list[int]]:
        """Send a signal, wait for the end, and return the code and the children that survived."""
        children = list(children_of(self.process.pid))
        assert children
        self.process.send_signal(number)
        code = self.process.wait(60)
        return code, [pid for pid in children if is_running(pid)]


@pytest.fixture
def starting(tmp_path: Path) -> Iterator[list[Started]]:
    """What a test starts; nothing of it outlives the test."""
    started: list[Started] = []
    yield started
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()
