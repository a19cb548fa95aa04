"""Rows of the books read back as the domain's operations."""

from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter
from typing import Any

from domain.ledger.chart import Account
from domain.ledger.posting import Entry, Operation, Posting, References
from domain.shared.facts import Cause
from domain.shared.money import Currency, Money

OPERATIONS = """
SELECT o.*, e.seq, e.amount_minor, e.currency, a.code, a.owner, a.floor_minor
FROM (SELECT * FROM operation AS o {where}) AS o
JOIN entry AS e ON e.operation_id = o.id
JOIN account AS a ON a.id = e.account_id
ORDER BY o.id, e.seq
"""


def operations_where(condition: str) -> str:
    """Return the query for the operations `o` that meet a condition, with their entries."""
    return OPERATIONS.format(where=f"WHERE {condition}")


def operations_from(rows: Iterable[Any]) -> list[Operation]:
    """Group rows, sorted by operation, into operations."""
    return [_operation(list(lines)) for _, lines in groupby(rows, key=itemgetter("id"))]


def _operation(lines: list[Any]) -> Operation:
    row = lines[0]
    posting = Posting(
        key=row["key"],
        kind=row["kind"],
        entries=tuple(_entry(line) for line in lines),
        occurred_at=row["occurred_at"],
        cause=Cause(
            actor=row["actor"],
            reason=row["reason"],
            correlation_id=row["correlation_id"],
            causation_id=row["causation_id"],
        ),
        value_date=row["value_date"],
        references=References(
            attempt_id=row["attempt_id"],
            refund_id=row["refund_id"],
            invoice_id=row["invoice_id"],
        ),
        reverses=row["reverses"],
    )
    return Operation(
        id=row["id"],
        posting=posting,
        posting_date=row["posting_date"],
        recorded_at=row["recorded_at"],
    )


def _entry(line: Any) -> Entry:
    currency = Currency(line["currency"])
    account = Account(
        code=line["code"],
        currency=currency,
        owner=line["owner"],
        floor_minor=line["floor_minor"],
    )
    return Entry(account, Money(line["amount_minor"], currency))
