"""Notifications are written in the transaction of their cause and sent by `sender.py`."""

from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from entrypoints.sandbox.cloudpayments import wire
from entrypoints.sandbox.cloudpayments.answers import ENCODE
from entrypoints.sandbox.cloudpayments.terminal import Terminal
from entrypoints.sandbox.roads import departures

_OPERATIONS: Final = {wire.PAYMENT: "Payment", wire.REFUND: "Refund"}
_INSERT: Final = (
    "INSERT INTO notification (number, state, url, kind, body, born_ms, due_ms, due_machine) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)


def of_payment(terminal: Terminal, kind: str, transaction: wire.Transaction, at_ms: int) -> None:
    """Announce what happened to a payment."""
    announce(terminal, kind, told(transaction), at_ms)


def of_refund(terminal: Terminal, transaction: wire.Transaction, at_ms: int) -> None:
    """Announce money that went back; it names the payment it came from."""
    fields = told(transaction)
    fields["PaymentTransactionId"] = transaction.original_transaction_id
    announce(terminal, "refund", fields, at_ms)


def announce(terminal: Terminal, kind: str, fields: dict[str, Any], at_ms: int) -> None:
    """Queue a notification, as far as the configured roads let it through."""
    behaviour = terminal.behaviour
    roads = behaviour.notifications
    if roads.url is None or kind not in roads.kinds:
        return
    for leaving in departures(
        terminal.store, roads, behaviour.seed, at_ms=at_ms, machine_time=terminal.machine_time()
    ):
        terminal.store.run(
            _INSERT,
            leaving.number,
            leaving.state,
            f"{roads.url}/{kind}",
            kind,
            body_of(terminal, fields),
            at_ms,
            leaving.due_ms,
            leaving.due_machine,
        )
    terminal.bell.set()


def told(transaction: wire.Transaction) -> dict[str, Any]:
    """Return what notifications say of a transaction."""
    shown: dict[str, Any] = msgspec.to_builtins(transaction)
    fields = {
        "TransactionId": transaction.transaction_id,
        "Amount": f"{transaction.amount:f}",
        "Currency": transaction.currency,
        "PaymentAmount": f"{transaction.payment_amount:f}",
        "PaymentCurrency": transaction.payment_currency,
        "DateTime": transaction.created_date_iso.replace("T", " "),
        "TestMode": int(transaction.test_mode),
        "Status": transaction.status,
        "OperationType": _OPERATIONS[transaction.type],
        "Data": transaction.json_data,
    }
    for name in (
        "InvoiceId",
        "AccountId",
        "Email",
        "Description",
        "CardFirstSix",
        "CardLastFour",
        "CardType",
        "CardExpDate",
        "Issuer",
        "GatewayName",
        "Token",
    ):
        fields[name] = shown[name]
    if transaction.reason_code:
        fields |= {"Reason": transaction.reason, "ReasonCode": transaction.reason_code}
    return {name: value for name, value in fields.items() if value is not None}


def body_of(terminal: Terminal, fields: dict[str, Any]) -> bytes:
    """Write a notification's body: a form, unless the terminal wants JSON."""
    if terminal.behaviour.notifications.as_json:
        return ENCODE(fields)
    return urlencode(fields).encode()
