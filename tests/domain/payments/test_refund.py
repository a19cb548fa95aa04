"""Refunds: never more than came, counting what is on its way; decided is decided."""

from datetime import timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.payments import refund as machine
from domain.payments.refund import RefundExceedsCapture, move, reserve, status_of
from domain.shared.money import CurrencyMismatch, Money
from tests.builders import NOON, PRICE, a_refund

STATES: dict[str, machine.State] = {
    "reserved": machine.Reserved(),
    "sent": machine.Sent(NOON),
    "pending": machine.Pending("r-1"),
    "unknown": machine.Unknown(NOON, "timeout"),
    "succeeded": machine.Succeeded("r-1", NOON),
    "declined": machine.Declined("insufficient_funds", NOON),
}


@given(wishes=st.lists(st.integers(-5, 40_000), max_size=20))
def test_no_row_of_wishes_gives_back_more_than_was_taken(wishes: list[int]) -> None:
    spoken_for = Money.zero(PRICE.currency)
    for wish in wishes:
        money = Money.of(wish, "RUB")
        fits = 0 < wish <= PRICE.amount_minor - spoken_for.amount_minor
        try:
            reserve(a_refund(money), captured=PRICE, spoken_for=spoken_for)
        except RefundExceedsCapture:
            assert not fits
        else:
            assert fits
            spoken_for += money
    assert spoken_for <= PRICE


def test_other_money_than_was_taken_does_not_go_back() -> None:
    nothing = Money.zero(PRICE.currency)
    with pytest.raises(CurrencyMismatch):
        reserve(a_refund(Money.of(1, "USD")), captured=PRICE, spoken_for=nothing)


@pytest.mark.parametrize("after", STATES)
@pytest.mark.parametrize("before", STATES)
def test_what_is_decided_stays_decided(before: str, after: str) -> None:
    refund = a_refund(state=STATES[before])
    ask_at = NOON + timedelta(hours=1)
    moved = move(refund, STATES[after], next_ask_at=ask_at)
    if before in ("succeeded", "declined"):
        assert moved is refund
        assert not refund.is_open
    else:
        assert status_of(moved) == after
        assert (moved.version, moved.next_ask_at) == (refund.version + 1, ask_at)


def test_the_states_are_all_here() -> None:
    assert {type(state) for state in STATES.values()} == set(get_args(machine.State))
