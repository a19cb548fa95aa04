"""The card schemes' caps hold whatever a plan's dunning says."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.payments.caps import CARD_SCHEME_CAPS, Cap, allowed_from
from tests.builders import NOON

DAY, HOUR, INSTANT = timedelta(days=1), timedelta(hours=1), timedelta(microseconds=1)


def _within(declines: Sequence[datetime], at: datetime, cap: Cap) -> int:
    return len([decline for decline in declines if at - cap.window < decline])


def test_the_caps_are_the_strictest_of_both_schemes() -> None:
    assert [(cap.window, cap.tries) for cap in CARD_SCHEME_CAPS] == [(DAY, 10), (30 * DAY, 15)]


@pytest.mark.parametrize(
    ("declines", "expected"),
    [
        ([], NOON),
        ([NOON - HOUR] * 9, NOON),
        # The tenth within a day: the first of them has to be a day old.
        ([NOON - 2 * HOUR] * 9 + [NOON - HOUR], NOON + 22 * HOUR),
        ([NOON - DAY] + [NOON - HOUR] * 9, NOON),
        ([NOON - DAY + INSTANT] + [NOON - HOUR] * 9, NOON + INSTANT),
        # The fifteenth within thirty days.
        ([NOON - day * DAY for day in range(2, 16)], NOON),
        ([NOON - day * DAY for day in range(2, 17)], NOON + 14 * DAY),
        ([NOON - 30 * DAY, *(NOON - day * DAY for day in range(2, 16))], NOON),
        # Both: the later one counts.
        ([NOON - 29 * DAY] * 5 + [NOON - HOUR] * 10, NOON + DAY),
        ([NOON - 28 * DAY] * 5 + [NOON - HOUR] * 10, NOON + 2 * DAY),
    ],
)
def test_another_try_waits_until_every_cap_allows_it(
    declines: list[datetime], expected: datetime
) -> None:
    assert allowed_from(declines, NOON) == expected
    assert allowed_from(list(reversed(declines)), NOON) == expected


@given(
    lately=st.lists(st.integers(0, 60 * 30), min_size=5, max_size=25),
    before=st.lists(st.integers(0, 60 * 24 * 40), min_size=5, max_size=25),
)
def test_no_history_of_declines_ever_gets_past_a_cap(lately: list[int], before: list[int]) -> None:
    declines = [NOON - timedelta(minutes=minutes) for minutes in lately + before]
    at = allowed_from(declines, NOON)
    assert at >= NOON
    assert all(_within(declines, at, cap) < cap.tries for cap in CARD_SCHEME_CAPS)
    if at > NOON:
        too_early = at - INSTANT
        assert any(_within(declines, too_early, cap) >= cap.tries for cap in CARD_SCHEME_CAPS)
