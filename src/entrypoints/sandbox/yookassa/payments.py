"""Operations on payments: create, show, capture, cancel, and the payer's own decision."""

from typing import Final, assert_never
from urllib.parse import urlsplit

from msgspec.structs import replace

from entrypoints.sandbox.moments import iso
from entrypoints.sandbox.yookassa import entries, machine, methods, notifications, wire
from entrypoints.sandbox.yookassa.amounts import from_minor, to_minor
from entrypoints.sandbox.yookassa.call import Answer, Call
from entrypoints.sandbox.yookassa.cards import (
    DEFAULT_CARD,
    Declines,
    Outcome,
    Pays,
    StaysPending,
    find_card,
)
from entrypoints.sandbox.yookassa.entries import Entry, Hidden
from entrypoints.sandbox.yookassa.errors import ApiError, forbidden, invalid_request
from entrypoints.sandbox.yookassa.requests import (
    Capture,
    ConfirmationData,
    CreatePayment,
    check_length,
    check_receipt,
    decoder,
    read,
    read_metadata,
)
from entrypoints.sandbox.yookassa.shop import Shop

_create: Final = decoder(CreatePayment)
_capture: Final = decoder(Capture)
_CONFIRMATIONS: Final = ("redirect", "embedded", "external", "qr", "mobile_application")


def create(shop: Shop, call: Call) -> Answer:
    """Create a payment: by a saved method at once, otherwise for the payer to confirm."""
    asked = read(_create, call.body)
    _check(shop, asked)
    if asked.payment_method_id is not None:
        return _charge_saved(shop, call, asked, asked.payment_method_id)
    return check_out(shop, call, asked)


def _check(shop: Shop, asked: CreatePayment) -> None:
    sources = (asked.payment_token, asked.payment_method_id, asked.payment_method_data)
    if sum(source is not None for source in sources) > 1:
        raise invalid_request("Only one way to pay may be given", "payment_method_data")
    check_length(asked.description, 128, "description")
    check_length(asked.merchant_customer_id, 200, "merchant_customer_id")
    minor = to_minor(asked.amount)
    if asked.receipt is not None:
        check_receipt(asked.receipt, minor, asked.amount.currency)
    elif shop.behaviour.receipts_required:
        raise invalid_request("Receipt is missing or illegal", "receipt")
    if asked.save_payment_method and not shop.behaviour.recurring_allowed:
        raise forbidden("Forbidden to save payment method")


def _new(shop: Shop, call: Call, asked: CreatePayment, hidden: Hidden) -> Entry:
    number = shop.store.next_number()
    minor = to_minor(asked.amount)
    kind = asked.payment_method_data.type if asked.payment_method_data else None
    payment_id = shop.new_id("payment", number, call.at_ms)
    payment = wire.Payment(
        id=payment_id,
        status="pending",
        amount=from_minor(minor, asked.amount.currency),
        description=asked.description or None,
        recipient=wire.Recipient(shop.account.shop_id, shop.account.gateway_id),
        payment_method=wire.PaymentMethod(kind, payment_id, saved=False) if kind else None,
        created_at=iso(call.at_ms),
        test=shop.behaviour.test,
        paid=False,
        refundable=False,
        receipt_registration="pending" if asked.receipt else None,
        metadata=read_metadata(asked.metadata),
        transfers=[{"status": "pending", **each} for each in asked.transfers or ()] or None,
        merchant_customer_id=asked.merchant_customer_id,
    )
    return Entry(
        number=number, payment=payment, hidden=hidden, created_ms=call.at_ms, amount_minor=minor
    )


def _charge_saved(shop: Shop, call: Call, asked: CreatePayment, method_id: str) -> Answer:
    if asked.confirmation is not None:
        raise invalid_request(
            "Confirmation must be null when using payment_method_id", "confirmation"
        )
    if not shop.behaviour.recurring_allowed:
        raise forbidden("Forbidden to use saved payment method")
    method = methods.saved(shop.store, method_id)
    outcome = methods.outcome_of_charge(shop, method, call.key)
    entry = _new(shop, call, asked, Hidden(capture=asked.capture, card=method.card))
    entry = replace(entry, payment=replace(entry.payment, payment_method=method.shown))
    return _store_new(shop, decided(shop, entry, outcome, call.at_ms), call.at_ms)


def check_out(shop: Shop, call: Call, asked: CreatePayment) -> Answer:
    """Create a payment for its payer to confirm, or pay it with the card the merchant sent."""
    card = _card_given(asked)
    hidden = Hidden(
        capture=asked.capture,
        save=asked.save_payment_method,
        card=card,
        return_url=asked.confirmation.return_url if asked.confirmation else None,
    )
    entry = _new(shop, call, asked, hidden)
    if asked.confirmation is not None:
        confirmation = _confirmation(asked.confirmation, entry.payment.id, call.base_url)
        entry = replace(
            entry,
            payment=replace(entry.payment, confirmation=confirmation),
            deadline_ms=call.at_ms + shop.behaviour.confirmation_seconds * 1000,
        )
    elif card is None:
        raise invalid_request("Confirmation is required for this way to pay", "confirmation")
    else:
        entry = paid_with(shop, entry, card, call.at_ms)
    return _store_new(shop, entry, call.at_ms)


