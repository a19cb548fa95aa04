"""Days, ISO weeks, months, and any stretch that makes sense."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.analytics.periods import MOST_DAYS, Length, Span, around, between
from domain.shared.errors import InvalidValue

DAYS = st.dates(date(1970, 1, 5), date(8999, 12, 1))


@given(DAYS)
def test_a_week_is_the_iso_week_of_its_day(day: date) -> None:
    week = around(day, Length.WEEK)
    assert week.days == 7
    assert week.first.isoweekday() == 1
    assert {(week.first + timedelta(days=n)).isocalendar()[:2] for n in range(7)} == {
        day.isocalendar()[:2]
    }
    assert week.first <= day <= week.last


@given(DAYS)
def test_a_month_begins_on_the_first_and_ends_before_the_next(day: date) -> None:
    month = around(day, Length.MONTH)
    assert month.first == day.replace(day=1)
    assert (month.last + timedelta(days=1)).day == 1
    assert month.first <= day <= month.last
    assert around(day, Length.DAY) == Span(day, day)


def test_what_is_not_named_is_today_or_the_day_that_is() -> None:
    one, two, today = date(2026, 3, 1), date(2026, 3, 3), date(2026, 3, 9)
    assert between(None, None, today) == Span(today, today)
    assert between(one, None, today) == Span(one, one)
    assert between(None, two, today) == Span(two, two)
    assert between(one, two, today) == Span(one, two)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2026, 3, 2), date(2026, 3, 1)),
        (date(2000, 1, 1), date(2000, 1, 1) + timedelta(days=MOST_DAYS)),
        (date(1, 1, 1), date(1, 1, 2)),
        (date(9500, 1, 1), date(9500, 1, 2)),
    ],
)
def test_a_stretch_that_makes_no_sense_is_refused(first: date, last: date) -> None:
    with pytest.raises(InvalidValue):
        Span(first, last)


@pytest.mark.parametrize("day", [date(1, 1, 1), date(9999, 12, 31)])
@pytest.mark.parametrize("length", list(Length))
def test_a_day_of_another_age_is_refused(day: date, length: Length) -> None:
    with pytest.raises(InvalidValue):
        around(day, length)
