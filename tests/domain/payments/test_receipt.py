"""Fiscal receipts: their lines sum to what is paid, and to what goes back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.payments.receipt import (
    LONGEST_DESCRIPTION,
    MOST_LINES,
    Receipt,
    ReceiptDiffers,
    ReceiptLine,
    ReceiptTerms,
    of_one,
    returned,
)
from domain.shared.errors import InvalidValue
from domain.shared.money import CurrencyMismatch, Money
from tests.builders import PRICE

TERMS = ReceiptTerms(vat_code=1)


def a_line(amount_minor: int = 100, quantity: int = 1, **terms: object) -> ReceiptLine:
    return ReceiptLine(
        description="A month of films",
        quantity=quantity,
        price=Money.of(amount_minor, "RUB"),
        terms=ReceiptTerms(**({"vat_code": 1} | terms)),  # type: ignore[arg-type]
    )


def a_receipt(*lines: ReceiptLine) -> Receipt:
    return Receipt(email="payer@example.org", lines=lines)


def test_a_receipt_of_one_thing_is_described_in_what_fits() -> None:
    receipt = of_one("payer@example.org", "я" * 300, PRICE, TERMS)
    assert receipt.total == PRICE
    assert receipt.lines[0].description == "я" * LONGEST_DESCRIPTION
    assert of_one("payer@example.org", " ", PRICE, TERMS).lines[0].description == "-"


def test_pieces_count_at_their_price() -> None:
    receipt = a_receipt(a_line(100, 3), a_line(1))
    assert receipt.held_against(Money.of(301, "RUB")) is receipt
    for wrong in (Money.of(300, "RUB"), Money.of(301, "USD")):
        with pytest.raises(ReceiptDiffers):
            receipt.held_against(wrong)


@pytest.mark.parametrize(
    "terms",
    [{"vat_code": 0}, {"vat_code": 13}, {"subject": "happiness"}, {"mode": "a_kiss"}],
)
def test_terms_nobody_knows_are_refused(terms: dict[str, object]) -> None:
    with pytest.raises(InvalidValue):
        a_line(**terms)  # type: ignore[arg-type]


@pytest.mark.parametrize("line", [{"quantity": 0}, {"amount_minor": -1}])
def test_a_line_has_a_piece_and_a_price(line: dict[str, int]) -> None:
    with pytest.raises(InvalidValue):
        a_line(**line)  # type: ignore[arg-type]


def test_a_receipt_has_lines_of_one_currency_and_not_too_many() -> None:
    for wrong in ((), [a_line()] * (MOST_LINES + 1)):
        with pytest.raises(InvalidValue):
            a_receipt(*wrong)
    dollars = ReceiptLine(description="x", quantity=1, price=Money.of(1, "USD"), terms=TERMS)
    with pytest.raises(CurrencyMismatch):
        assert a_receipt(a_line(), dollars).total


@given(
    prices=st.lists(st.tuples(st.integers(1, 10_000), st.integers(1, 5)), min_size=1, max_size=9),
    share=st.floats(0, 1),
)
def test_what_goes_back_sums_to_itself_and_no_line_to_more_than_it_was(
    prices: list[tuple[int, int]], share: float
) -> None:
    receipt = a_receipt(*(a_line(price, n, vat_code=i + 1) for i, (price, n) in enumerate(prices)))
    money = Money.of(max(1, int(receipt.total.amount_minor * share)), "RUB")
    back = returned(receipt, money)
    assert (back.total, back.email) == (money, receipt.email)
    was = {line.terms: line.total for line in receipt.lines}
    assert all(line.total <= was[line.terms] for line in back.lines)


def test_a_full_refund_has_the_receipt_of_the_payment() -> None:
    receipt = a_receipt(a_line(100, 3), a_line(1))
    assert returned(receipt, receipt.total) is receipt
