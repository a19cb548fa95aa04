"""Money never rounds, never mixes currencies and splits without a remainder."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.shared.errors import InvalidValue
from domain.shared.money import Currency, CurrencyMismatch, Money, total

AMOUNTS = st.integers(-(10**15), 10**15)
CURRENCIES = st.sampled_from(["RUB", "USD", "JPY", "KWD"]).map(Currency)


@given(amount=AMOUNTS, currency=CURRENCIES, weights=st.lists(st.integers(0, 10**6), min_size=1))
def test_the_parts_of_a_split_sum_to_the_whole(
    amount: int, currency: Currency, weights: list[int]
) -> None:
    money = Money(amount, currency)
    if sum(weights) == 0:
        with pytest.raises(InvalidValue):
            money.allocate(weights)
        return
    parts = money.allocate(weights)
    assert total(parts, currency) == money
    for part, weight in zip(parts, weights, strict=True):
        exact = amount * weight / sum(weights)
        assert abs(part.amount_minor - exact) < 1 + abs(exact) * 1e-9
        assert part.amount_minor == 0 or (part.amount_minor < 0) == (amount < 0)
        assert weight > 0 or part.is_zero


@given(amount=AMOUNTS, currency=CURRENCIES)
def test_the_text_of_an_amount_reads_back(amount: int, currency: Currency) -> None:
    if abs(amount) < 10**15 * 10**currency.decimals:
        money = Money(amount, currency)
        assert Money.from_decimal(money.decimal_text(), currency) == money


@pytest.mark.parametrize(
    ("code", "text", "minor"),
    [("RUB", "11.77", 1177), ("RUB", "-0.05", -5), ("JPY", "500", 500), ("KWD", "1.005", 1005)],
)
def test_the_currency_decides_the_decimals(code: str, text: str, minor: int) -> None:
    money = Money.from_decimal(text, Currency(code))
    assert money.amount_minor == minor
    assert money.decimal_text() == text


@pytest.mark.parametrize(
    "text",
    [
        "", " 1", "1 ", "1.", ".5", "1E5", "1e-2", "NaN", "Infinity", "+1", "1_000", "1,00",
        "１", "٣", "0x10", "1.005", "9" * 16, "1\n", "--1",
    ],
)  # fmt: skip
def test_what_is_no_plain_amount_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        Money.from_decimal(text, Currency("RUB"))


@pytest.mark.parametrize("code", ["rub", "RU", "RUBL", "", "РУБ", "RU1", "RUB\n"])
def test_what_is_no_currency_code_is_refused(code: str) -> None:
    with pytest.raises(InvalidValue):
        Currency(code)


@given(left=AMOUNTS, right=AMOUNTS)
def test_different_currencies_never_meet(left: int, right: int) -> None:
    rubles, dollars = Money.of(left, "RUB"), Money.of(right, "USD")
    for meet in (
        lambda: rubles + dollars,
        lambda: rubles - dollars,
        lambda: rubles < dollars,
        lambda: rubles >= dollars,
    ):
        with pytest.raises(CurrencyMismatch):
            meet()
    assert rubles != dollars
