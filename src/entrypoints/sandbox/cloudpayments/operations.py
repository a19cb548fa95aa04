"""Operations of the terminal: how they begin, what ends them, and where they are kept."""

import secrets
from decimal import Decimal
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from entrypoints.sandbox.cloudpayments import notifications, wire
from entrypoints.sandbox.cloudpayments.answers import ENCODE, Refusal
from entrypoints.sandbox.cloudpayments.asked import from_minor
from entrypoints.sandbox.cloudpayments.cards import APPROVED, NAMES, Card, network_of
from entrypoints.sandbox.cloudpayments.terminal import Terminal
from entrypoints.sandbox.moments import to_datetime
from entrypoints.sandbox.yookassa.amounts import DECIMALS

_DECODE: Final = msgspec.json.Decoder(wire.Transaction).decode
_EXPIRES: Final = "12/31"


def begin(
    terminal: Terminal,
    at_ms: int,
    *,
    minor: int,
    currency: str,
    card: Card | None = None,
    **fields: Any,
) -> wire.Transaction:
    """Begin an operation and keep it; it waits for the payer's bank."""
    number = terminal.store.next_number()
    amount = from_minor(minor, currency)
    transaction = wire.Transaction(
        transaction_id=number,
        amount=amount,
        currency=currency,
        payment_amount=amount,
        payment_currency=currency,
        created_date=f"/Date({at_ms})/",
        created_date_iso=moment(at_ms),
        test_mode=terminal.behaviour.test,
        status="AwaitingAuthentication",
        status_code=1,
        **(_shown(card) if card else {}),
        **fields,
    )
    terminal.store.run(
        "INSERT INTO operation "
        "(number, type, status, invoice, original, currency, amount_minor, created_ms, body) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        number,
        transaction.type,
        transaction.status,
        transaction.invoice_id,
        transaction.original_transaction_id,
        currency,
        minor,
        at_ms,
        ENCODE(transaction),
    )
    return transaction


def decide(
    terminal: Terminal,
    transaction: wire.Transaction,
    at_ms: int,
    *,
    code: int,
    held: bool = False,
    card: Card | None = None,
) -> wire.Transaction:
    """End an operation with a reason code, and tell the shop; 0 takes the money, or holds it."""
    told = {"reason_code": code, "reason": NAMES.get(code, "UnableToProcess")}
    if code != APPROVED:
        ended = _in(transaction, "Declined", card_holder_message="Declined by the bank", **told)
        keep(terminal, ended)
        notifications.of_payment(terminal, "fail", ended, at_ms)
        return ended
    now = moment(at_ms)
    ended = _in(
        transaction,
        "Authorized" if held else "Completed",
        auth_date_iso=now,
        confirm_date_iso=None if held else now,
        auth_code="A1B2C3",
        token=_token(terminal, transaction, card) if card else transaction.token,
        card_holder_message="Payment successfully completed",
        **told,
    )
    keep(terminal, ended)
    notifications.of_payment(terminal, "pay", ended, at_ms)
    return ended


def confirm(
    terminal: Terminal, transaction: wire.Transaction, minor: int, at_ms: int
) -> wire.Transaction:
    """Take held money; the rest of a partial confirmation is free again."""
    if transaction.status != "Authorized":
        raise Refusal("Transaction can not be confirmed in its current status")
    if minor > minor_of(transaction):
        raise Refusal("Confirmation amount exceeds the authorized amount")
    amount = from_minor(minor, transaction.currency)
    ended = _in(
        transaction,
        "Completed",
        amount=amount,
        payment_amount=amount,
        confirm_date_iso=moment(at_ms),
    )
    keep(terminal, ended)
    notifications.of_payment(terminal, "confirm", ended, at_ms)
    return ended


def void(terminal: Terminal, transaction: wire.Transaction, at_ms: int) -> None:
    """Let held money go."""
    if transaction.status != "Authorized":
        raise Refusal("Transaction can not be cancelled in its current status")
    ended = _in(transaction, "Cancelled")
    keep(terminal, ended)
    notifications.of_payment(terminal, "cancel", ended, at_ms)


