"""Charges without a page: of tokens, and of cards whose numbers came as cryptograms."""

from typing import Final

from entrypoints.sandbox.chance import draw, hits
from entrypoints.sandbox.cloudpayments import asked, operations, wire
from entrypoints.sandbox.cloudpayments.answers import Refusal, done, envelope
from entrypoints.sandbox.cloudpayments.cards import find_card
from entrypoints.sandbox.cloudpayments.terminal import Terminal

_UNKNOWN: Final = "Token not found"
# What CloudPayments says of a token whose owner has withdrawn it is not published; this is ours.
_WITHDRAWN: Final = "Token is not active"


def by_token(terminal: Terminal, body: bytes, at_ms: int, key: str, *, held: bool) -> bytes:
    """Charge a saved card for the account it was saved for."""
    wish = asked.read(asked.TokenCharge, body)
    minor = asked.to_minor(wish.amount, wish.currency)
    if not wish.account_id or not wish.token:
        raise Refusal(f"{'Token' if wish.account_id else 'AccountId'} is required")
    if terminal.behaviour.initiator_required and wish.tr_initiator_code is None:
        raise Refusal("TrInitiatorCode is required")
    row = terminal.store.one(
        "SELECT number, card, active, charges FROM token WHERE id = ? AND account = ?",
        wish.token,
        wish.account_id,
    )
    if row is None:
        raise Refusal(_UNKNOWN)
    number, digits, active, charges = row
    if not active:
        raise Refusal(_WITHDRAWN)
    terminal.store.run("UPDATE token SET charges = charges + 1 WHERE number = ?", number)
    card = find_card(digits)
    transaction = operations.begin(
        terminal, at_ms, minor=minor, currency=wish.currency, card=card, **_told(wish)
    )
    if card.asks_for_payer:
        shown = wire.Secure3d(transaction_id=transaction.transaction_id)
        return envelope(success=False, model=shown)
    code = _drawn(terminal, key) or card.charge(charges)
    return _answer(operations.decide(terminal, transaction, at_ms, code=code, held=held, card=card))


def by_card(terminal: Terminal, body: bytes, at_ms: int, *, held: bool) -> bytes:
    """Charge a card whose payer is present; no card of the sandbox asks for 3-D Secure here."""
    wish = asked.read(asked.CardCharge, body)
    minor = asked.to_minor(wish.amount, wish.currency)
    if not wish.card_cryptogram_packet:
        raise Refusal("CardCryptogramPacket is required")
    card = find_card(wish.card_cryptogram_packet)
    transaction = operations.begin(
        terminal,
        at_ms,
        minor=minor,
        currency=wish.currency,
        card=card,
        name=wish.name,
        **_told(wish),
    )
    return _answer(
        operations.decide(terminal, transaction, at_ms, code=card.checkout, held=held, card=card)
    )


def _told(wish: asked.TokenCharge | asked.CardCharge) -> dict[str, str | None]:
    return {
        "invoice_id": wish.invoice_id,
        "account_id": wish.account_id,
        "email": wish.email,
        "description": wish.description,
        "ip_address": wish.ip_address,
        "json_data": asked.to_text(wish.json_data),
    }


def _drawn(terminal: Terminal, key: str) -> int:
    """Draw whether the configuration declines this charge; the same key meets the same fate."""
    behaviour = terminal.behaviour
    if not hits(behaviour.decline_percent, behaviour.seed, "decline", key):
        return 0
    weights = behaviour.decline_reasons
    left = draw(behaviour.seed, "reason", key) * sum(weights.values())
    for code, weight in weights.items():
        left -= weight
        if left < 0:
            return int(code)
    return int(next(iter(weights)))


def _answer(transaction: wire.Transaction) -> bytes:
    if transaction.status == "Declined":
        return envelope(success=False, model=transaction)
    return done(transaction)
