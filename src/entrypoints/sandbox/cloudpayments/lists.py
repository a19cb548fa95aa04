"""Looking operations up, one by one and by their time."""

from typing import Final

from entrypoints.sandbox.cloudpayments import asked, operations, wire
from entrypoints.sandbox.cloudpayments.answers import Refusal, done
from entrypoints.sandbox.cloudpayments.terminal import Terminal
from entrypoints.sandbox.moments import DAY_MS

_OF_PAYMENTS: Final = " AND type = 0"


def show(terminal: Terminal, body: bytes) -> bytes:
    """Show an operation by its number."""
    return done(operations.get(terminal, asked.read(asked.Named, body).transaction_id))


def find(terminal: Terminal, body: bytes, *, payments_only: bool) -> bytes:
    """Show the latest operation of an invoice; the newer method looks at refunds too."""
    invoice = asked.read(asked.ByInvoice, body).invoice_id
    if not invoice:
        raise Refusal("InvoiceId is required")
    row = terminal.store.one(
        "SELECT body FROM operation WHERE invoice = ?"  # noqa: S608
        f"{_OF_PAYMENTS if payments_only else ''} ORDER BY number DESC LIMIT 1",
        invoice,
    )
    if row is None:
        raise Refusal("Not found")
    return done(operations.decode(row[0]))


def of_day(terminal: Terminal, body: bytes) -> bytes:
    """List a day, in UTC whatever zone is asked for."""
    since_ms = asked.to_ms(asked.read(asked.OfDay, body).date, "Date")
    rows = terminal.store.all(
        "SELECT body FROM operation WHERE created_ms >= ? AND created_ms < ? "
        "ORDER BY created_ms, number",
        since_ms,
        since_ms + DAY_MS,
    )
    return done([operations.decode(row[0]) for row in rows])


def between(terminal: Terminal, body: bytes) -> bytes:
    """List a page of a period, oldest first; a page past the last one is empty.

    The order of rows and the size of a page are not published; these are ours.
    """
    wish = asked.read(asked.Between, body)
    since_ms = asked.to_ms(wish.created_date_gte, "CreatedDateGte")
    # A bound in whole seconds includes all of its last second.
    until_ms = asked.to_ms(wish.created_date_lte, "CreatedDateLte") + 999
    statuses = wish.statuses or list(wire.STATUS_CODES)
    marks = ", ".join("?" * len(statuses))
    size = terminal.behaviour.page_size
    rows = terminal.store.all(
        "SELECT body FROM operation WHERE created_ms BETWEEN ? AND ? "  # noqa: S608
        f"AND status IN ({marks}) ORDER BY created_ms, number LIMIT ? OFFSET ?",
        since_ms,
        until_ms,
        *statuses,
        size,
        (wish.page_number - 1) * size,
    )
    return done([operations.decode(row[0]) for row in rows])


def tokens(terminal: Terminal) -> bytes:
    """List what cards are saved."""
    rows = terminal.store.all("SELECT id, account, card FROM token WHERE active ORDER BY number")
    return done(
        [
            wire.KeptToken(
                token=token,
                account_id=account,
                card_mask=f"{card[:4]} {card[4:6]}****** {card[-4:]}",
                expiration_date_month=12,
                expiration_date_year=2031,
            )
            for token, account, card in rows
        ]
    )
