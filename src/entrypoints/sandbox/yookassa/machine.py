"""The life of a payment: pending -> waiting_for_capture -> succeeded | canceled.

Pure: each verb takes a payment and returns the changed one, or refuses with the error YooKassa
would answer.
"""

from typing import Final

from msgspec.structs import replace

from entrypoints.sandbox.moments import iso, to_datetime
from entrypoints.sandbox.yookassa import wire
from entrypoints.sandbox.yookassa.amounts import from_minor
from entrypoints.sandbox.yookassa.behaviour import Behaviour
from entrypoints.sandbox.yookassa.cards import YOO_MONEY, Declines, find_card, network_of
from entrypoints.sandbox.yookassa.entries import Entry
from entrypoints.sandbox.yookassa.errors import invalid_request

# Of each payment YooKassa keeps its commission; 3.5 % is what test shops show.
_INCOME_PER_MILLE: Final = 965
_WALLET_TITLES: Final = {"yoo_money": "YooMoney wallet", "sberbank": "SberPay", "sbp": "SBP"}


def card_of(number: str, issued_ms: int) -> wire.BankCard:
    """Describe a card as the API does; it is good for four years from `issued_ms`."""
    return wire.BankCard(
        first6=number[:6],
        last4=number[-4:],
        expiry_year=str(to_datetime(issued_ms).year + 4),
        expiry_month="12",
        card_type=network_of(number),
        issuer_country="RU" if number.startswith("22") else "US",
        issuer_name="Kazna Sandbox Bank",
    )


def method_of(entry: Entry, card: str | None, *, saved: bool) -> wire.PaymentMethod:
    """Describe how the payer paid; the method of a first payment has the payment's own id."""
    asked = entry.payment.payment_method
    kind = asked.type if asked else "bank_card"
    if kind != "bank_card" or card is None:
        title = _WALLET_TITLES.get(kind, kind)
        return wire.PaymentMethod(kind, entry.payment.id, saved, title=title)
    return wire.PaymentMethod(
        kind,
        entry.payment.id,
        saved,
        title=f"Bank card *{card[-4:]}",
        card=card_of(card, entry.created_ms),
    )


def authorize(entry: Entry, *, at_ms: int, behaviour: Behaviour) -> Entry:
    """Take the payer's money: succeeded at once, or held until it is captured."""
    entry = _authorized(entry)
    if entry.hidden.capture:
        return settle(entry, entry.amount_minor, at_ms=at_ms)
    method = entry.payment.payment_method
    is_card = method is None or method.type in ("bank_card", "yoo_money")
    seconds = behaviour.capture_seconds if is_card else behaviour.other_capture_seconds
    deadline_ms = at_ms + seconds * 1000
    payment = replace(
        entry.payment,
        status="waiting_for_capture",
        paid=True,
        expires_at=iso(deadline_ms),
        confirmation=None,
    )
    hidden = replace(entry.hidden, at_deadline="cancel")
    return replace(entry, payment=payment, hidden=hidden, deadline_ms=deadline_ms)


def _authorized(entry: Entry) -> Entry:
    """Add the network's answer; a charge of a saved method never goes through 3-D Secure."""
    method = entry.payment.payment_method
    own = method is not None and method.id == entry.payment.id
    card = find_card(entry.hidden.card) if own and entry.hidden.card else None
    details = wire.AuthorizationDetails(
        rrn=f"{entry.number * 7_919 % 10**12:012d}",
        auth_code=f"{entry.number * 104_729 % 10**6:06d}",
        three_d_secure=wire.ThreeDSecure(card is not None and card.three_d_secure),
    )
    return replace(entry, payment=replace(entry.payment, authorization_details=details))


def settle(entry: Entry, minor: int, *, at_ms: int) -> Entry:
    """Move `minor` to the merchant; what was held beyond it returns to the payer."""
    currency = entry.payment.amount.currency
    payment = replace(
        entry.payment,
        status="succeeded",
        paid=True,
        amount=from_minor(minor, currency),
        income_amount=from_minor(minor * _INCOME_PER_MILLE // 1000, currency),
        refunded_amount=from_minor(0, currency),
        refundable=True,
        captured_at=iso(at_ms),
        confirmation=None,
        expires_at=None,
        receipt_registration=_registered(entry, "succeeded"),
    )
    return replace(entry, payment=payment, amount_minor=minor, captured_ms=at_ms, deadline_ms=None)


def cancel(entry: Entry, party: str, reason: str) -> Entry:
    """End the payment without money, or give back what was held."""
    payment = replace(
        entry.payment,
        status="canceled",
        paid=False,
        refundable=False,
        confirmation=None,
        expires_at=None,
        cancellation_details=wire.CancellationDetails(party, reason),
        receipt_registration=_registered(entry, "canceled"),
    )
    return replace(entry, payment=payment, deadline_ms=None)


def decline(entry: Entry, outcome: Declines) -> Entry:
    return cancel(entry, outcome.party, outcome.reason)


def expire(entry: Entry) -> Entry:
    """Cancel a payment whose time to be confirmed or captured has run out."""
    waiting = entry.payment.status == "waiting_for_capture"
    return cancel(entry, YOO_MONEY, "expired_on_capture" if waiting else "expired_on_confirmation")


def capture(entry: Entry, minor: int | None, *, at_ms: int) -> Entry:
    """Capture all or part of a held payment (the merchant's own call)."""
    _refuse_unless_held(entry, "capture")
    if minor is not None and minor > entry.amount_minor:
        raise invalid_request("Capture amount exceeds the payment amount", "amount")
    return settle(entry, entry.amount_minor if minor is None else minor, at_ms=at_ms)


def cancel_held(entry: Entry) -> Entry:
    """Give a held payment back (the merchant's own call)."""
    _refuse_unless_held(entry, "cancel")
    return cancel(entry, "merchant", "canceled_by_merchant")


def _refuse_unless_held(entry: Entry, verb: str) -> None:
    if entry.hidden.capture:
        raise invalid_request(f"You can not {verb} payment with autocapture", "payment_id")
    if entry.payment.status != "waiting_for_capture":
        status = entry.payment.status
        raise invalid_request(f"You can not {verb} payment in status {status}", "payment_id")


def refund(entry: Entry, minor: int) -> Entry:
    """Count `minor` as given back; `held_minor` has been checked to leave room for it."""
    refunded = entry.refunded_minor + minor
    payment = replace(
        entry.payment,
        refunded_amount=from_minor(refunded, entry.payment.amount.currency),
        refundable=refunded < entry.amount_minor,
    )
    return replace(entry, payment=payment, refunded_minor=refunded)


def _registered(entry: Entry, status: str) -> str | None:
    return None if entry.payment.receipt_registration is None else status
