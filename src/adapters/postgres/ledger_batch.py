"""A batch of postings as the arrays that `ledger_post` takes."""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from application.ports import Entropy
from domain.ledger.chart import Account
from domain.ledger.posting import Posting
from domain.shared.ids import OperationId

POST = f"SELECT * FROM ledger_post({', '.join(f'${n}' for n in range(1, 28))})"  # noqa: S608


class KnownAccounts:
    """Accounts that are open for good, so that a process opens each of them at most once.

    One is shared by the ledgers of a pool. An account is known once the database said that it
    was there before: what a transaction opened itself may still be rolled back.
    """

    def __init__(self, *, capacity: int = 500_000) -> None:
        self._ids: set[int] = set()
        self._capacity = capacity

    def missing(self, accounts: Iterable[Account]) -> list[Account]:
        """Return those that may have to be opened."""
        known = self._ids
        return [account for account in accounts if account.id.int not in known]

    def add(self, accounts: Iterable[Account]) -> None:
        """Remember accounts that were there before this transaction; start over when full."""
        self._ids.update(account.id.int for account in accounts)
        if len(self._ids) > self._capacity:
            self._ids.clear()

    def forget(self) -> None:
        """Know nothing: the database turned out to be another one, or restored to the past."""
        self._ids.clear()


class Batch(NamedTuple):
    """Postings of different keys in the order of their keys, the ids they get, the arrays."""

    postings: Sequence[Posting]
    ids: Sequence[OperationId]
    offered: Sequence[Account]
    arrays: Sequence[Sequence[Any]]


def prepare(postings: Sequence[Posting], entropy: Entropy, known: KnownAccounts) -> Batch:
    """Sort by key, number accounts in the order of their ids, and turn rows into columns.

    Every writer sorts the same way, so two batches never wait for each other in a circle. Ids are
    compared as numbers: comparing and hashing UUID objects would be the dearest part of it.
    """
    ordered = sorted(postings, key=attrgetter("key"))
    ids = [OperationId(entropy.new_id()) for _ in ordered]
    accounts = _accounts(ordered)
    number_of = {account.id.int: number for number, account in enumerate(accounts, start=1)}
    offered = known.missing(accounts)
    return Batch(
        ordered,
        ids,
        offered,
        [
            *_account_columns(offered),
            [a.id for a in accounts],
            [a.currency.code for a in accounts],
            ids,
            *_operation_columns(ordered),
            *_entry_columns(ordered, number_of),
        ],
    )


def _accounts(postings: Sequence[Posting]) -> list[Account]:
    used: dict[int, Account] = {}
    for posting in postings:
        for entry in posting.entries:
            account = entry.account
            if used.setdefault(account.id.int, account).floor_minor is None:
                used[account.id.int] = account
    return [account for _, account in sorted(used.items())]


def _account_columns(accounts: Sequence[Account]) -> list[list[Any]]:
    return [
        [a.id for a in accounts],
        [a.code for a in accounts],
        [a.kind.value for a in accounts],
        [a.owner for a in accounts],
        [a.currency.code for a in accounts],
        [a.floor_minor for a in accounts],
    ]


def _operation_columns(postings: Sequence[Posting]) -> list[list[Any]]:
    causes = [p.cause for p in postings]
    references = [p.references for p in postings]
    return [
        [p.key for p in postings],
        [p.kind for p in postings],
        [p.occurred_at for p in postings],
        [p.value_date for p in postings],
        [len(p.entries) for p in postings],
        [c.actor for c in causes],
        [c.reason for c in causes],
        [c.correlation_id for c in causes],
        [c.causation_id for c in causes],
        [r.attempt_id for r in references],
        [r.refund_id for r in references],
        [r.invoice_id for r in references],
        [p.reverses for p in postings],
    ]


def _entry_columns(postings: Sequence[Posting], number_of: dict[int, int]) -> list[list[int]]:
    operations: list[int] = []
    seqs: list[int] = []
    accounts: list[int] = []
    amounts: list[int] = []
    for position, posting in enumerate(postings, start=1):
        for seq, entry in enumerate(posting.entries, start=1):
            operations.append(position)
            seqs.append(seq)
            accounts.append(number_of[entry.account.id.int])
            amounts.append(entry.amount.amount_minor)
    return [operations, seqs, accounts, amounts]
