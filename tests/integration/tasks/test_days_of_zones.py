"""Days of any zone follow one another without a gap, and the books count them as the code does."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import asyncpg
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.shared.calendar import business_day, start_of_day

DAY = timedelta(days=1)


def _changes_its_clocks(name: str) -> bool:
    zone = ZoneInfo(name)
    seen = {datetime(2026, month, 15, tzinfo=zone).utcoffset() for month in range(1, 13)}
    return len(seen) > 1


ZONES = sorted(
    name
    for name in available_timezones()
    if "/" in name and not name.startswith(("Etc/", "posix", "right")) and _changes_its_clocks(name)
)
INSTANTS = st.timedeltas(timedelta(0), timedelta(days=3000)).map(
    lambda since: datetime(2024, 1, 1, tzinfo=UTC) + since
)


def changes(name: str) -> list[datetime]:
    """Return instants around the changes of a zone's clocks in a year."""
    zone = ZoneInfo(name)
    found, at = [], datetime(2026, 1, 1, tzinfo=UTC)
    while at.year == 2026:
        then = at + timedelta(hours=6)
        if at.astimezone(zone).utcoffset() != then.astimezone(zone).utcoffset():
            found += [at + timedelta(minutes=10 * step) for step in range(37)]
        at = then
    return found


@settings(max_examples=300, derandomize=True, deadline=None)
@given(name=st.sampled_from(ZONES), at=INSTANTS, later=st.timedeltas(timedelta(0), 3 * DAY))
def test_no_instant_is_of_two_days_and_none_of_no_day(
    name: str, at: datetime, later: timedelta
) -> None:
    zone = ZoneInfo(name)
    day = business_day(at, zone)
    assert start_of_day(day, zone) <= at < start_of_day(day + DAY, zone)
    assert day <= business_day(at + later, zone)


def test_days_around_a_change_are_as_long_as_the_clocks_say() -> None:
    lengths = set()
    for name in ZONES:
        zone = ZoneInfo(name)
        for at in changes(name):
            day = business_day(at, zone)
            starts, ends = start_of_day(day, zone), start_of_day(day + DAY, zone)
            assert starts <= at < ends
            lengths.add((ends - starts) / timedelta(hours=1))
    assert {23.0, 25.0} <= lengths
    assert all(22 <= length <= 26 for length in lengths)


def test_most_of_the_worlds_zones_are_looked_at() -> None:
    assert len(ZONES) > 100
    assert {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe"} <= set(ZONES)


async def test_the_database_counts_days_as_the_code_does(database_url: str) -> None:
    driver = await asyncpg.connect(database_url)
    try:
        for name in ZONES:
            zone = ZoneInfo(name)
            instants = changes(name)
            rows = await driver.fetch(
                "SELECT (one AT TIME ZONE $2)::date AS day FROM unnest($1::timestamptz[]) "
                "WITH ORDINALITY AS given(one, place) ORDER BY place",
                instants,
                name,
            )
            assert [row["day"] for row in rows] == [business_day(at, zone) for at in instants], name
    finally:
        await driver.close()
