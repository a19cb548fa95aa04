"""Starting and judging processes that own embedded servers."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tests.servers import is_running

ROOT = Path(__file__).parents[2]
OWNER = Path(__file__).with_name("owner.py")


@dataclass
class Owner:
    """A started process and what it reported."""

    process: "subprocess.Popen[str]"
    report: dict[str, Any]

    @property
    def servers(self) -> list[int]:
        return self.report["servers"]

    def some_server_runs(self) -> bool:
        return any(is_running(pid) for pid in self.servers)

    def kill_supervisors(self) -> None:
        """Kill the parents of the servers, as nothing but an accident does."""
        for pid in self.servers:
            parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]
            os.kill(int(parent), signal.SIGKILL)


class StartOwner(Protocol):
    """Starts one more owner of the servers in a folder."""

    def __call__(
        self,
        folder: Path,
        *wishes: str,
        command: tuple[str | Path, ...] = ...,
        path: str = ...,
        **options: Any,
    ) -> Owner: ...


@contextmanager
def owners() -> Iterator[StartOwner]:
    """Start owners, and kill those that are left at the end."""
    started: list[subprocess.Popen[str]] = []

    def start(
        folder: Path,
        *wishes: str,
        command: tuple[str | Path, ...] = (sys.executable, OWNER),
        path: str = str(ROOT / "src"),
        **options: Any,
    ) -> Owner:
        paths = os.pathsep.join(filter(None, (path, os.environ.get("PYTHONPATH"))))
        process = subprocess.Popen(
            [*command, folder, *wishes],
            env={**os.environ, "PYTHONPATH": paths},
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            **options,
        )
        started.append(process)
        assert process.stdout is not None
        return Owner(process, json.loads(process.stdout.readline() or "{}"))

    yield start
    for process in started:
        process.kill()
        process.communicate()
