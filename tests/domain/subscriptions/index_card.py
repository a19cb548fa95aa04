"""The naive model of a subscription: what a clerk would write on an index card.

Plain values and the sentences of the card spec, nothing of the code under test: until when it is
paid, how often the bank said no, when it is tried again, whether the customer asked to stop.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
CLOSED = ("canceled", "expired")


@dataclass
class Card:
    """One subscription on paper; `end` is what is paid, without the days of a running pause."""

    zone: ZoneInfo
    unit: str
    count: int
    retry_days: tuple[int, ...]
    grace: timedelta
    renewal: str
    has_method: bool
    begins: datetime
    status: str = "created"
    start: datetime | None = None
    watches_from: datetime | None = None
    end: datetime | None = None
    anchor: int = 0
    failures: int = 0
    retry: datetime | None = None
    pause: tuple[datetime, datetime] | None = None
    reopens: bool = False
    charge: str | None = None
    charged_at: datetime | None = None
    granted: list[tuple[datetime, datetime]] = field(default_factory=list)
    declined_tries: dict[datetime, int] = field(default_factory=dict)
    days_tried: list[date] = field(default_factory=list)

    def day(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()

    def midnight(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=self.zone).astimezone(UTC)

    def one_interval(self, start: datetime, anchor: int) -> datetime:
        """The end of an interval: the same wall clock, on the anchor day or the month's last."""
        wall = start.astimezone(self.zone)
        hour = wall.timetz().replace(tzinfo=None, fold=0)
        if self.unit == "day":
            there = wall.date() + self.count * DAY
        else:
            year, month = wall.year, wall.month
            for _ in range(self.count * (12 if self.unit == "year" else 1)):
                year, month = (year + 1, 1) if month == 12 else (year, month + 1)
            there = last_possible(year, month, anchor)
        return datetime.combine(there, hour, tzinfo=self.zone).astimezone(UTC)

    def anchor_at(self, start: datetime) -> int:
        """The anchor holds while the start lies on it; a pause or a trial moves it along."""
        day = self.day(start)
        return self.anchor if day == last_possible(day.year, day.month, self.anchor) else day.day

    def buys(self, now: datetime) -> datetime | None:
        """Where the period begins that money settled now is for; None when it goes back."""
        if self.status == "created":
            return max(self.begins, now)
        if self.status == "expired" or (self.status == "canceled" and self.reopens):
            return now
        if self.status == "canceled":
            return None
        assert self.end is not None
        if self.status == "paused":
            return self.end
        asked = self.charged_at or now
        over_today = self.day(self.one_interval(self.end, self.anchor_at(self.end)))
        if asked <= self.end + self.grace and over_today > self.day(now):
            return self.end
        return now

    def pay(self, now: datetime) -> tuple[datetime, datetime] | None:
        """Money came: write down the period it buys."""
        start = self.buys(now)
        if start is None:
            return None
        begins_anew = self.status in ("created", *CLOSED)
        self.anchor = self.day(start).day if begins_anew else self.anchor_at(start)
        bought = start, self.one_interval(start, self.anchor)
        self.granted.append(bought)
        if self.status != "paused":
            if begins_anew or start <= now:
                self.watches_from = start
            self.status, self.start = "active", start
            self.failures, self.retry = 0, None
        self.end = bought[1]
        return bought

    def decline(self, now: datetime, *, retryable: bool, not_before: datetime | None) -> None:
        """The bank said no to the charge that is open."""
        if self.renewal == "stopping" or self.status not in ("active", "past_due"):
            return
        assert self.end is not None
        if self.status == "active" and self.day(self.end) > self.day(now):
            return
        self.status, self.watches_from = "past_due", self.start
        self.failures += 1
        self.retry = None
        if retryable and self.failures < len(self.retry_days):
            planned = self.end + self.retry_days[self.failures] * DAY
            tomorrow = self.midnight(self.day(now) + DAY)
            at = max(t for t in (planned, tomorrow, not_before) if t is not None)
            if at <= self.end + self.grace:
                self.retry = at

    def due(self, now: datetime) -> str:
        """What the daily run does: nothing, charge, or find that it cannot."""
        at = self.end if self.status == "active" else self.retry
        if self.renewal != "automatic" or self.charge or self.status not in ("active", "past_due"):
            return "not due"
        if at is None or self.day(at) > self.day(now):
            return "not due"
        assert self.end is not None
        late = self.status == "past_due" and self.day(now) > self.day(self.end + self.grace)
        return "blocked" if late or not self.has_method else "due"

    def lapses(self, now: datetime) -> str | None:
        """What the nightly expiry makes of it; None for nothing."""
        if self.pause:
            return "active" if now >= self.pause[1] else None
        if self.status not in ("active", "past_due"):
            return None
        assert self.end is not None
        if self.charged_at and now - self.charged_at < DAY:
            return None
        if self.renewal == "stopping":
            return "canceled" if now >= self.end else None
        return "expired" if now >= self.end + self.grace else None

    def resume(self, now: datetime) -> None:
        """The pause is over: its days so far are added to what is paid."""
        assert self.pause is not None
        assert self.end is not None
        since, until = self.pause
        self.end += min(now, until) - since
        self.status, self.pause = "active", None

    def paused(self, now: datetime, days: int) -> None:
        """A pause runs: everything paid so far is one stretch now."""
        self.status, self.pause = "paused", (now, now + days * DAY)
        self.start = self.watches_from

    def watches_until(self, now: datetime) -> datetime | None:
        """The end of access; None where there is none. A pause is over when its time is."""
        over = self.pause is not None and now >= self.pause[1]
        if self.status not in ("active", "past_due") and not over:
            return None
        assert self.end is not None
        end = self.end + (self.pause[1] - self.pause[0]) if self.pause else self.end
        return end + self.grace if self.renewal == "automatic" else end


def last_possible(year: int, month: int, day: int) -> date:
    """The day of the month, or the last one before it that the month has."""
    while True:
        try:
            return date(year, month, day)
        except ValueError:
            day -= 1
