"""Instants as whole milliseconds since 1970 (UTC), and business time that never goes back."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
_LONG_AGO_MS = -(2**62)
THREE_YEARS_MS = 3 * 365 * DAY_MS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def to_ms(moment: datetime) -> int:
    """Floor an aware datetime to milliseconds; a naive one is refused with `ValueError`."""
    if moment.tzinfo is None:
        raise ValueError("the sandbox needs aware instants, this one names no time zone")
    return (moment - _EPOCH) // _MILLISECOND


def to_datetime(moment_ms: int) -> datetime:
    """Return the aware UTC datetime of a millisecond instant."""
    return _EPOCH + timedelta(milliseconds=moment_ms)


def iso(moment_ms: int) -> str:
    """Write an instant: `2019-01-22T14:30:45.129Z`."""
    return to_datetime(moment_ms).isoformat(timespec="milliseconds")[:-6] + "Z"


def from_iso(text: str) -> int:
    """Read an ISO 8601 instant; one without an offset is refused with `ValueError`."""
    return to_ms(datetime.fromisoformat(text))


class BusinessClock:
    """Business time in milliseconds, never going back.

    Lists are paged newest first by creation time, so an instant earlier than one already handed out
    is answered with the latter.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._latest_ms = _LONG_AGO_MS

    def now_ms(self) -> int:
        self._latest_ms = max(self._latest_ms, to_ms(self._now()))
        return self._latest_ms

    def not_before(self, moment_ms: int) -> None:
        """Start no earlier than what an earlier run of the sandbox has already stamped."""
        self._latest_ms = max(self._latest_ms, moment_ms)

    def start_over(self) -> None:
        """Allow any instant again, now that everything stamped so far is forgotten."""
        self._latest_ms = _LONG_AGO_MS
