"""Days and windows of an operator, across midnight, weekdays and daylight saving."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.shared.errors import InvalidValue
from domain.subscriptions.charge_days import WEEKDAYS, ChargeDays

KARACHI = ZoneInfo("Asia/Karachi")  # UTC+5, no daylight saving
BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = date(2026, 3, 2)


def at(text: str, zone: ZoneInfo = KARACHI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-03-02T08:29:59", "2026-03-02T08:30:00"),
        ("2026-03-02T08:30:00", "2026-03-02T08:30:00"),
        ("2026-03-02T23:30:59", "2026-03-02T23:30:59"),  # the last minute is inside to its end
        ("2026-03-02T23:31:00", "2026-03-03T08:30:00"),
    ],
)
def test_both_ends_of_the_window_are_inside(now: str, opens: str) -> None:
    window = ChargeDays(allowed_from=510, allowed_to=1410)
    assert window.opening(at(now), MONDAY, KARACHI) == at(opens)


def test_the_window_is_local_to_the_operator_across_midnight_of_utc() -> None:
    window = ChargeDays(allowed_from=60, allowed_to=120)
    # 20:30 UTC on Monday is 01:30 on Tuesday in Karachi: inside.
    now = datetime(2026, 3, 2, 20, 30, tzinfo=UTC)
    assert window.opening(now, MONDAY, KARACHI) == now


def test_weekdays_are_those_of_the_operator() -> None:
    on_tuesday = ChargeDays(days=("tue",))
    monday_evening_in_utc = datetime(2026, 3, 2, 19, 30, tzinfo=UTC)
    assert on_tuesday.opening(monday_evening_in_utc, MONDAY, KARACHI) == monday_evening_in_utc
    assert on_tuesday.opening(at("2026-03-04T00:00:00"), MONDAY, KARACHI) == at(
        "2026-03-10T00:00:00"
    )


def test_weekly_keeps_to_the_weekday_it_began_on() -> None:
    weekly = ChargeDays(days=("weekly",))
    wednesday = date(2026, 3, 4)
    assert weekly.next_day(at("2026-03-04T15:00:00"), wednesday, KARACHI) == at(
        "2026-03-11T00:00:00"
    )


def test_a_retry_keeps_to_the_hours_and_not_to_the_days() -> None:
    window = ChargeDays(days=("mon",), allowed_from=600, allowed_to=660)
    assert window.opening(at("2026-03-04T12:00:00"), None, KARACHI) == at("2026-03-05T10:00:00")


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_a_day_whose_clock_changes_has_one_window(day: str) -> None:
    """02:15 to 02:45 does not exist in spring and comes twice in autumn in Berlin."""
    window = ChargeDays(allowed_from=135, allowed_to=165)
    midnight = at(f"{day}T00:00:00", BERLIN)
    opens = window.opening(midnight, MONDAY, BERLIN)
    assert midnight < opens < midnight + timedelta(hours=4)
    closes = opens + timedelta(minutes=31)
    assert window.opening(closes - timedelta(seconds=1), MONDAY, BERLIN) < closes
    assert window.opening(closes, MONDAY, BERLIN) > midnight + timedelta(hours=22)


def test_no_day_is_never() -> None:
    never = ChargeDays(days=())
    assert never.never
    with pytest.raises(InvalidValue):
        never.next_day(at("2026-03-02T10:00:00"), MONDAY, KARACHI)


@pytest.mark.parametrize(
    "given_",
    [
        {"days": ("someday",)},
        {"allowed_from": 1440},
        {"allowed_from": 700, "allowed_to": 600},
        {"allowed_from": -1},
    ],
)
def test_what_is_no_rule_is_refused(given_: dict) -> None:  # type: ignore[type-arg]
    with pytest.raises(InvalidValue):
        ChargeDays(**given_)


_DAYS = st.sets(st.sampled_from([*WEEKDAYS, "any", "weekly"]), min_size=1).map(tuple)
_ZONES = st.sampled_from(["Asia/Karachi", "Europe/Berlin", "America/St_Johns", "Pacific/Apia"])
_MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)).map(  # noqa: DTZ001
    lambda naive: naive.replace(microsecond=0, tzinfo=UTC)
)


@given(
    days=_DAYS,
    minutes=st.tuples(st.integers(0, 1439), st.integers(0, 1439)).map(sorted),
    now=_MOMENTS,
    zone=_ZONES.map(ZoneInfo),
    began=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
)
def test_an_opening_is_the_first_moment_that_is_allowed(
    days: tuple[str, ...], minutes: list[int], now: datetime, zone: ZoneInfo, began: date
) -> None:
    rule = ChargeDays(days=days, allowed_from=minutes[0], allowed_to=minutes[1])

    opens = rule.opening(now, began, zone)

    assert opens >= now
    assert rule.opening(opens, began, zone) == opens
    assert rule.allows(opens.astimezone(zone).date(), began)
    if opens > now:
        before = opens - timedelta(seconds=1)
        assert before < now or rule.opening(before, began, zone) == opens


@given(now=_MOMENTS, days=_DAYS, zone=_ZONES.map(ZoneInfo), began=st.dates())
def test_the_next_day_is_a_later_day_that_is_allowed(
    now: datetime, days: tuple[str, ...], zone: ZoneInfo, began: date
) -> None:
    rule = ChargeDays(days=days)

    following = rule.next_day(now, began, zone)

    assert now < following <= now + timedelta(days=9)
    assert rule.allows(following.astimezone(zone).date(), began)
    assert following.astimezone(zone).date() > now.astimezone(zone).date()
