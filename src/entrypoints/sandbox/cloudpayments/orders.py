"""Payment links, and what their payers do with them."""

import secrets
from typing import Any, Final

import msgspec

from entrypoints.sandbox.cloudpayments import asked, notifications, operations, wire
from entrypoints.sandbox.cloudpayments.answers import ENCODE, Refusal, done
from entrypoints.sandbox.cloudpayments.cards import Card
from entrypoints.sandbox.cloudpayments.terminal import Terminal

PAGE: Final = "/sandbox/cloudpayments/d"
_DECODE: Final = msgspec.json.Decoder(wire.Kept).decode


def create(terminal: Terminal, body: bytes, at_ms: int, base_url: str) -> bytes:
    """Make a link; nobody is written to."""
    wish = asked.read(asked.NewOrder, body)
    if not wish.description:
        raise Refusal("Description is required")
    return done(make(terminal, wish, base_url).order)


def make(terminal: Terminal, wish: asked.NewOrder, base_url: str) -> wire.Kept:
    """Keep an order, open until it is paid or cancelled."""
    minor = asked.to_minor(wish.amount, wish.currency)
    number, own = terminal.store.next_number(), secrets.token_hex(8)
    kept = wire.Kept(
        order=wire.Order(
            id=own,
            number=number,
            amount=asked.from_minor(minor, wish.currency),
            currency=wish.currency,
            email=wish.email,
            description=wish.description or "",
            require_confirmation=wish.require_confirmation,
            url=f"{base_url}{PAGE}/{own}",
        ),
        invoice_id=wish.invoice_id,
        account_id=wish.account_id,
        json_data=asked.to_text(wish.json_data),
        return_url=wish.success_redirect_url,
    )
    terminal.store.run(
        "INSERT INTO ordered (number, id, invoice, status, body) VALUES (?, ?, ?, 'open', ?)",
        number,
        own,
        wish.invoice_id,
        ENCODE(kept),
    )
    return kept


def cancel(terminal: Terminal, body: bytes, at_ms: int) -> bytes:
    """Close a link that nobody has paid."""
    own = asked.read(asked.ById, body).id
    changed = terminal.store.run(
        "UPDATE ordered SET status = 'cancelled' WHERE id = ? AND status = 'open'", own
    )
    if not changed:
        raise Refusal("Not found")
    return done()


def find(terminal: Terminal, own: str) -> tuple[wire.Kept, str]:
    """Load a link with its status; refuse one nobody made."""
    row = terminal.store.one("SELECT body, status FROM ordered WHERE id = ?", own)
    if row is None:
        raise Refusal("Not found")
    return _DECODE(row[0]), row[1]


def question(kept: wire.Kept, card: Card, terminal: Terminal, at_ms: int) -> dict[str, Any]:
    """Return what the shop is asked before the card is."""
    order = kept.order
    preview = wire.Transaction(
        transaction_id=terminal.store.next_number(),
        amount=order.amount,
        currency=order.currency,
        payment_amount=order.amount,
        payment_currency=order.currency,
        created_date="",
        created_date_iso=operations.moment(at_ms),
        test_mode=terminal.behaviour.test,
        status="Authorized" if order.require_confirmation else "Completed",
        status_code=0,
        card_first_six=card.number[:6],
        card_last_four=card.number[-4:],
        **_of(kept),
    )
    return notifications.told(preview)


def begin(terminal: Terminal, own: str, card: Card, at_ms: int) -> wire.Transaction:
    """Send the payer to the bank: the operation waits for 3-D Secure."""
    kept, status = find(terminal, own)
    if status != "open":
        raise Refusal(f"Order is {status}")
    return _begun(terminal, kept, card, at_ms)


def decide(
    terminal: Terminal, own: str, card: Card, at_ms: int, *, code: int
) -> tuple[wire.Transaction, wire.Kept]:
    """End a payment of this link; one that was declined leaves it open for another card."""
    kept, status = find(terminal, own)
    if status != "open":
        raise Refusal(f"Order is {status}")
    transaction = operations.decide(
        terminal,
        _begun(terminal, kept, card, at_ms),
        at_ms,
        code=code,
        held=kept.order.require_confirmation,
        card=card,
    )
    terminal.store.run(
        "UPDATE ordered SET status = ?, operation = NULL WHERE id = ?",
        "open" if transaction.status == "Declined" else "paid",
        own,
    )
    return transaction, kept


def _begun(terminal: Terminal, kept: wire.Kept, card: Card, at_ms: int) -> wire.Transaction:
    """Return the operation that waits for the bank, begun now if there is none."""
    own = kept.order.id
    row = terminal.store.one("SELECT operation FROM ordered WHERE id = ?", own)
    if row and row[0] is not None:
        return operations.get(terminal, row[0])
    transaction = operations.begin(
        terminal,
        at_ms,
        minor=asked.to_minor(kept.order.amount, kept.order.currency),
        currency=kept.order.currency,
        card=card,
        **_of(kept),
    )
    terminal.store.run(
        "UPDATE ordered SET operation = ? WHERE id = ?", transaction.transaction_id, own
    )
    return transaction


def _of(kept: wire.Kept) -> dict[str, Any]:
    return {
        "invoice_id": kept.invoice_id,
        "account_id": kept.account_id,
        "email": kept.order.email,
        "description": kept.order.description,
        "json_data": kept.json_data,
    }
