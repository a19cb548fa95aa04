"""The stretches of days that are asked about; both ends belong to them."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import assert_never

from domain.shared.errors import InvalidValue

MOST_DAYS = 5000
_FIRST_YEAR, _LAST_YEAR = 1970, 9000


class Length(StrEnum):
    """A stretch that a day lies in: itself, its ISO week from Monday on, its calendar month."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Span:
    """Days from `first` to `last`, both included.

    It refuses an end before its beginning, more than 5,000 days, and years nobody keeps books in.
    """

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise InvalidValue(f"{self.last} lies before {self.first}")
        if not _FIRST_YEAR <= self.first.year <= self.last.year <= _LAST_YEAR:
            raise InvalidValue(f"days lie between the years {_FIRST_YEAR} and {_LAST_YEAR}")
        if self.days > MOST_DAYS:
            raise InvalidValue(f"at most {MOST_DAYS} days are asked about at once")

    @property
    def days(self) -> int:
        """How many days there are."""
        return (self.last - self.first).days + 1


def around(day: date, length: Length) -> Span:
    """Return the day, week or month a day lies in."""
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise InvalidValue(f"days lie between the years {_FIRST_YEAR} and {_LAST_YEAR}")
    match length:
        case Length.DAY:
            return Span(day, day)
        case Length.WEEK:
            monday = day - timedelta(days=day.weekday())
            return Span(monday, monday + timedelta(days=6))
        case Length.MONTH:
            return Span(day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1]))
        case _:
            assert_never(length)


def between(first: date | None, last: date | None, today: date) -> Span:
    """Return the days asked about: today where none is named, that day where one of them is."""
    return Span(first or last or today, last or first or today)
