"""Proration: what was used and what is left add up to what was paid, to the minor unit."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.shared.calendar import Period
from domain.shared.ids import InvoiceId
from domain.shared.money import Money
from domain.subscriptions.granted import Granted, PaidAhead, cut_off
from domain.subscriptions.proration import CreditTooLarge, prorate, unused

RUB = Money.of(0, "RUB")
DAY = timedelta(days=1)
amounts = st.integers(0, 10**9).map(lambda minor: Money.of(minor, "RUB"))
seconds = st.integers(1, 400 * 86400)


def rubles(amount_minor: int) -> Money:
    return Money.of(amount_minor, "RUB")


@pytest.mark.parametrize(
    ("worth", "left", "whole", "is_left"),
    [
        (100, 1, 2, 50),
        (101, 1, 2, 51),  # half a kopeck goes up
        (100, 1, 3, 33),
        (100, 2, 3, 67),
        (1, 1, 3, 0),
        (100, 0, 3, 0),
        (100, 3, 3, 100),
        (100, 5, 3, 100),
    ],
)
def test_what_is_left_is_rounded_half_up(worth: int, left: int, whole: int, is_left: int) -> None:
    part = unused(rubles(worth), timedelta(seconds=left), timedelta(seconds=whole))
    assert part == rubles(is_left)


@given(amounts, seconds, st.data())
def test_what_was_used_and_what_is_left_add_up(
    worth: Money, whole: int, data: st.DataObject
) -> None:
    left = data.draw(st.integers(0, whole))
    part = unused(worth, timedelta(seconds=left), timedelta(seconds=whole))
    rest = (worth - part).amount_minor
    assert 0 <= part.amount_minor <= worth.amount_minor
    exact = worth.amount_minor * (whole - left) / whole
    assert abs(rest - exact) <= 0.5 + exact * 1e-12


@given(amounts, amounts, seconds)
def test_a_change_costs_the_price_and_never_less_than_nothing(
    credit: Money, price: Money, interval: int
) -> None:
    try:
        done = prorate(credit, price, timedelta(seconds=interval))
    except CreditTooLarge:
        assert credit > price
        return
    assert done.due.amount_minor >= 0
    assert done.worth == max(credit, price)
    assert done.due.is_zero or done.extra == timedelta()
    bought = done.extra.total_seconds() * price.amount_minor / interval
    over = max((credit - price).amount_minor, 0)
    assert abs(bought - over) <= 0.5 * price.amount_minor / interval + over * 1e-12


def test_a_plan_that_costs_nothing_makes_no_time_of_a_credit() -> None:
    with pytest.raises(CreditTooLarge):
        prorate(rubles(1), rubles(0), DAY)
    with pytest.raises(CreditTooLarge):
        prorate(rubles(10**6), rubles(1), 30 * DAY)
    assert prorate(rubles(0), rubles(0), DAY).due.is_zero


def a_period(from_day: int, days: int, worth: int | None) -> Granted:
    start = datetime(2026, 1, 1, tzinfo=UTC) + from_day * DAY
    return Granted(
        period=Period(start, start + days * DAY),
        kind="manual" if worth is None else "renewal",
        invoice_id=None if worth is None else InvoiceId(uuid4()),
        worth=rubles(worth or 0),
    )


def test_a_cut_takes_gifts_whole_and_paid_time_in_part() -> None:
    paid, gift = a_period(0, 30, 3000), a_period(30, 10, None)
    only_the_gift = cut_off([paid, gift], 4 * DAY, RUB)
    assert only_the_gift.trimmed is not None
    assert only_the_gift.trimmed.length == 6 * DAY
    assert not only_the_gift.takes_paid_time

    both = cut_off([paid, gift], 15 * DAY, RUB)
    assert both.removed == (gift,)
    assert both.trimmed is not None
    assert (both.trimmed.length, both.trimmed.worth) == (25 * DAY, rubles(2500))
    assert (both.credit, both.takes_paid_time) == (rubles(500), True)


def test_a_paid_period_never_goes_as_a_whole() -> None:
    paid, ahead = a_period(0, 30, 3000), a_period(30, 30, 3000)
    with pytest.raises(PaidAhead):
        cut_off([paid, ahead], 30 * DAY, RUB)
    assert cut_off([paid, ahead], 30 * DAY - timedelta(seconds=1), RUB).credit == rubles(3000)


@given(st.lists(st.tuples(st.integers(1, 40), st.none() | st.integers(0, 5000)), max_size=5))
def test_a_cut_conserves_time_and_worth(told: list[tuple[int, int | None]]) -> None:
    periods, day = [], 0
    for days, worth in told:
        periods.append(a_period(day, days, worth))
        day += days
    for by in (DAY / 3, 5 * DAY, 33 * DAY):
        before = sum((one.length for one in periods), timedelta())
        try:
            cut = cut_off(periods, by, RUB)
        except PaidAhead:
            continue
        gone = {one.period.start for one in cut.removed}
        kept = [one for one in periods if one.period.start not in gone]
        if cut.trimmed is not None:
            kept[-1] = cut.trimmed
        after = sum((one.length for one in kept), timedelta())
        assert before - after == min(by, before)
        worth = sum(one.worth.amount_minor for one in kept)
        assert worth + cut.credit.amount_minor == sum(one.worth.amount_minor for one in periods)
