"""A posting is balanced, storable and whole, or it does not exist; its mirror undoes it."""

from collections import Counter
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ledger.charges import charge_captured, refund_succeeded
from domain.ledger.chart import CHART, Account, AccountKind, company, gateway_clearing, wallet
from domain.ledger.errors import NotReversible, Unbalanced
from domain.ledger.posting import (
    MAX_AMOUNT_MINOR,
    MAX_ENTRIES,
    Entry,
    Operation,
    Posting,
    credit,
    debit,
    reversal,
)
from domain.shared.errors import InvalidValue
from domain.shared.ids import AttemptId, OperationId, RefundId
from domain.shared.money import CurrencyMismatch, Money
from tests.postings import (
    CASH,
    JPY,
    NOON,
    REVENUE,
    RUB,
    USD,
    a_cause,
    a_posting,
    balanced_entries,
    rub,
)


def _operation(posting: Posting) -> Operation:
    return Operation(
        id=OperationId(uuid4()),
        posting=replace(posting, value_date=NOON.date()),
        posting_date=NOON.date(),
        recorded_at=NOON,
    )


def _sums(posting: Posting) -> Counter[str]:
    sums: Counter[str] = Counter()
    for entry in posting.entries:
        sums[str(entry.account)] += entry.amount.amount_minor
    return sums


@given(entries=balanced_entries())
def test_balanced_entries_are_posted(entries: tuple[Entry, ...]) -> None:
    posting = a_posting(entries=entries)

    for currency in (RUB, USD, JPY):
        assert sum(e.amount.amount_minor for e in entries if e.amount.currency == currency) == 0
    assert posting.entries == entries


@given(entries=balanced_entries(), at=st.integers(0, 20), by=st.integers(1, 10**6))
def test_entries_off_by_anything_are_refused(entries: tuple[Entry, ...], at: int, by: int) -> None:
    at %= len(entries)
    amount = entries[at].amount
    off = Money(amount.amount_minor + by or 2 * by, amount.currency)
    wrong = (*entries[:at], Entry(entries[at].account, off), *entries[at + 1 :])

    with pytest.raises(Unbalanced) as refused:
        a_posting(entries=wrong)

    assert refused.value.currency == amount.currency
    assert refused.value.difference_minor == off.amount_minor - amount.amount_minor


def test_sums_of_two_currencies_do_not_balance_each_other() -> None:
    entries = (debit(CASH, rub(100)), credit(company("cash", USD), Money(100, USD)))

    with pytest.raises(Unbalanced):
        a_posting(entries=entries)


@given(entries=balanced_entries())
def test_a_reversal_undoes_every_account(entries: tuple[Entry, ...]) -> None:
    operation = _operation(a_posting(entries=entries))

    mirror = reversal(operation, occurred_at=NOON, cause=a_cause())

    undone = _sums(operation.posting)
    undone.update(_sums(mirror))
    assert not any(undone.values())
    assert mirror.reverses == operation.id
    assert mirror.key == f"rev:{operation.id}"


def test_a_reversal_is_not_reversed() -> None:
    mirror = reversal(_operation(a_posting()), occurred_at=NOON, cause=a_cause())

    with pytest.raises(NotReversible):
        reversal(_operation(mirror), occurred_at=NOON, cause=a_cause())


@given(entries=balanced_entries())
def test_the_order_of_entries_is_not_the_money(entries: tuple[Entry, ...]) -> None:
    posting = a_posting(entries=entries)

    assert a_posting(entries=entries[::-1]).money == posting.money
    assert a_posting(entries=entries, kind="other").money != posting.money


def test_other_money_under_a_key_is_told_apart() -> None:
    kept = a_posting(100)

    assert a_posting(101).money != kept.money
    assert a_posting(100, debited=REVENUE, credited=CASH).money != kept.money
    assert a_posting(100, debited=company("refunds", RUB)).money != kept.money
    assert a_posting(100, cause=a_cause(reason="told by another door")).money == kept.money


