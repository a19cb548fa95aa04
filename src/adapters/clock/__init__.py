"""Business time: the machine's, a deployment-wide virtual one, or a test's own."""

import os
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path

_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CELL = struct.Struct("<q")


class SystemClock:
    """The machine's clock, in UTC."""

    def now(self) -> datetime:
        """Return the current time."""
        return datetime.now(UTC)


class ManualClock:
    """A clock that stands still until it is moved; for tests and simulations in one process."""

    def __init__(self, instant: datetime) -> None:
        self.instant = instant

    def now(self) -> datetime:
        """Return the instant it was set to."""
        return self.instant

    def advance(self, by: timedelta) -> None:
        """Move forward."""
        self.instant += by


class VirtualClock:
    """Business time that a whole deployment shares and a person moves.

    The instant is one eight-byte cell of microseconds in a file: every process reads it anew on
    each call, which costs a microsecond and can never be stale, and a write of eight aligned
    bytes is never seen half done. It moves forward only. Settings refuse it in production.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._descriptor = os.open(file, os.O_RDWR | os.O_CLOEXEC)

    @classmethod
    def create(cls, file: Path, start: datetime) -> "VirtualClock":
        """Make the file if there is none; an existing one keeps its instant."""
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            draft = file.with_suffix(f".{os.getpid()}")
            draft.write_bytes(_CELL.pack((start - _EPOCH) // _MICROSECOND))
            try:
                os.link(draft, file)  # unlike a rename, this never replaces a clock that runs
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return cls(file)

    def now(self) -> datetime:
        """Return the shared instant."""
        (microseconds,) = _CELL.unpack(os.pread(self._descriptor, _CELL.size, 0))
        return _EPOCH + timedelta(microseconds=microseconds)

    def move_to(self, instant: datetime) -> None:
        """Set the shared instant; raise ValueError for one in the past."""
        if instant < self.now():
            raise ValueError(f"the clock stands at {self.now():%Y-%m-%d %H:%M} and never goes back")
        os.pwrite(self._descriptor, _CELL.pack((instant - _EPOCH) // _MICROSECOND), 0)

    def close(self) -> None:
        """Let the file go."""
        os.close(self._descriptor)
