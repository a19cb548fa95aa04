"""The card schemes' caps hold whatever a plan's dunning says."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.payments.caps import CARD_SCHEME_CAPS, allowed_from
from tests.builders import NOON


@given(minutes=st.lists(st.integers(0, 60 * 24 * 40), max_size=60))
def test_no_history_of_declines_ever_gets_past_a_cap(minutes: list[int]) -> None:
    declines = sorted(NOON - timedelta(minutes=m) for m in minutes)
    at = allowed_from(declines, NOON)
    assert at >= NOON
    for cap in CARD_SCHEME_CAPS:
        assert len([d for d in declines if d > at - cap.window]) < cap.tries
    if at > NOON:
        just_before = at - timedelta(microseconds=1)
        assert any(
            len([d for d in declines if d > just_before - cap.window]) >= cap.tries
            for cap in CARD_SCHEME_CAPS
        )
