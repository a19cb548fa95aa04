"""Months hold on to their day, days to their hour, whatever the calendar and the clocks do."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.shared.calendar import (
    Interval,
    Period,
    Unit,
    business_day,
    start_of_day,
    start_of_tomorrow,
)
from domain.shared.errors import InvalidValue
from domain.shared.ids import uuid7

_FROM, _TO = datetime(1990, 1, 1), datetime(2060, 1, 1)  # noqa: DTZ001 - made aware below
INSTANTS = st.datetimes(_FROM, _TO, timezones=st.just(UTC))
ZONES = st.sampled_from(sorted(available_timezones())).map(ZoneInfo)
MONTH = Interval(1, Unit.MONTH)


def test_the_anchor_survives_short_months() -> None:
    zone = ZoneInfo("UTC")
    at = datetime(2027, 10, 31, 9, tzinfo=UTC)
    days = []
    for _ in range(7):
        at = MONTH.after(at, anchor_day=31, zone=zone)
        days.append((at.month, at.day))
    assert days == [(11, 30), (12, 31), (1, 31), (2, 29), (3, 31), (4, 30), (5, 31)]


def test_a_leap_day_comes_back_every_fourth_year() -> None:
    zone, year = ZoneInfo("UTC"), Interval(1, Unit.YEAR)
    at = datetime(2028, 2, 29, tzinfo=UTC)
    days = []
    for _ in range(4):
        at = year.after(at, anchor_day=29, zone=zone)
        days.append((at.year, at.day))
    assert days == [(2029, 28), (2030, 28), (2031, 28), (2032, 29)]


def test_a_month_is_a_month_of_the_customers_calendar() -> None:
    # Half past midnight of March 1 in Moscow is still February in Greenwich.
    paid = datetime(2026, 2, 28, 21, 30, tzinfo=UTC)
    after = MONTH.after(paid, anchor_day=1, zone=ZoneInfo("Europe/Moscow"))
    assert after == datetime(2026, 3, 31, 21, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "start"),
    [
        ("Europe/Berlin", datetime(2026, 2, 28, 11, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 9, 30, 10, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 2, 20, 12, tzinfo=UTC)),
    ],
)
def test_the_hour_on_the_wall_stays_across_daylight_saving(zone: str, start: datetime) -> None:
    local = ZoneInfo(zone)
    day = start.astimezone(local).day
    after = MONTH.after(start, anchor_day=day, zone=local)
    assert after.astimezone(local).hour == start.astimezone(local).hour


@settings(max_examples=400, deadline=None)
@given(
    start=INSTANTS,
    zone=ZONES,
    count=st.integers(1, 24),
    unit=st.sampled_from(list(Unit)),
)
def test_an_interval_always_leads_forward_in_every_zone(
    start: datetime, zone: ZoneInfo, count: int, unit: Unit
) -> None:
    anchor = start.astimezone(zone).day
    after = Interval(count, unit).after(start, anchor_day=anchor, zone=zone)
    shortest = {Unit.DAY: timedelta(hours=21), Unit.MONTH: timedelta(days=27)}
    assert after.tzinfo is UTC
    assert after - start >= shortest.get(unit, timedelta(days=364))


@settings(max_examples=300, deadline=None)
@given(now=INSTANTS, zone=ZONES)
def test_tomorrow_begins_after_now_and_today_before(now: datetime, zone: ZoneInfo) -> None:
    tomorrow = start_of_tomorrow(now, zone)
    assert now < tomorrow <= now + timedelta(hours=50)
    assert start_of_day(business_day(now, zone), zone) <= now


@given(start=INSTANTS)
def test_a_period_is_half_open_and_not_empty(start: datetime) -> None:
    period = Period(start, start + timedelta(seconds=1))
    assert period.contains(period.start)
    assert not period.contains(period.end)
    following = Period(period.end, period.end + timedelta(days=1))
    assert not period.overlaps(following)
    assert period.overlaps(period)
    with pytest.raises(InvalidValue):
        Period(start, start)


def test_a_period_insists_on_utc() -> None:
    with pytest.raises(InvalidValue):
        Period(datetime(2026, 1, 1), datetime(2026, 1, 2))  # noqa: DTZ001


@given(
    earlier=st.integers(0, 2**47),
    later=st.integers(1, 2**40),
    bits=st.integers(0, 2**74 - 1),
    other=st.integers(0, 2**74 - 1),
)
def test_ids_sort_by_the_time_of_their_making(
    earlier: int, later: int, bits: int, other: int
) -> None:
    first, second = uuid7(earlier, bits), uuid7(earlier + later, other)
    assert first < second
    assert (first.version, first.variant) == (7, "specified in RFC 4122")
    assert first.int >> 80 == earlier
