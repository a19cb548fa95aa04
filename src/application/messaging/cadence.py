"""How often something is due: every so many seconds, or at a time of each local day."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.shared.errors import InvalidValue


@dataclass(frozen=True, slots=True)
class Every:
    """A tick every so many seconds, whatever the clock on the wall says."""

    seconds: int

    def __post_init__(self) -> None:
        if self.seconds < 1:
            raise InvalidValue(f"a cadence is at least one second, not {self.seconds}")

    def after(self, due: datetime) -> datetime:
        """Return the tick that follows."""
        return due + timedelta(seconds=self.seconds)

    def latest(self, due: datetime, now: datetime) -> datetime:
        """Return the last tick that is not after `now`, counted from one that is not either."""
        step = timedelta(seconds=self.seconds)
        return due + (now - due) // step * step


@dataclass(frozen=True, slots=True)
class Daily:
    """One tick each local day; an hour that the day skips is taken when the next one has begun."""

    at: time
    zone: ZoneInfo

    def after(self, due: datetime) -> datetime:
        """Return the tick that follows, or the first one after any instant."""
        today = due.astimezone(self.zone).date()
        tick = self._on(today)
        return tick if tick > due else self._on(today + timedelta(days=1))

    def latest(self, due: datetime, now: datetime) -> datetime:
        """Return the last tick that is not after `now`, counted from one that is not either."""
        tick = self._on(now.astimezone(self.zone).date())
        if tick > now:
            tick = self._on(now.astimezone(self.zone).date() - timedelta(days=1))
        return max(tick, due)

    def _on(self, day: date) -> datetime:
        return datetime.combine(day, self.at, tzinfo=self.zone).astimezone(UTC)


Cadence = Every | Daily
