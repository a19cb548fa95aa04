"""Money never rounds, never mixes currencies and splits without a remainder."""

from decimal import Decimal

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
        "１", "٣", "0x10", "1.005", "9" * 16, "1\n", "--1", "1" * 5000,
        "-", "١.٥", "1.5.0", "0.0000", "\ud800", "1\x00",
    ],
)  # fmt: skip
def test_what_is_no_plain_amount_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        Money.from_decimal(text, Currency("RUB"))


@pytest.mark.parametrize("amount", [1.0, 0.1, True, "1", None])
def test_money_counts_whole_units_or_is_refused(amount: object) -> None:
    with pytest.raises(InvalidValue):
        Money(amount, Currency("RUB"))  # type: ignore[arg-type]


@pytest.mark.parametrize("code", ["CLF", "UYW", "XAU", "XDR", "XTS", "XXX"])
def test_units_without_two_three_or_no_decimals_are_refused(code: str) -> None:
    with pytest.raises(InvalidValue):
        Currency(code)


@pytest.mark.parametrize(
    ("code", "decimals"),
    [
        ("RUB", 2),
        ("USD", 2),
        ("JPY", 0),
        ("KRW", 0),
        ("ISK", 0),
        ("KWD", 3),
        ("BHD", 3),
        ("TND", 3),
    ],
)
def test_a_currency_knows_its_decimals(code: str, decimals: int) -> None:
    assert Currency(code).decimals == decimals
    one = Money.from_decimal("1", Currency(code))
    assert one.amount_minor == 10**decimals
    assert one.decimal_text() == "1" + ("." + "0" * decimals if decimals else "")


@given(amount=AMOUNTS, currency=CURRENCIES)
def test_the_text_has_exactly_the_currencys_decimals(amount: int, currency: Currency) -> None:
    text = Money(amount, currency).decimal_text()
    whole, _, part = text.partition(".")
    assert len(part) == currency.decimals
    assert int(whole.lstrip("-") + part) == abs(amount)
    assert text.startswith("-") == (amount < 0)


@given(text=st.text(max_size=30))
def test_whatever_the_text_an_amount_comes_out_whole_or_not_at_all(text: str) -> None:
    for code in ("RUB", "JPY", "KWD"):
        try:
            money = Money.from_decimal(text, Currency(code))
        except InvalidValue:
            continue
        assert text.isascii()
        assert Decimal(money.decimal_text()) == Decimal(text)


@given(a=AMOUNTS, b=AMOUNTS, c=AMOUNTS, currency=CURRENCIES)
def test_sums_and_order_are_those_of_whole_numbers(
    a: int, b: int, c: int, currency: Currency
) -> None:
    left, right = Money(a, currency), Money(b, currency)
    assert (left + right).amount_minor == a + b
    assert left - right == -(right - left)
    assert (left < right, left <= right, left > right, left >= right) == (
        a < b, a <= b, a > b, a >= b,
    )  # fmt: skip
    assert total([left, right, Money(c, currency)], currency).amount_minor == a + b + c
    assert (left.is_zero, left.is_positive) == (a == 0, a > 0)


@pytest.mark.parametrize(
    ("amount", "weights", "parts"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (-100, [1, 1, 1], [-34, -33, -33]),
        (100, [1, 2, 3], [17, 33, 50]),
        (5, [0, 1, 0, 1], [0, 3, 0, 2]),
        (2, [1, 1, 1, 1], [1, 1, 0, 0]),
        (0, [3, 4], [0, 0]),
        (10**15, [10**12, 1], [999999999999000, 1000]),
    ],
)
def test_what_does_not_divide_goes_to_the_largest_remainders(
    amount: int, weights: list[int], parts: list[int]
) -> None:
    split = Money.of(amount, "RUB").allocate(weights)
    assert [part.amount_minor for part in split] == parts


@pytest.mark.parametrize("weights", [[], [0], [0, 0], [1, -1], [-1, 3]])
def test_a_split_by_nothing_or_by_less_is_refused(weights: list[int]) -> None:
    with pytest.raises(InvalidValue):
        Money.of(100, "RUB").allocate(weights)


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
