"""Plans are checked when they are made; a price never changes under anybody."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.catalog.plan import (
    Dunning,
    MisalignedDunning,
    Plan,
    PlanInactive,
    Price,
    PriceArchived,
    give,
    migrated,
    offer,
    retire,
    succeed,
)
from domain.shared.errors import InvalidValue
from domain.shared.money import Currency, Money
from tests.builders import NOON, a_plan, a_price

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


@given(days=st.lists(st.integers(-2, 70), max_size=6), hours=st.integers(-30, 1500))
def test_no_retries_get_past_the_check_that_leave_grace_or_leave_it_idle(
    days: list[int], hours: int
) -> None:
    """A naive reading: one try on day 0, later ones later, all in grace, the last near its end."""
    grace = timedelta(hours=hours)
    rises = all(earlier < later for earlier, later in pairwise(days))
    fits = (
        days[:1] == [0]
        and rises
        and days[-1] * 24 <= hours <= days[-1] * 24 + 24
        and 0 <= hours <= 60 * 24
    )
    try:
        Dunning(tuple(days), grace)
    except MisalignedDunning:
        assert not fits
    else:
        assert fits


def test_a_new_price_archives_the_one_before_in_its_currency_only() -> None:
    plan = a_plan()
    rubles, dollars = a_price(plan, RUB), a_price(plan, Money.of(200, "USD"))
    new = a_price(plan, Money.of(150, "RUB"))
    (active,), archived = succeed([rubles, dollars], new)
    assert active is new
    assert [price.id for price in archived] == [rubles.id]
    assert archived[0].money == rubles.money
    assert not archived[0].is_active(NOON)


def test_only_what_is_on_offer_can_be_bought() -> None:
    plan = a_plan()
    price = a_price(plan, RUB)
    assert offer(plan, price, now=NOON) == price.money
    with pytest.raises(PlanInactive):
        offer(retire(plan), price, now=NOON)
    with pytest.raises(PriceArchived):
        offer(plan, succeed([price], a_price(plan, Money.of(1, "RUB")))[1][0], now=NOON)
    with pytest.raises(PriceArchived):
        offer(a_plan(), price, now=NOON)


def test_a_price_in_another_currency_than_wanted_is_refused() -> None:
    plan = a_plan()
    price = a_price(plan, RUB)
    assert offer(plan, price, RUB.currency, now=NOON) == RUB
    with pytest.raises(PriceArchived, match="USD"):
        offer(plan, price, Currency("USD"), now=NOON)


def test_a_new_price_leaves_the_archive_as_it_was() -> None:
    plan = a_plan()
    archived = a_price(plan, RUB, archived_at=NOON)
    assert succeed([archived], a_price(plan, RUB, created_at=NOON + timedelta(days=1)))[1] == []


def test_a_price_below_nothing_is_refused_and_nothing_is_a_price() -> None:
    with pytest.raises(InvalidValue):
        a_price(a_plan(), Money.of(-1, "RUB"))
    assert a_price(a_plan(), Money.of(0, "RUB")).is_active


def test_a_retired_plan_keeps_its_promises_under_a_new_version() -> None:
    plan = a_plan()
    retired = retire(plan)
    assert (retired.is_active, retired.version) == (False, plan.version + 1)
    assert (retired.interval, retired.dunning) == (plan.interval, plan.dunning)


@pytest.mark.parametrize(
    "changed",
    [
        {"name": " "},
        {"name": ""},
        {"name": "x" * 201},
        {"trial_days": -1},
        {"trial_days": 367},
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(InvalidValue):
        a_plan(**changed)


def coming(plan: Plan, amount_minor: int, days: int, **more: Any) -> Price:
    begins = NOON + timedelta(days=days)
    return a_price(plan, Money.of(amount_minor, "RUB"), valid_from=begins, **more)


def in_force(prices: Sequence[Price], days: int) -> list[int]:
    at = NOON + timedelta(days=days)
    return [price.money.amount_minor for price in prices if price.is_active(at)]


def test_a_price_to_come_ends_the_one_before_at_its_moment_and_drops_what_comes_later() -> None:
    plan = a_plan()
    prices: list[Price] = [a_price(plan, Money.of(100, "RUB"))]
    for new in (coming(plan, 300, 30), coming(plan, 200, 10), coming(plan, 400, 40)):
        added, replaced = succeed(prices, new)
        moved = {price.id: price for price in replaced}
        prices = [moved.get(price.id, price) for price in prices] + added
    # The price of day 30 was replaced by that of day 10, and never begins.
    assert [in_force(prices, day) for day in (0, 9, 10, 35, 40)] == [
        [100],
        [100],
        [200],
        [200],
        [400],
    ]


def test_a_period_is_asked_for_at_the_last_price_that_takes_along_and_has_begun() -> None:
    plan = a_plan()
    newer = [coming(plan, 200, 10, migrates=True), coming(plan, 300, 20, migrates=True)]
    asked = [migrated(newer, NOON + timedelta(days=day)) for day in (9, 10, 19, 20)]
    assert asked == [None, newer[0], newer[0], newer[1]]
    assert migrated([], NOON) is None


def test_a_plan_gives_each_feature_once() -> None:
    plan = give(a_plan(), ["hd", "kids", "hd"])
    assert (plan.features, plan.version) == (("hd", "kids"), 2)
    assert give(plan, ["hd", "kids"]) is plan
