"""Plans are checked when they are made; a price never changes under anybody."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.catalog.plan import (
    Dunning,
    MisalignedDunning,
    PlanInactive,
    PriceArchived,
    offer,
    retire,
    succeed,
)
from domain.shared.errors import InvalidValue
from domain.shared.money import Money
from tests.builders import a_plan, a_price

RUB = Money.of(100, "RUB")


@pytest.mark.parametrize(
    ("days", "hours"),
    [
        ((), 72),
        ((1, 2, 3), 72),
        ((0, 2, 1), 72),
        ((0, 0, 1), 24),
        ((0, 1, 2, 3), 71),
        ((0,), 72),
        ((0, 1), 72),
        ((0,), -1),
        ((0, 61), 1464),
    ],
    ids=[
        "nothing is tried",
        "the first day is left out",
        "days fall",
        "a day twice",
        "a retry after grace",
        "three days of grace nobody uses",
        "two days of grace nobody uses",
        "negative grace",
        "grace of two months",
    ],
)
def test_retries_that_do_not_fit_the_grace_are_refused(days: tuple[int, ...], hours: int) -> None:
    with pytest.raises(MisalignedDunning):
        Dunning(days, timedelta(hours=hours))


@given(days=st.sets(st.integers(1, 40), max_size=8), spare=st.integers(0, 24))
def test_retries_that_fill_the_grace_are_taken(days: set[int], spare: int) -> None:
    tried = (0, *sorted(days))
    dunning = Dunning(tried, timedelta(days=tried[-1], hours=spare))
    assert dunning.max_attempts == len(tried)


def test_a_new_price_archives_the_one_before_in_its_currency_only() -> None:
    plan = a_plan()
    rubles, dollars = a_price(plan, RUB), a_price(plan, Money.of(200, "USD"))
    new = a_price(plan, Money.of(150, "RUB"))
    (active,), archived = succeed([rubles, dollars], new)
    assert active is new
    assert [price.id for price in archived] == [rubles.id]
    assert archived[0].money == rubles.money
    assert not archived[0].is_active


def test_only_what_is_on_offer_can_be_bought() -> None:
    plan = a_plan()
    price = a_price(plan, RUB)
    assert offer(plan, price) == price.money
    with pytest.raises(PlanInactive):
        offer(retire(plan), price)
    with pytest.raises(PriceArchived):
        offer(plan, succeed([price], a_price(plan, Money.of(1, "RUB")))[1][0])
    with pytest.raises(PriceArchived):
        offer(a_plan(), price)


@pytest.mark.parametrize("changed", [{"name": " "}, {"name": "x" * 201}, {"trial_days": -1}])
def test_a_plan_that_makes_no_sense_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(InvalidValue):
        a_plan(**changed)
