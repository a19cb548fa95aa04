"""Checkout sessions: a page where a payer pays, and what follows from what they do there."""

from typing import Final
from urllib.parse import urlsplit

import msgspec

from entrypoints.sandbox.moments import to_datetime
from entrypoints.sandbox.stripe import amounts, events, objects, payments
from entrypoints.sandbox.stripe.call import Call
from entrypoints.sandbox.stripe.cards import Card, find_card
from entrypoints.sandbox.stripe.errors import ApiError, invalid
from entrypoints.sandbox.stripe.forms import Metadata, read
from entrypoints.sandbox.stripe.objects import Kept
from entrypoints.sandbox.stripe.platform import Platform

PAGE: Final = "/sandbox/stripe/pay"


class ProductData(msgspec.Struct, forbid_unknown_fields=True):
    """What is sold."""

    name: str


class PriceData(msgspec.Struct, forbid_unknown_fields=True):
    """What one of it costs."""

    currency: str
    unit_amount: int
    product_data: ProductData


class LineItem(msgspec.Struct, forbid_unknown_fields=True):
    """How many of it."""

    price_data: PriceData
    quantity: int = 1


class IntentData(msgspec.Struct, forbid_unknown_fields=True):
    """What the PaymentIntent is made with."""

    capture_method: str = "automatic"
    description: str | None = None
    setup_future_usage: str | None = None
    metadata: Metadata = {}


class Create(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The body of a session to be created."""

    mode: str
    line_items: list[LineItem]
    payment_method_types: list[str] = []
    client_reference_id: str | None = None
    customer_creation: str = "if_required"
    customer_email: str | None = None
    payment_intent_data: IntentData = msgspec.field(default_factory=IntentData)
    metadata: Metadata = {}
    success_url: str | None = None
    cancel_url: str | None = None
    ui_mode: str = "hosted"
    redirect_on_completion: str | None = None
    expand: list[str] = []


def create(platform: Platform, call: Call) -> Kept:
    """Open a session; its PaymentIntent begins with the first try to pay."""
    asked = read(Create, call.body)
    amount, currency = _total(platform, asked)
    embedded = asked.ui_mode == "embedded"
    if not embedded and not _is_web_address(asked.success_url):
        raise invalid("Not a valid URL", "success_url", "url_invalid")
    expires_ms = call.at_ms + platform.behaviour.session_seconds * 1000
    session = objects.add(
        platform,
        "checkout.session",
        {
            "amount_total": amount,
            "cancel_url": asked.cancel_url,
            "client_reference_id": asked.client_reference_id,
            "currency": currency,
            "customer": None,
            "customer_creation": asked.customer_creation,
            "customer_email": asked.customer_email,
            "expires_at": expires_ms // 1000,
            "metadata": asked.metadata,
            "mode": asked.mode,
            "payment_intent": None,
            "payment_status": "unpaid",
            "status": "open",
            "success_url": asked.success_url,
            "ui_mode": asked.ui_mode,
        },
        at_ms=call.at_ms,
        hidden={
            "intent": msgspec.to_builtins(asked.payment_intent_data),
            "name": asked.line_items[0].price_data.product_data.name,
        },
    )
    session_id = session.shown["id"]
    session.shown["url"] = None if embedded else f"{call.base_url}{PAGE}/{session_id}"
    session.shown["client_secret"] = (
        f"{session_id}_secret_{session.number:08x}" if embedded else None
    )
    session.deadline_ms = expires_ms
    objects.save(platform.store, session)
    return session


def _total(platform: Platform, asked: Create) -> tuple[int, str]:
    if asked.mode != "payment" or not asked.line_items:
        raise invalid("Only sessions of mode payment, with line items, are emulated", "mode")
    currencies = {item.price_data.currency for item in asked.line_items}
    if len(currencies) != 1 or any(item.quantity < 1 for item in asked.line_items):
        raise invalid("All line items have one currency and a quantity", "line_items")
    amount = sum(item.price_data.unit_amount * item.quantity for item in asked.line_items)
    currency = currencies.pop()
    amounts.check(amount, currency, limited=platform.behaviour.amount_limits)
    return amount, currency


def _is_web_address(url: str | None) -> bool:
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def pay(platform: Platform, session: Kept, number: str, at_ms: int) -> None:
    """Let the payer try a card; a decline leaves the session open for another one."""
    card = find_card(number)
    if card.checkout is not None:
        decline(platform, session, card.checkout, at_ms, card=card)
        return
    intent = _intent(platform, session, at_ms)
    saves = intent.shown["setup_future_usage"] == "off_session"
    customer = None
    if saves or session.shown["customer_creation"] == "always":
        shown = {"email": session.shown["customer_email"], "metadata": {}}
        customer = objects.add(platform, "customer", shown, at_ms=at_ms).shown["id"]
    method = objects.add(
        platform,
        "payment_method",
        {
            "type": "card",
            "customer": customer if saves else None,
            "card": {
                "brand": card.brand,
                "country": "US",
                "exp_month": 12,
                "exp_year": to_datetime(at_ms).year + 4,
                "funding": "credit",
                "last4": card.number[-4:],
            },
            "metadata": {},
        },
        at_ms=at_ms,
        hidden={"card": card.number},
    )
    intent.shown |= {"customer": customer, "payment_method": method.shown["id"]}
    payments.authorize(platform, intent, card, at_ms)
    session.shown |= {"status": "complete", "payment_status": "paid", "customer": customer}
    session.shown |= {"url": None, "client_secret": None}
    if intent.shown["status"] != "succeeded":
        session.shown["payment_status"] = "unpaid"
    session.deadline_ms = None
    objects.save(platform.store, session)
    events.tell(platform, "checkout.session.completed", session.shown, at_ms)


def decline(
    platform: Platform, session: Kept, code: str, at_ms: int, *, card: Card | None = None
) -> None:
    """Let a try to pay be declined."""
    intent = _intent(platform, session, at_ms)
    payments.fail(platform, intent, card or find_card("4000000000000002"), code, at_ms)


def expire(platform: Platform, call: Call) -> Kept:
    """End an open session (the merchant's own call)."""
    session = objects.get(platform.store, "checkout.session", call.object_id)
    close(platform, session, call.at_ms)
    return session


def close(platform: Platform, session: Kept, at_ms: int) -> None:
    """End an open session unpaid."""
    check_open(session)
    session.shown |= {"status": "expired", "url": None, "client_secret": None}
    session.deadline_ms = None
    objects.save(platform.store, session)
    events.tell(platform, "checkout.session.expired", session.shown, at_ms)


def check_open(session: Kept) -> None:
    """Refuse a session that is over."""
    if session.shown["status"] != "open":
        raise ApiError(400, f"This Session is already {session.shown['status']}.")


def _intent(platform: Platform, session: Kept, at_ms: int) -> Kept:
    """Return the session's PaymentIntent, made with the first try."""
    check_open(session)
    if (known := session.shown["payment_intent"]) is not None:
        return objects.get(platform.store, "payment_intent", known)
    wanted = session.hidden["intent"]
    intent = payments.new(
        platform,
        amount=session.shown["amount_total"],
        currency=session.shown["currency"],
        metadata=wanted["metadata"],
        capture_method=wanted["capture_method"],
        description=wanted["description"],
        at_ms=at_ms,
    )
    intent.shown["setup_future_usage"] = wanted["setup_future_usage"]
    session.shown["payment_intent"] = intent.shown["id"]
    objects.save(platform.store, session)
    return intent
