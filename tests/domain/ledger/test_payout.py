"""Settling days: nothing is lost between them, and debts are carried."""

from datetime import date
from itertools import accumulate
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ledger.payout import IllegalPayoutMove, PayoutState, Rules, moved, payout_id, settle

ANY = st.integers(-100_000, 100_000)


@given(ANY, ANY, st.integers(1, 5000), st.booleans())
def test_what_was_there_is_paid_or_carried(carry: int, net: int, least: int, on_hold: bool) -> None:
    one = settle(carry, net, Rules(least), on_hold=on_hold)
    assert one.opening_minor + one.net_minor == one.payout_minor + one.closing_minor
    assert one.payout_minor >= 0
    if on_hold or carry + net < least:
        assert one.payout_minor == 0
    else:
        assert (one.payout_minor, one.closing_minor) == (carry + net, 0)


@given(st.lists(st.tuples(ANY, st.booleans()), max_size=30))
def test_over_many_days_payouts_are_the_nets_less_what_is_carried(
    days: list[tuple[int, bool]],
) -> None:
    carry, paid = 0, 0
    for net, on_hold in days:
        one = settle(carry, net, Rules(), on_hold=on_hold)
        carry, paid = one.closing_minor, paid + one.payout_minor
    assert paid + carry == sum(net for net, _ in days)
    assert paid <= max(accumulate((net for net, _ in days), initial=0), default=0) or carry < 0


def test_the_worked_example() -> None:
    second = settle(0, -12, Rules())
    third = settle(second.closing_minor, 0, Rules())
    fourth = settle(third.closing_minor, 35, Rules())
    assert (second.payout_minor, second.closing_minor) == (0, -12)
    assert (fourth.payout_minor, fourth.closing_minor) == (23, 0)


def test_a_payout_has_one_name_and_one_end() -> None:
    person, day = UUID(int=1), date(2026, 3, 1)
    assert payout_id(person, "USD", day) == payout_id(person, "USD", day)
    names = {
        payout_id(person, "USD", day),
        payout_id(person, "RUB", day),
        payout_id(UUID(int=2), "USD", day),
        payout_id(person, "USD", date(2026, 3, 2)),
    }
    assert len(names) == 4
    assert moved(PayoutState.PENDING, PayoutState.SETTLED) is PayoutState.SETTLED
    assert moved(PayoutState.SETTLED, PayoutState.SETTLED) is None
    for one, other in (
        (PayoutState.SETTLED, PayoutState.RETURNED),
        (PayoutState.RETURNED, PayoutState.SETTLED),
        (PayoutState.SETTLED, PayoutState.PENDING),
    ):
        with pytest.raises(IllegalPayoutMove):
            moved(one, other)
