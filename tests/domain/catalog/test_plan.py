"""Plans are checked when they are made; a price never changes under anybody."""

from datetime import timedelta
from uuid import uuid4

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
    offer,
    retire,
    succeed,
)
from domain.payments.caps import CARD_SCHEME_CAPS, allowed_from
from domain.shared.calendar import Interval, Unit
from domain.shared.errors import InvalidValue
from domain.shared.ids import PlanId, PriceId
from domain.shared.money import Money
from tests.domain.makers import NOON


def _plan(**changed: object) -> Plan:
    given = {
        "id": PlanId(uuid4()),
        "name": "Cinema",
        "description": "",
        "interval": Interval(1, Unit.MONTH),
        "is_recurring": True,
        "trial_days": 0,
        "dunning": Dunning(),
        "features": (),
        "is_active": True,
        "created_at": NOON,
    }
    return Plan(**(given | changed))  # type: ignore[arg-type]


def _price(plan: Plan, minor: int, currency: str = "RUB") -> Price:
    return Price(
        id=PriceId(uuid4()),
        plan_id=plan.id,
        money=Money.of(minor, currency),
        set_by="manager:1",
        created_at=NOON,
    )


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
    plan = _plan()
    rubles, dollars = _price(plan, 100), _price(plan, 200, "USD")
    new = _price(plan, 150)
    (active,), archived = succeed([rubles, dollars], new)
    assert active is new
    assert [price.id for price in archived] == [rubles.id]
    assert archived[0].money == rubles.money
    assert not archived[0].is_active


def test_only_what_is_on_offer_can_be_bought() -> None:
    plan = _plan()
    price = _price(plan, 100)
    assert offer(plan, price) == price.money
    with pytest.raises(PlanInactive):
        offer(retire(plan), price)
    with pytest.raises(PriceArchived):
        offer(plan, succeed([price], _price(plan, 1))[1][0])
    with pytest.raises(PriceArchived):
        offer(_plan(), price)


@pytest.mark.parametrize("changed", [{"name": " "}, {"name": "x" * 201}, {"trial_days": -1}])
def test_a_plan_that_makes_no_sense_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(InvalidValue):
        _plan(**changed)


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
