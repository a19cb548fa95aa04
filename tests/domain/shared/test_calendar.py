"""Months hold on to their day, days to their hour, whatever the calendar and the clocks do."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.shared.calendar import (
    Interval,
    Period,
    Unit,
    anchor_from,
    business_day,
    start_of_day,
    start_of_tomorrow,
)
from domain.shared.errors import InvalidValue

_FROM, _TO = datetime(1990, 1, 1), datetime(2060, 1, 1)  # noqa: DTZ001 - made aware below
INSTANTS = st.datetimes(_FROM, _TO, timezones=st.just(UTC))
ZONES = st.sampled_from(sorted(available_timezones())).map(ZoneInfo)
HARD_ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "Europe/Moscow",
    # A day was skipped (2011-12-30); half an hour of daylight saving; midnight came twice.
    "Pacific/Apia",
    "Australia/Lord_Howe",
    "America/St_Johns",
]
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
    assert not following.overlaps(period)
    assert period.overlaps(period)
    with pytest.raises(InvalidValue):
        Period(start, start)


def test_a_period_insists_on_utc() -> None:
    with pytest.raises(InvalidValue):
        Period(datetime(2026, 1, 1), datetime(2026, 1, 2))  # noqa: DTZ001


def _last(year: int, month: int) -> int:
    first = date(year + month // 12, month % 12 + 1, 1)
    return (first - timedelta(days=1)).day


@settings(max_examples=500, deadline=None)
@given(
    start=INSTANTS.filter(lambda at: at.year >= 2000),
    zone=ZONES,
    months=st.integers(1, 30),
    anchor=st.integers(1, 31),
)
def test_months_land_on_the_anchor_or_the_months_last_day(
    start: datetime, zone: ZoneInfo, months: int, anchor: int
) -> None:
    local = start.astimezone(zone)
    after = Interval(months, Unit.MONTH).after(start, anchor_day=anchor, zone=zone)
    wall = after.astimezone(zone)

    assert (wall.year * 12 + wall.month) - (local.year * 12 + local.month) == months
    wanted = min(anchor, _last(wall.year, wall.month))
    # The hour on the wall stays, except where there is no such hour that day.
    moved = wall.replace(tzinfo=None, fold=0) - local.replace(
        tzinfo=None, fold=0, year=wall.year, month=wall.month, day=wanted
    )
    assert moved == timedelta() or (timedelta() < moved <= timedelta(hours=24))
    # An hour that is not there at the end of a day is the first of the next; a zone once left a
    # whole day out.
    assert wall.day == wanted or moved
    if moved:
        assert wall.utcoffset() != (after - timedelta(hours=25)).astimezone(zone).utcoffset()


@pytest.mark.parametrize("name", sorted(available_timezones()))
def test_years_of_months_lead_forward_in_every_zone(name: str) -> None:
    zone = ZoneInfo(name)
    for start in (datetime(2009, 12, 31, 23, 30, tzinfo=UTC), datetime(2024, 1, 31, tzinfo=UTC)):
        anchor, at = start.astimezone(zone).day, start
        for _ in range(36):
            after = MONTH.after(at, anchor_day=anchor, zone=zone)
            assert timedelta(days=27) <= after - at <= timedelta(days=32)
            at = after


@pytest.mark.parametrize("name", HARD_ZONES)
def test_every_day_of_twenty_years_ends_and_begins_once(name: str) -> None:
    zone = ZoneInfo(name)
    now, day = datetime(2009, 1, 1, tzinfo=UTC), date(2008, 12, 31)
    while now.year < 2029:
        tomorrow = start_of_tomorrow(now, zone)
        assert timedelta() < tomorrow - now <= timedelta(hours=49)
        assert business_day(tomorrow, zone) > business_day(now, zone) >= day
        day, now = business_day(now, zone), tomorrow


@pytest.mark.parametrize(
    ("zone", "now", "tomorrow"),
    [
        # 23 and 25 hours.
        ("Europe/Berlin", (2026, 3, 28, 23), (2026, 3, 29, 22)),
        ("Europe/Berlin", (2026, 10, 24, 22), (2026, 10, 25, 23)),
        # Midnight does not exist: the day begins at one o'clock.
        ("America/Sao_Paulo", (2018, 11, 3, 12), (2018, 11, 4, 3)),
        # One minute after midnight clocks went back to 23:01 of the day before.
        ("America/St_Johns", (2010, 11, 7, 2, 29), (2010, 11, 7, 2, 30)),
        ("America/St_Johns", (2010, 11, 7, 3, 0), (2010, 11, 7, 3, 30)),
        # December 30, 2011 was left out on Samoa.
        ("Pacific/Apia", (2011, 12, 30, 9, 59), (2011, 12, 30, 10)),
    ],
)
def test_tomorrow_begins_where_the_clocks_say(
    zone: str, now: tuple[int, ...], tomorrow: tuple[int, ...]
) -> None:
    at = datetime(*now, tzinfo=UTC)  # type: ignore[arg-type, misc]
    assert start_of_tomorrow(at, ZoneInfo(zone)) == datetime(*tomorrow, tzinfo=UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("start", "anchor", "held"),
    [
        ((2026, 1, 31), 31, 31),
        ((2026, 2, 28), 31, 31),
        ((2028, 2, 28), 31, 28),
        ((2028, 2, 29), 31, 31),
        ((2026, 4, 30), 31, 31),
        ((2026, 3, 7), 31, 7),
        ((2026, 3, 31), 5, 31),
        ((2026, 3, 5), 5, 5),
    ],
)
def test_the_anchor_holds_while_the_start_lies_on_it(
    start: tuple[int, int, int], anchor: int, held: int
) -> None:
    # 23:30 in Berlin: the day is the zone's, not Greenwich's.
    zone = ZoneInfo("Europe/Berlin")
    at = datetime(*start, 23, 30, tzinfo=zone).astimezone(UTC)
    assert anchor_from(at, anchor, zone) == held


def test_of_an_hour_that_comes_twice_the_first_is_meant() -> None:
    zone = ZoneInfo("Europe/Berlin")
    twice = datetime(2027, 10, 31, 2, 30, tzinfo=zone, fold=1).astimezone(UTC)
    for months, expected in ((12 * 6, (2033, 10, 31)), (5 + 12 * 2, (2030, 3, 31))):
        wall = MONTH if months == 1 else Interval(months, Unit.MONTH)
        after = wall.after(twice, anchor_day=31, zone=zone)
        first = datetime(*expected, 2, 30, tzinfo=zone).astimezone(UTC)
        assert after == first


@pytest.mark.parametrize("count", [-1, 0, 3661])
def test_an_interval_of_nothing_or_of_an_age_is_refused(count: int) -> None:
    with pytest.raises(InvalidValue):
        Interval(count, Unit.DAY)


def test_an_interval_reads_like_speech() -> None:
    assert [str(Interval(1, Unit.MONTH)), str(Interval(3, Unit.DAY))] == ["1 month", "3 days"]
