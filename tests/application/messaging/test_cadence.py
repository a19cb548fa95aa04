"""Cadences: exact seconds, or one tick each local day, summer time or not."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.messaging.cadence import Daily, Every
from domain.shared.errors import InvalidValue

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = st.sampled_from(
    [BERLIN, ZoneInfo("Europe/Moscow"), ZoneInfo("Pacific/Apia"), ZoneInfo("UTC")]
)
INSTANTS = st.datetimes(
    min_value=datetime(2015, 1, 1),  # noqa: DTZ001 - the strategy wants it naive
    max_value=datetime(2035, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


def test_a_day_that_skips_the_hour_ticks_after_it() -> None:
    daily = Daily(time(2, 30), BERLIN)

    assert daily.after(utc(2026, 3, 28, 12)) == utc(2026, 3, 29, 1, 30)
    assert daily.after(utc(2026, 3, 29, 1, 30)) == utc(2026, 3, 30, 0, 30)


def test_a_day_that_has_the_hour_twice_ticks_once() -> None:
    daily = Daily(time(2, 30), BERLIN)

    first = daily.after(utc(2026, 10, 24, 12))

    assert first == utc(2026, 10, 25, 0, 30)
    assert daily.after(first) == utc(2026, 10, 26, 1, 30)


@given(zone=ZONES, at=st.times(timezones=st.none()), start=INSTANTS)
def test_a_year_of_days_has_one_tick_each(zone: ZoneInfo, at: time, start: datetime) -> None:
    daily = Daily(at, zone)
    tick = daily.after(start)

    for _ in range(40):
        following = daily.after(tick)
        assert timedelta(hours=20) < following - tick < timedelta(hours=28)
        tick = following


@given(zone=ZONES, at=st.times(), start=INSTANTS, days=st.floats(0, 60))
def test_the_latest_tick_is_the_one_that_counting_finds(
    zone: ZoneInfo, at: time, start: datetime, days: float
) -> None:
    daily = Daily(at, zone)
    due = daily.after(start)
    now = due + timedelta(days=days)

    counted = due
    while (following := daily.after(counted)) <= now:
        counted = following

    assert daily.latest(due, now) == counted


@given(
    seconds=st.integers(1, 100_000), due=INSTANTS, late=st.timedeltas(timedelta(0), timedelta(9))
)
def test_ticks_of_seconds_keep_their_rhythm(seconds: int, due: datetime, late: timedelta) -> None:
    every = Every(seconds)

    latest = every.latest(due, due + late)

    assert latest <= due + late < every.after(latest)
    assert (latest - due) % timedelta(seconds=seconds) == timedelta(0)


def test_a_cadence_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidValue):
        Every(0)