@pytest.mark.parametrize("count", [0, 1, MAX_ENTRIES + 1])
def test_too_few_and_too_many_entries_are_refused(count: int) -> None:
    entries = [debit(CASH, rub(1))] * (count // 2) + [credit(REVENUE, rub(1))] * (count // 2)
    entries += [debit(CASH, rub(1))] * (count % 2)

    with pytest.raises(InvalidValue):
        a_posting(entries=tuple(entries))


@pytest.mark.parametrize("amount_minor", [0, MAX_AMOUNT_MINOR + 1, -MAX_AMOUNT_MINOR - 1, 10**23])
def test_an_amount_that_cannot_be_booked_is_refused(amount_minor: int) -> None:
    with pytest.raises(InvalidValue):
        Entry(CASH, rub(amount_minor))


@pytest.mark.parametrize("amount_minor", [0, -1])
def test_a_debit_and_a_credit_are_positive(amount_minor: int) -> None:
    with pytest.raises(InvalidValue):
        debit(CASH, rub(amount_minor))
    with pytest.raises(InvalidValue):
        credit(CASH, rub(amount_minor))


def test_an_entry_is_in_the_currency_of_its_account() -> None:
    with pytest.raises(CurrencyMismatch):
        debit(CASH, Money(1, USD))


@pytest.mark.parametrize(
    "changed",
    [
        {"key": ""},
        {"key": "two words"},
        {"key": "x" * 201},
        {"key": "ключ"},
        {"key": "nul\x00"},
        {"key": "line\n"},
        {"kind": "Captured"},
        {"kind": ""},
        {"occurred_at": datetime(2026, 1, 31)},  # noqa: DTZ001 - a naive instant is the point
        {"cause": a_cause(actor="nul\x00")},
        {"cause": a_cause(reason="half a \ud83d")},
    ],
)
def test_what_the_database_could_not_keep_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue):
        a_posting(**changed)


def test_reasons_may_be_written_in_any_language() -> None:
    assert a_posting(cause=a_cause(reason="возврат 💸")).cause.reason == "возврат 💸"


def test_an_operation_booked_after_its_own_day_is_late() -> None:
    on_time = _operation(a_posting())

    assert not on_time.is_late
    assert replace(on_time, posting_date=date(2026, 2, 1)).is_late


def test_accounts_are_known_by_what_they_are_called() -> None:
    owner = uuid4()

    assert wallet(owner, RUB).id == wallet(owner, RUB, floor_minor=0).id
    assert wallet(owner, RUB) == wallet(owner, RUB, floor_minor=0)
    different = {
        wallet(owner, RUB), wallet(owner, USD), wallet(uuid4(), RUB), CASH, REVENUE,
        gateway_clearing("yookassa", RUB), gateway_clearing("stripe", RUB),
    }  # fmt: skip
    assert len({account.id for account in different}) == 7


def test_the_id_of_an_account_never_changes() -> None:
    # Ids are in the books: a change of how they are made would tear accounts apart.
    assert str(gateway_clearing("yookassa", RUB).id) == "7fba74bb-515a-5ce8-90a1-2e3ba816287a"


@pytest.mark.parametrize("code", ["", "Cash", "unheard_of", "cash:", "cash:a:b", "cash ", "cash\n"])
def test_an_account_outside_the_chart_is_refused(code: str) -> None:
    with pytest.raises(InvalidValue):
        company(code, RUB)


def test_only_personal_accounts_have_a_floor() -> None:
    with pytest.raises(InvalidValue):
        Account(code="cash", currency=RUB, floor_minor=0)


def test_every_head_of_the_chart_has_a_normal_side() -> None:
    debit_side = {"cash", "gateway_clearing", "disputes", "refunds", "provider_fees"}
    credit_side = {"wallet", "subscription_revenue", "purchase_revenue", "suspense"}

    assert all(CHART[head].normal_sign == 1 for head in debit_side)
    assert all(CHART[head].normal_sign == -1 for head in credit_side)
    assert {kind.normal_sign for kind in AccountKind} == {1, -1}


def test_a_capture_and_its_refund_leave_nothing_at_the_gateway() -> None:
    attempt, refund = AttemptId(uuid4()), RefundId(uuid4())
    paid = charge_captured(
        attempt, gateway="yookassa", amount=rub(49900), revenue="subscription_revenue",
        occurred_at=NOON, cause=a_cause(),
    )  # fmt: skip
    returned = refund_succeeded(
        refund, attempt_id=attempt, gateway="yookassa", amount=rub(49900), occurred_at=NOON,
        cause=a_cause(),
    )  # fmt: skip

    books = _sums(paid)
    books.update(_sums(returned))

    assert books[str(gateway_clearing("yookassa", RUB))] == 0
    assert books[str(company("subscription_revenue", RUB))] == -49900
    assert books[str(company("refunds", RUB))] == 49900
    assert paid.key == f"capture:{attempt}"
    assert returned.key == f"refund:{refund}"
    assert returned.references.attempt_id == attempt
    assert returned.references.refund_id == refund