def refund(
    terminal: Terminal, transaction: wire.Transaction, minor: int, at_ms: int
) -> wire.Transaction:
    """Give money back, as an operation of its own under the payment's invoice."""
    if transaction.type != wire.PAYMENT or transaction.status != "Completed":
        raise Refusal("Transaction can not be refunded in its current status")
    row = terminal.store.one(
        "SELECT refunded_minor FROM operation WHERE number = ?", transaction.transaction_id
    )
    refunded = (row[0] if row else 0) + minor
    if refunded > minor_of(transaction):
        raise Refusal("Refund amount exceeds the payment amount")
    terminal.store.run(
        "UPDATE operation SET refunded_minor = ? WHERE number = ?",
        refunded,
        transaction.transaction_id,
    )
    keep(terminal, replace(transaction, refunded=True))
    made = begin(
        terminal,
        at_ms,
        minor=minor,
        currency=transaction.currency,
        type=wire.REFUND,
        original_transaction_id=transaction.transaction_id,
        invoice_id=transaction.invoice_id,
        account_id=transaction.account_id,
        card_first_six=transaction.card_first_six,
        card_last_four=transaction.card_last_four,
        card_type=transaction.card_type,
    )
    now = moment(at_ms)
    made = _in(made, "Completed", auth_date_iso=now, confirm_date_iso=now)
    keep(terminal, made)
    notifications.of_refund(terminal, made, at_ms)
    return made


def get(terminal: Terminal, number: int | None) -> wire.Transaction:
    """Load an operation; refuse a number nobody has."""
    if number is None:
        raise Refusal("TransactionId is required")
    row = terminal.store.one("SELECT body FROM operation WHERE number = ?", number)
    if row is None:
        raise Refusal("Not found")
    return decode(row[0])


def decode(body: bytes) -> wire.Transaction:
    """Read an operation as it is kept."""
    return _DECODE(body)


def keep(terminal: Terminal, transaction: wire.Transaction) -> None:
    """Write an operation as it stands now."""
    terminal.store.run(
        "UPDATE operation SET status = ?, amount_minor = ?, body = ? WHERE number = ?",
        transaction.status,
        minor_of(transaction),
        ENCODE(transaction),
        transaction.transaction_id,
    )


def minor_of(transaction: wire.Transaction) -> int:
    """Return an operation's amount in minor units."""
    return int(Decimal(transaction.amount).scaleb(DECIMALS[transaction.currency]))


def moment(at_ms: int) -> str:
    """Write an instant: `2014-08-09T11:49:41`."""
    return to_datetime(at_ms).strftime("%Y-%m-%dT%H:%M:%S")


def _in(transaction: wire.Transaction, status: str, **fields: Any) -> wire.Transaction:
    return replace(transaction, status=status, status_code=wire.STATUS_CODES[status], **fields)


def _shown(card: Card) -> dict[str, Any]:
    name, code = network_of(card.number)
    return {
        "card_first_six": card.number[:6],
        "card_last_four": card.number[-4:],
        "card_exp_date": _EXPIRES,
        "card_type": name,
        "card_type_code": code,
        "issuer": "Sandbox Bank",
        "issuer_bank_country": "RU",
    }


def _token(terminal: Terminal, transaction: wire.Transaction, card: Card) -> str | None:
    """Return the token of an account's card, made on its first payment."""
    if transaction.account_id is None:
        return None
    known = terminal.store.one(
        "SELECT id FROM token WHERE account = ? AND card = ?", transaction.account_id, card.number
    )
    if known:
        return str(known[0])
    made = f"tk_{secrets.token_hex(15)}"
    terminal.store.run(
        "INSERT INTO token (number, id, account, card) VALUES (?, ?, ?, ?)",
        terminal.store.next_number(),
        made,
        transaction.account_id,
        card.number,
    )
    return made
