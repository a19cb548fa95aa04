"""Postings: what is entered into the books at once, balanced or not at all."""

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import NewType
from uuid import UUID

from domain.ledger.chart import Account
from domain.ledger.errors import NotReversible, Unbalanced
from domain.shared.errors import InvalidValue
from domain.shared.facts import Cause
from domain.shared.ids import AttemptId, InvoiceId, OperationId, RefundId
from domain.shared.money import Currency, CurrencyMismatch, Money

AccountId = NewType("AccountId", UUID)

MAX_AMOUNT_MINOR = 10**15
MAX_ENTRIES = 1000
_KEY = re.compile(r"[!-~]{1,200}")
_KIND = re.compile(r"[a-z][a-z_]{0,39}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a posting: a debit of the account when positive, a credit when negative.

    It refuses zero, amounts beyond 10^15 minor units, and a currency that is not the account's.
    """

    account: Account
    amount: Money

    def __post_init__(self) -> None:
        if self.amount.currency != self.account.currency:
            raise CurrencyMismatch(self.account.currency, self.amount.currency)
        if not 0 < abs(self.amount.amount_minor) <= MAX_AMOUNT_MINOR:
            raise InvalidValue(f"an entry of {self.amount.amount_minor} cannot be posted")


def debit(account: Account, amount: Money) -> Entry:
    """Return the entry that debits an account by a positive amount."""
    return Entry(account, _positive(amount))


def credit(account: Account, amount: Money) -> Entry:
    """Return the entry that credits an account by a positive amount."""
    return Entry(account, -_positive(amount))


def _positive(amount: Money) -> Money:
    if not amount.is_positive:
        raise InvalidValue(f"debits and credits are positive, not {amount}")
    return amount


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """What a posting speaks of, so that money can be told as a story from either end."""

    attempt_id: AttemptId | None = None
    refund_id: RefundId | None = None
    invoice_id: InvoiceId | None = None


NO_REFERENCES = References()


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """One business fact on the books: two or more entries that sum to zero per currency.

    `key` names the fact (`capture:{attempt_id}`): whoever posts it again, with whatever actor or
    instant, finds the first operation; a key with another kind or other entries is refused.
    `value_date` is the business day the fact belongs to; without it that is the day of
    `occurred_at` in the ledger's zone. The day it is booked on is never a closed one.
    """

    key: str
    kind: str
    entries: tuple[Entry, ...]
    occurred_at: datetime
    cause: Cause
    value_date: date | None = None
    references: References = NO_REFERENCES
    reverses: OperationId | None = None

    def __post_init__(self) -> None:
        if not _KEY.fullmatch(self.key):
            raise InvalidValue(f"{self.key!r} is not a posting key of 1 to 200 visible characters")
        if not _KIND.fullmatch(self.kind):
            raise InvalidValue(f"{self.kind!r} is not a kind of operation")
        if self.occurred_at.tzinfo is not UTC:
            raise InvalidValue("a posting happened at an aware UTC instant")
        _refuse_unstorable(self.cause.actor, self.cause.reason)
        _refuse_imbalance(self.key, self.entries)

    @property
    def money(self) -> tuple[str, tuple[tuple[str, int], ...]]:
        """Return what must agree between two postings under one key, in a comparable form."""
        return self.kind, tuple(
            sorted((str(entry.account.id), entry.amount.amount_minor) for entry in self.entries)
        )


def _refuse_unstorable(*texts: str) -> None:
    for text in texts:
        if "\x00" in text or not (text.isascii() or _encodes(text)):
            raise InvalidValue("the actor and the reason of a posting must be storable text")


def _encodes(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _refuse_imbalance(key: str, entries: tuple[Entry, ...]) -> None:
    if not 2 <= len(entries) <= MAX_ENTRIES:
        raise InvalidValue(f"posting {key} has {len(entries)} entries, not 2 to {MAX_ENTRIES}")
    sums: defaultdict[Currency, int] = defaultdict(int)
    for entry in entries:
        sums[entry.amount.currency] += entry.amount.amount_minor
    for currency, difference_minor in sums.items():
        if difference_minor:
            raise Unbalanced(key, currency, difference_minor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A posting that is on the books; it never changes, it can only be reversed.

    `value_date` of its posting is always set. `posting_date` is the day its money counts on: the
    value date, or the first open day when the value date was closed already.
    """

    id: OperationId
    posting: Posting
    posting_date: date
    recorded_at: datetime

    @property
    def is_late(self) -> bool:
        """Tell whether the fact came after its own day was closed."""
        return self.posting_date != self.posting.value_date


def reversal(operation: Operation, *, occurred_at: datetime, cause: Cause) -> Posting:
    """Return the mirror of an operation; its key lets it happen once.

    It refuses to reverse a reversal.
    """
    if operation.posting.reverses is not None:
        raise NotReversible(operation.id)
    return Posting(
        key=f"rev:{operation.id}",
        kind="reversal",
        entries=tuple(Entry(e.account, -e.amount) for e in operation.posting.entries),
        occurred_at=occurred_at,
        cause=cause,
        references=operation.posting.references,
        reverses=operation.id,
    )
