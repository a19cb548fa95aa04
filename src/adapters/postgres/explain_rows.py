"""Rows of the tables as the things and facts of a story."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from adapters.postgres.codec import plain
from application.explain.case import Fact, Ref, Thing
from domain.shared.money import Money

Row = Mapping[str, Any]


def _money(row: Row, column: str = "amount_minor") -> str:
    return str(Money.of(row[column], row["currency"]))


def _facts(row: Row, *names: str) -> dict[str, Any]:
    return {name: plain(row[name]) for name in names if row[name] is not None}


def subscription(row: Row) -> Thing:
    """Show a subscription."""
    every = f"{row['interval_count']} {row['interval_unit']}"
    return Thing(
        ref=Ref("subscription", str(row["id"])),
        name="subscription",
        title=f"subscription at {_money(row)} every {every}, {row['status']}",
        facts=_facts(row, "customer_id", "plan_id", "status", "renewal", "period_end", "renew_at"),
    )


def invoice(row: Row) -> Thing:
    """Show an invoice; one for a period comes from its subscription."""
    parent = row["subscription_id"]
    return Thing(
        ref=Ref("invoice", str(row["id"])),
        name=f"invoice {row['number']}",
        title=f"invoice {row['number']} ({row['purpose']}, {_money(row)}), {row['status']}",
        facts=_facts(
            row,
            *("number", "customer_id", "status", "description", "reference"),
            *("amount_minor", "currency", "issued_at", "due_at", "period_start", "period_end"),
        ),
        parents=[Ref("subscription", str(parent))] if parent else [],
    )


_HOW = {"checkout": "checkout", "saved": "saved method"}


def payment(row: Row) -> Thing:
    """Show a charge attempt."""
    how = _HOW.get(row["occasion"], f"{row['occasion']} charge of a number")
    return Thing(
        ref=Ref("payment", str(row["id"])),
        name=f"payment, try {row['number']}",
        title=f"payment, try {row['number']} ({_money(row)}, {how}), {row['status']}",
        facts=_facts(
            row,
            *("customer_id", "provider", "status", "external_id", "amount_minor", "currency"),
            *("method_id", "decline_reason", "captured_minor", "captured_at", "created_at"),
            *("refunded_minor", "asked", "next_ask_at"),
        )
        | {"key": str(row["id"])},
        parents=[Ref("invoice", str(row["invoice_id"]))],
    )


def refund(row: Row) -> Thing:
    """Show a refund."""
    return Thing(
        ref=Ref("refund", str(row["id"])),
        name="refund",
        title=f"refund of {_money(row)} ({row['reason']}), {row['status']}",
        facts=_facts(row, "status", "external_id", "amount_minor", "currency", "requested_by"),
        parents=[Ref("payment", str(row["payment_id"]))],
    )


def operation(row: Row) -> Thing:
    """Show an operation of the ledger."""
    parents = [
        Ref(kind, str(row[column]))
        for kind, column in (
            ("refund", "refund_id"),
            ("payment", "attempt_id"),
            ("operation", "reverses"),
        )
        if row[column]
    ]
    return Thing(
        ref=Ref("operation", str(row["id"])),
        name="ledger",
        title=f"operation {row['kind'].replace('_', ' ')} of {row['posting_date']}",
        facts=_facts(row, "key", "kind", "posting_date", "value_date", "actor", "reason"),
        parents=parents[:1],
    )


def entry(operation_id: UUID, line: Row) -> Thing:
    """Show a line of an operation."""
    side = "debit" if line["amount_minor"] > 0 else "credit"
    amount = Money.of(abs(line["amount_minor"]), line["currency"])
    return Thing(
        ref=Ref("entry", f"{operation_id}/{line['seq']}"),
        name="entry",
        title=f"{side} {line['account']} {amount}",
        facts={name: line[name] for name in ("account", "amount_minor", "currency")},
        parents=[Ref("operation", str(operation_id))],
    )


def period_thing(row: Row) -> Thing:
    """Show a granted period; it is named by its subscription and its beginning."""
    parents = [Ref("subscription", str(row["subscription_id"]))]
    if row["invoice_id"]:
        parents.append(Ref("invoice", str(row["invoice_id"])))
    if row["payment_id"]:
        parents.append(Ref("payment", str(row["payment_id"])))
    start, end = row["period_start"], row["period_end"]
    return Thing(
        ref=Ref("period", f"{row['subscription_id']}/{start:%Y-%m-%d}"),
        name="period",
        title=f"{row['kind']} period {start:%Y-%m-%d} to {end:%Y-%m-%d}",
        facts=_facts(row, "kind", "period_start", "period_end"),
        parents=parents,
    )


def event(kind: str, row: Row) -> Fact:
    """Tell an event."""
    key = row["idempotency_key"]
    if row["name"] == "payment.reserved":
        key = str(row["aggregate_id"])
    return Fact(
        name=row["name"],
        about=Ref(kind, str(row["aggregate_id"])),
        at=row["occurred_at"],
        recorded_at=row["recorded_at"],
        actor=row["actor"],
        reason=row["reason"],
        key=key,
        correlation_id=row["correlation_id"],
        causation_id=row["causation_id"],
        data=row["data"],
    )


def exchange(row: Row) -> Fact:
    """Tell a question to a gateway and its answer; the key is what went over the wire."""
    charged = row["question"] == "charge"
    return Fact(
        name="gateway.asked",
        about=Ref("payment", str(row["payment_id"])),
        at=row["at"],
        recorded_at=row["recorded_at"],
        key=str(row["payment_id"]) if charged else None,
        data=_facts(row, "provider", "question", "answer", "external_id", "raw"),
    )


def period(row: Row) -> Fact:
    """Tell that a period was granted."""
    begins, ends = plain(row["period_start"]), plain(row["period_end"])
    return Fact(
        name="period.granted",
        about=Ref("subscription", str(row["subscription_id"])),
        at=row["period_start"],
        recorded_at=row["granted_at"],
        data={"kind": row["kind"], "period": {"start": begins, "end": ends}},
    )


def posting(row: Row, entries: Sequence[Row]) -> Fact:
    """Tell what was entered into the books."""
    return Fact(
        name="ledger.posted",
        about=Ref("operation", str(row["id"])),
        at=row["occurred_at"],
        recorded_at=row["recorded_at"],
        actor=row["actor"],
        reason=row["reason"],
        key=row["key"],
        correlation_id=row["correlation_id"],
        causation_id=row["causation_id"],
        data={
            "posting_date": plain(row["posting_date"]),
            "entries": [
                {name: line[name] for name in ("account", "amount_minor", "currency")}
                for line in entries
            ],
        },
    )


def waiting(row: Row) -> dict[str, Any]:
    """Show work that is ordered and not done."""
    why = f": {row['error']}" if row["error"] else ""
    return {
        "kind": "message",
        "title": f"message {row['id']} {row['name']} in {row['queue']}, {row['state']}{why}",
        **row,
    }
