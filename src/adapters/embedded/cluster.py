"""A PostgreSQL data directory: made whole or not at all, and cleared of a dead run's traces."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.embedded.account import Account
from adapters.embedded.errors import FolderNotUsable, ServerDidNotStart
from adapters.embedded.lock import FolderLock
from adapters.embedded.process import server_environment

_DESCRIPTORS = "/proc/self/fd" if sys.platform == "linux" else "/dev/fd"
_INITDB = (
    "--username=kazna",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    # The password has 256 random bits: stretching it would only make connecting slower.
    "--set=scram_iterations=1",
)


@dataclass(frozen=True, slots=True)
class Cluster:
    """The data directory in a server's folder, with the programs and the account that run it."""

    folder: Path
    programs: Path
    account: Account | None
    lock: FolderLock
    """Every program that writes here inherits its descriptor."""

    @property
    def data(self) -> Path:
        """The data directory; it exists only once it is complete."""
        return self.folder / "data"

    def is_made(self) -> bool:
        """Tell whether there is a cluster. Raises `FolderNotUsable` for one of another version."""
        if not self.data.is_dir():
            return False
        found = (self.data / "PG_VERSION").read_text().strip()
        program = self._run("postgres", "--version").split()[-1]
        if program.split(".")[0] != found:
            reason = f"it was written by PostgreSQL {found}, and this is {program}"
            raise FolderNotUsable(self.folder, reason)
        return True

    def make(self, password: str) -> None:
        """Create the cluster with a database `kazna`, owned by the superuser `kazna`.

        Everything happens in a folder beside, which takes its place when it is complete and on
        the disk: a start that was cut short leaves nothing a later one would trip over.
        """
        making = self.folder / "data.new"
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(mode=0o700)
        if self.account is not None:
            os.chown(making, self.account.uid, self.account.gid)
        with self.opened(making) as (path, descriptor), self._secret(password) as secret:
            pwfile = f"--pwfile={_DESCRIPTORS}/{secret}"
            self._run("initdb", "--pgdata", path, pwfile, *_INITDB, opened=(descriptor, secret))
            self._run(
                *("postgres", "--single", "--exit_on_error=on", "-D", path, "postgres"),
                text="CREATE DATABASE kazna\n",
                opened=(descriptor,),
            )
        making.rename(self.data)
        _sync(self.folder)

    @contextmanager
    def opened(self, directory: Path) -> Iterator[tuple[str, int]]:
        """Give a path the server's account can use, and the descriptor it must inherit for it.

        The account may have no right to pass through the folders above, such as /root. On Linux
        a directory that is already open can be entered by its descriptor all the same, so nothing
        above has to be opened to everybody.
        """
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        through = self.account is not None and sys.platform == "linux"
        try:
            yield f"{_DESCRIPTORS}/{descriptor}" if through else str(directory), descriptor
        finally:
            os.close(descriptor)

    def forget_a_dead_run(self) -> None:
        """Remove a postmaster.pid whose number now belongs to some other program.

        PostgreSQL removes the file itself unless a process with that number lives under the same
        account, which after a reboot, and in containers always, is likely to be a stranger.
        """
        pid_file = self.data / "postmaster.pid"
        if sys.platform != "linux" or not pid_file.exists():
            return
        pid = pid_file.read_text().split("\n", 1)[0].strip()
        try:
            alive = os.path.samefile(f"/proc/{pid}/cwd", self.data)
        except OSError:
            alive = False
        if not alive:
            pid_file.unlink()

    def is_ready(self, postmaster: int) -> bool:
        """Tell whether this postmaster accepts connections, as it notes in postmaster.pid."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) > 7 and lines[0] == str(postmaster) and lines[7].startswith("ready")

    def _run(
        self, program: str, *arguments: str, text: str = "", opened: tuple[int, ...] = ()
    ) -> str:
        account: dict[str, Any] = {}
        if self.account is not None:
            gid = self.account.gid
            account = {"user": self.account.uid, "group": gid, "extra_groups": []}
        done = subprocess.run(  # noqa: S603 - programs of the wheel, no shell
            [str(self.programs / program), *arguments],
            input=text,
            capture_output=True,
            encoding="utf-8",
            check=False,
            env=server_environment(),
            cwd=self.folder,
            pass_fds=(self.lock.descriptor, *opened),
            start_new_session=True,
            **account,
        )
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip().splitlines() or ["it ended without a word"]
            raise ServerDidNotStart("PostgreSQL", self.folder, said[-1])
        return str(done.stdout).strip()

    @contextmanager
    def _secret(self, text: str) -> Iterator[int]:
        with tempfile.TemporaryFile() as file:
            file.write(text.encode() + b"\n")
            file.flush()
            file.seek(0)
            if self.account is not None:
                os.fchown(file.fileno(), self.account.uid, self.account.gid)
            yield file.fileno()


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
