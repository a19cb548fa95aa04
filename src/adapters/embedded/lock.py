"""One run per data folder, for as long as any of its processes lives."""

import fcntl
import os
import time
from dataclasses import dataclass
from pathlib import Path

from adapters.embedded.errors import FolderInUse, FolderNotUsable

_PATIENCE_SECONDS = 75.0
"""A little more than an orderly stop of PostgreSQL may take before it is cut short."""


@dataclass(slots=True)
class FolderLock:
    """The right to run one server in a folder, held by its open descriptor.

    The lock is tied to the open file (flock), not to a process: the supervisor and the server
    inherit the descriptor, so the folder is free exactly when the last process of a run is gone,
    also after the process that started it was killed.
    """

    folder: Path
    descriptor: int

    @classmethod
    def acquire(cls, folder: Path) -> "FolderLock":
        """Create the folder when it is missing and lock it.

        A folder whose owner lives is refused at once; servers that an owner left behind are on
        their way out and are waited for. Raises `FolderInUse` and `FolderNotUsable`.
        """
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise FolderNotUsable(folder, error.strerror or str(error)) from error
        try:
            _lock_or_refuse(descriptor, folder)
        except BaseException:
            os.close(descriptor)
            raise
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        return cls(folder, descriptor)

    def wait_for_the_last_process(self) -> None:
        """Let go and lock anew, which succeeds once every process that inherited it has ended."""
        if self.descriptor >= 0:
            os.ftruncate(self.descriptor, 0)
        self.release()
        self.descriptor = FolderLock.acquire(self.folder).descriptor

    def release(self) -> None:
        """Close this process's descriptor; those of living servers go on holding the folder."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


def _lock_or_refuse(descriptor: int, folder: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = _living_owner(descriptor)
            if owner is not None or time.monotonic() > deadline:
                raise FolderInUse(folder, owner) from None
        time.sleep(0.01)


def _living_owner(descriptor: int) -> int | None:
    written = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
    if not written.isdigit():
        return None
    try:
        os.kill(int(written), 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    return None if _has_ended(int(written)) else int(written)


def _has_ended(pid: int) -> bool:
    """Tell whether a process is dead and only waits for its parent to notice."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False  # no such file system here: the signal's answer has to do
    return stat.rpartition(")")[2].split()[0] == "Z"
