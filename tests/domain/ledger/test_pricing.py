"""Prices of tasks: within their ends, even, the task's own, and not to be guessed."""

from collections import Counter
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ledger.pricing import FEE, REWARD, prices_of
from domain.shared.errors import InvalidValue
from domain.shared.money import Currency, Money

KEY = b"a key of sixteen bytes, or more"
USD, JPY = Currency("USD"), Currency("JPY")
IDS = [UUID(int=number) for number in range(22_000)]


@given(st.uuids())
def test_prices_are_within_their_ends_and_always_the_same(task_id: UUID) -> None:
    prices = prices_of(task_id, KEY, USD)
    assert prices == prices_of(task_id, KEY, USD)
    for money, (low, high) in ((prices.fee, FEE), (prices.reward, REWARD)):
        assert 100 * low <= money.amount_minor <= 100 * high
        assert money.amount_minor % 100 == 0


def test_every_price_comes_up_as_often_as_another() -> None:
    drawn = [prices_of(task_id, KEY, USD) for task_id in IDS]
    for prices, (low, high) in (
        ([one.fee for one in drawn], FEE),
        ([one.reward for one in drawn], REWARD),
    ):
        seen = Counter(one.amount_minor // 100 for one in prices)
        assert set(seen) == set(range(low, high + 1)), "both ends are attained"
        expected = len(IDS) / (high - low + 1)
        chi_squared = sum((many - expected) ** 2 / expected for many in seen.values())
        assert chi_squared < 60, "far beyond chance for 20 degrees of freedom"


def test_another_key_draws_other_prices_and_the_two_do_not_go_together() -> None:
    ours = [prices_of(task_id, KEY, USD) for task_id in IDS[:500]]
    theirs = [prices_of(task_id, KEY[::-1], USD) for task_id in IDS[:500]]
    assert sum(one == other for one, other in zip(ours, theirs, strict=True)) < 20
    cheap = [one.reward.amount_minor for one in ours if one.fee.amount_minor == 1000]
    assert len(set(cheap)) > 5


def test_units_are_the_currencys() -> None:
    prices = prices_of(IDS[1], KEY, JPY)
    assert prices.fee == Money(prices_of(IDS[1], KEY, USD).fee.amount_minor // 100, JPY)
    with pytest.raises(InvalidValue):
        prices_of(IDS[1], b"short", USD)
