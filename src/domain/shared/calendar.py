"""Calendar arithmetic: months with an anchor day, business days in a zone, half-open periods."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import assert_never
from zoneinfo import ZoneInfo

from domain.shared.errors import InvalidValue


class Unit(StrEnum):
    """What a plan's duration is counted in."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Interval:
    """A length in calendar units; a month is a month, not thirty days."""

    count: int
    unit: Unit

    def __post_init__(self) -> None:
        if not 1 <= self.count <= 3660:
            raise InvalidValue(f"an interval counts from 1 to 3660 units, not {self.count}")

    def after(self, start: datetime, *, anchor_day: int, zone: ZoneInfo) -> datetime:
        """Return the instant one interval after `start`, by the calendar of the billing zone.

        A month from January 31 is the last of February, and the next one is March 31 again: the
        anchor is the local day the customer began on, not the day a short month happened to have.
        The wall clock keeps its hour across daylight saving; an hour that a change skips becomes
        the same instant counted with the offset before it, and of an hour that comes twice the
        first is meant.
        """
        local = start.astimezone(zone)
        match self.unit:
            case Unit.DAY:
                moved = local + timedelta(days=self.count)
            case Unit.MONTH:
                moved = _add_months(local, self.count, anchor_day)
            case Unit.YEAR:
                moved = _add_months(local, 12 * self.count, anchor_day)
            case _:
                assert_never(self.unit)
        return moved.astimezone(UTC)

    def __str__(self) -> str:
        return f"{self.count} {self.unit}{'s' if self.count > 1 else ''}"


def _add_months(start: datetime, months: int, anchor_day: int) -> datetime:
    year, month_index = divmod(start.year * 12 + start.month - 1 + months, 12)
    month = month_index + 1
    day = min(anchor_day, monthrange(year, month)[1])
    return start.replace(year=year, month=month, day=day, fold=0)


def anchor_from(start: datetime, anchor_day: int, zone: ZoneInfo) -> int:
    """Return the day of the month that months counted from `start` hold on to.

    It stays the given one while `start` lies on it, or on the last day of a month too short for
    it. Where a trial or a pause has moved the start off it, the start's own day takes over:
    months would come out too long or too short otherwise.
    """
    local = start.astimezone(zone)
    on_it = local.day == min(anchor_day, monthrange(local.year, local.month)[1])
    return anchor_day if on_it else local.day


@dataclass(frozen=True, slots=True)
class Period:
    """A half-open stretch of time `[start, end)` between aware UTC instants."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is not UTC or self.end.tzinfo is not UTC:
            raise InvalidValue("a period begins and ends at aware UTC instants")
        if self.end <= self.start:
            raise InvalidValue(f"a period must end after it starts: {self.start} .. {self.end}")

    def contains(self, instant: datetime) -> bool:
        """Tell whether the instant lies inside; the end does not."""
        return self.start <= instant < self.end

    def overlaps(self, other: "Period") -> bool:
        """Tell whether the two share an instant."""
        return self.start < other.end and other.start < self.end


def business_day(instant: datetime, zone: ZoneInfo) -> date:
    """Return the calendar day of an instant in the business time zone."""
    return instant.astimezone(zone).date()


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """Return the first instant of a local day, in UTC; days of 23 and 25 hours included."""
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def start_of_tomorrow(now: datetime, zone: ZoneInfo) -> datetime:
    """Return the end of today in the business time zone, as a UTC instant; always ahead of `now`.

    Where clocks go back over midnight, tomorrow begins twice and today comes again between; then
    the second beginning is meant.
    """
    tomorrow = business_day(now, zone) + timedelta(days=1)
    first = start_of_day(tomorrow, zone)
    if first > now:
        return first
    return datetime.combine(tomorrow, time.min.replace(fold=1), tzinfo=zone).astimezone(UTC)