def _card_given(asked: CreatePayment) -> str | None:
    """Return the card the merchant sent: its data, or a token `card-<number>` in place of one."""
    if asked.payment_token is not None:
        prefix, _, number = asked.payment_token.partition("-")
        if prefix != "card" or not number:
            raise invalid_request("Payment token is invalid", "payment_token")
        return number
    data = asked.payment_method_data
    return data.card.number if data and data.card else None


def _confirmation(asked: ConfirmationData, payment_id: str, base_url: str) -> wire.Confirmation:
    if asked.type not in _CONFIRMATIONS:
        raise invalid_request("Confirmation type is not supported", "confirmation.type")
    url = f"{base_url}/sandbox/yookassa/confirm/{payment_id}"
    match asked.type:
        case "embedded":
            return wire.Confirmation("embedded", confirmation_token=f"ct-{payment_id}")
        case "external":
            return wire.Confirmation("external")
        case "qr":
            return wire.Confirmation("qr", confirmation_data=url)
        case _:
            return wire.Confirmation(
                asked.type,
                confirmation_url=url,
                return_url=_web_address(asked.return_url),
                enforce=asked.enforce,
            )


def _web_address(url: str | None) -> str:
    try:
        parts = urlsplit(url or "")
    except ValueError:
        parts = urlsplit("")
    if url is None or parts.scheme not in ("http", "https") or not parts.netloc:
        raise invalid_request("Return url is missing or incorrect", "confirmation.return_url")
    check_length(url, 2048, "confirmation.return_url")
    return url


def paid_with(shop: Shop, entry: Entry, number: str, at_ms: int) -> Entry:
    """Let the payer pay with a card: what the card does at the page is done to the payment."""
    card = find_card(number)
    entry = replace(entry, hidden=replace(entry.hidden, card=card.number))
    method = machine.method_of(entry, card.number, saved=False)
    entry = replace(entry, payment=replace(entry.payment, payment_method=method))
    return decided(shop, entry, card.checkout, at_ms)


def decided(shop: Shop, entry: Entry, outcome: Outcome, at_ms: int) -> Entry:
    """Apply an outcome to a pending payment."""
    match outcome:
        case Pays():
            return taken(shop, entry, at_ms)
        case Declines():
            return machine.decline(entry, outcome)
        case StaysPending():
            seconds = shop.behaviour.pending_seconds
            deadline_ms = None if seconds is None else at_ms + int(seconds * 1000)
            hidden = replace(entry.hidden, at_deadline="pay")
            payment = replace(entry.payment, confirmation=None)
            return replace(entry, payment=payment, hidden=hidden, deadline_ms=deadline_ms)
        case _:
            assert_never(outcome)


def taken(shop: Shop, entry: Entry, at_ms: int) -> Entry:
    """Take the money of a pending payment, and save its method when that was asked for."""
    method = entry.payment.payment_method or machine.method_of(entry, None, saved=False)
    if entry.hidden.save and not method.saved:
        method = methods.save(shop.store, entry, method)
    entry = replace(entry, payment=replace(entry.payment, payment_method=method))
    return machine.authorize(entry, at_ms=at_ms, behaviour=shop.behaviour)


def _store_new(shop: Shop, entry: Entry, at_ms: int) -> Answer:
    body = entries.insert(shop.store, entry)
    notifications.payment_changed(shop, entry.payment.status, body, at_ms)
    return Answer(body, entry.number)


def changed(shop: Shop, entry: Entry, at_ms: int) -> Answer:
    """Write a payment that has a new status, and announce it."""
    body = entries.update(shop.store, entry)
    notifications.payment_changed(shop, entry.payment.status, body, at_ms)
    return Answer(body, entry.number)


def show(shop: Shop, call: Call) -> Answer:
    return Answer(entries.shown(shop.store, call.object_id))


def capture(shop: Shop, call: Call) -> Answer:
    """Take the held money, all of it or the part the body names."""
    entry = entries.get(shop.store, call.object_id)
    asked = read(_capture, call.body) if call.body.strip() else Capture()
    minor = None
    if asked.amount is not None:
        if asked.amount.currency != entry.payment.amount.currency:
            raise invalid_request("Currencies do not match", "amount.currency")
        minor = to_minor(asked.amount)
    return changed(shop, machine.capture(entry, minor, at_ms=call.at_ms), call.at_ms)


def cancel(shop: Shop, call: Call) -> Answer:
    """Give the held money back."""
    entry = entries.get(shop.store, call.object_id)
    return changed(shop, machine.cancel_held(entry), call.at_ms)


def confirm(shop: Shop, entry: Entry, at_ms: int, *, card: str | None, reason: str | None) -> Entry:
    """Carry out the payer's decision at the page: pay with a card, or decline for a reason.

    Refused with 409 when the payment no longer waits for its payer.
    """
    if entry.payment.status != "pending" or entry.hidden.at_deadline == "pay":
        raise ApiError(409, "invalid_request", f"Payment is already {entry.payment.status}")
    if reason is not None:
        entry = machine.decline(entry, Declines(reason))
    else:
        entry = paid_with(shop, entry, card or entry.hidden.card or DEFAULT_CARD, at_ms)
    changed(shop, entry, at_ms)
    return entry
