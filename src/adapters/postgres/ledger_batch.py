"""A batch of postings as the arrays that `ledger_post` takes."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from application.ports import Entropy
from domain.ledger.chart import Account
from domain.ledger.posting import Posting
from domain.shared.ids import OperationId

POST = f"SELECT * FROM ledger_post({', '.join(f'${n}' for n in range(1, 25))})"  # noqa: S608


class Batch(NamedTuple):
    """Postings of different keys in the order of their keys, the ids they get, the arrays."""

    postings: Sequence[Posting]
    ids: Sequence[OperationId]
    arrays: Sequence[Sequence[Any]]


def prepare(postings: Sequence[Posting], entropy: Entropy) -> Batch:
    """Sort by key, number accounts in the order of their ids, and turn rows into columns.

    Every writer sorts the same way, so two batches never wait for each other in a circle.
    """
    ordered = sorted(postings, key=attrgetter("key"))
    ids = [OperationId(entropy.new_id()) for _ in ordered]
    accounts = _accounts(ordered)
    number_of = {account.id: number for number, account in enumerate(accounts, start=1)}
    return Batch(
        ordered,
        ids,
        [
            *_account_columns(accounts),
            ids,
            *_operation_columns(ordered),
            *_entry_columns(ordered, number_of),
        ],
    )


def _accounts(postings: Sequence[Posting]) -> list[Account]:
    used: dict[Any, Account] = {}
    for posting in postings:
        for entry in posting.entries:
            account = entry.account
            if used.setdefault(account.id, account).floor_minor is None:
                used[account.id] = account
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


def _entry_columns(postings: Sequence[Posting], number_of: dict[Any, int]) -> list[list[int]]:
    operations: list[int] = []
    seqs: list[int] = []
    accounts: list[int] = []
    amounts: list[int] = []
    for position, posting in enumerate(postings, start=1):
        for seq, entry in enumerate(posting.entries, start=1):
            operations.append(position)
            seqs.append(seq)
            accounts.append(number_of[entry.account.id])
            amounts.append(entry.amount.amount_minor)
    return [operations, seqs, accounts, amounts]
