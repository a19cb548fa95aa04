"""Postings with sensible values; a test names only what it is about."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from hypothesis import strategies as st

from domain.ledger.chart import CHART, Account, company, wallet
from domain.ledger.posting import Entry, Posting, credit, debit
from domain.shared.facts import Cause
from domain.shared.money import Currency, Money

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
RUB, USD, JPY = Currency("RUB"), Currency("USD"), Currency("JPY")
CASH, REVENUE = company("cash", RUB), company("purchase_revenue", RUB)


def a_cause(**changed: Any) -> Cause:
    return Cause(**{"actor": "job:tests", "reason": "tested", "correlation_id": uuid4()} | changed)


def rub(amount_minor: int) -> Money:
    return Money(amount_minor, RUB)


def a_posting(
    amount_minor: int = 1177,
    *,
    debited: Account = CASH,
    credited: Account = REVENUE,
    **changed: Any,
) -> Posting:
    """Money from one account to another, under a key of its own."""
    money = Money(amount_minor, debited.currency)
    made = {
        "key": f"test:{uuid4()}",
        "kind": "tested",
        "entries": (debit(debited, money), credit(credited, money)),
        "occurred_at": NOON,
        "cause": a_cause(),
    }
    return Posting(**made | changed)


def top_up(owner: UUID, amount_minor: int, *, floor_minor: int | None = None) -> Posting:
    """Money put into a person's wallet."""
    return a_posting(
        amount_minor, debited=CASH, credited=wallet(owner, RUB, floor_minor=floor_minor)
    )


def spend(owner: UUID, amount_minor: int, **changed: Any) -> Posting:
    """Money taken out of a person's wallet."""
    return a_posting(amount_minor, debited=wallet(owner, RUB), credited=REVENUE, **changed)


# Few accounts, so that they meet; two of each kind of owner in each of three currencies.
_OWNERS = [UUID(int=1), UUID(int=2)]
ACCOUNTS = [
    *(company(code, currency) for code in sorted(CHART)[:4] for currency in (RUB, USD, JPY)),
    *(wallet(owner, currency) for owner in _OWNERS for currency in (RUB, USD, JPY)),
]
_AMOUNTS = st.integers(1, 10**12) | st.integers(1, 9)


@st.composite
def balanced_entries(draw: st.DrawFn, accounts: Iterable[Account] = tuple(ACCOUNTS)) -> Any:
    """Entries in one or two currencies; the last of each currency makes its sum zero."""
    by_currency: dict[Currency, list[Account]] = {}
    for account in accounts:
        by_currency.setdefault(account.currency, []).append(account)
    chosen = draw(st.lists(st.sampled_from(list(by_currency)), min_size=1, max_size=2, unique=True))
    entries: list[Entry] = []
    for currency in chosen:
        amounts = draw(
            st.lists(_AMOUNTS.flatmap(lambda n: st.sampled_from([n, -n])), min_size=1, max_size=4)
        )
        total = sum(amounts)
        amounts += [-total] if total else [7, -7]
        for amount in amounts:
            account = draw(st.sampled_from(by_currency[currency]))
            entries.append(Entry(account, Money(amount, currency)))
    return tuple(draw(st.permutations(entries)))
