"""Stripe's objects as its documentation shows them, and an adapter in front of a raw server."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from adapters.clock import ManualClock
from adapters.providers.stripe import Stripe, StripeSettings
from adapters.providers.transport import HttpLimits
from tests.adapters.raw_server import Handle, RawServer, raw_server

SECRET, SIGNING = "sk_test_canary_5e1f", "whsec_canary_77aa"
INTENT_ID, SESSION_ID = "pi_3MrPBM2eZvKYlo2C1TEMacFD", "cs_test_a11YYufWQzNY63zpQ6QSNRQhkUpVph4W"
CUSTOMER, METHOD = "cus_9s6XKzkNRiz8i3", "pm_1MqLiJLkdIwHu7ixUEgbFdYF"
MOMENT = 1_680_800_504
NOW = datetime.fromtimestamp(MOMENT + 60, UTC)


def a_method(**fields: Any) -> dict[str, Any]:
    """Return a card that is attached to a customer."""
    card = {"brand": "visa", "last4": "4242", "exp_month": 8, "exp_year": 2030, "country": "US"}
    return {
        "id": METHOD,
        "object": "payment_method",
        "type": "card",
        "customer": CUSTOMER,
        "card": card,
        "created": MOMENT,
        **fields,
    }


def a_charge(**fields: Any) -> dict[str, Any]:
    """Return a captured charge."""
    return {
        "id": "ch_1EXUPv2eZvKYlo2CStIqOmbY",
        "object": "charge",
        "created": MOMENT + 1,
        "captured": True,
        "amount_refunded": 0,
        "balance_transaction": {
            "id": "txn_1",
            "object": "balance_transaction",
            "created": MOMENT + 9,
        },
        **fields,
    }


def an_intent(**fields: Any) -> dict[str, Any]:
    """Return a succeeded charge of a saved method, with the fields given on top."""
    return {
        "id": INTENT_ID,
        "object": "payment_intent",
        "amount": 29900,
        "amount_capturable": 0,
        "amount_received": 29900,
        "canceled_at": None,
        "cancellation_reason": None,
        "client_secret": f"{INTENT_ID}_secret_YrKJUKribcBjcG8HVhfZluoGH",
        "created": MOMENT,
        "currency": "usd",
        "customer": CUSTOMER,
        "last_payment_error": None,
        "latest_charge": a_charge(),
        "livemode": False,
        "metadata": {"attempt_id": "a-1", "kazna_flow": "saved"},
        "payment_method": a_method(),
        "status": "succeeded",
        **fields,
    }


def a_session(**fields: Any) -> dict[str, Any]:
    """Return an open session that nobody has tried to pay at."""
    return {
        "id": SESSION_ID,
        "object": "checkout.session",
        "amount_total": 29900,
        "client_secret": None,
        "created": MOMENT,
        "currency": "usd",
        "expires_at": MOMENT + 86_400,
        "livemode": False,
        "metadata": {"attempt_id": "a-1", "kazna_flow": "checkout"},
        "mode": "payment",
        "payment_intent": None,
        "payment_status": "unpaid",
        "status": "open",
        "url": f"https://checkout.stripe.com/c/pay/{SESSION_ID}",
        **fields,
    }


def a_refund(**fields: Any) -> dict[str, Any]:
    """Return a refund that arrived."""
    return {
        "id": "re_1Nispe2eZvKYlo2Cd31jOCgZ",
        "object": "refund",
        "amount": 1000,
        "charge": "ch_1EXUPv2eZvKYlo2CStIqOmbY",
        "created": MOMENT,
        "currency": "usd",
        "metadata": {},
        "payment_intent": INTENT_ID,
        "status": "succeeded",
        **fields,
    }


def an_error(kind: str = "invalid_request_error", **fields: Any) -> dict[str, Any]:
    """Return a refusal."""
    return {"error": {"type": kind, "message": "No.", **fields}}


def a_page(*rows: dict[str, Any], has_more: bool = False) -> dict[str, Any]:
    """Return a page of a listing."""
    return {"object": "list", "url": "/v1/x", "has_more": has_more, "data": list(rows)}


@asynccontextmanager
async def stripe_before(*answers: bytes | Handle) -> AsyncIterator[tuple[Stripe, RawServer]]:
    """Put the adapter before a server that answers what it is given."""
    async with raw_server(*answers) as server:
        settings = StripeSettings(
            secret=SECRET,
            webhook_secrets=(SIGNING,),
            base_url=f"http://127.0.0.1:{server.port}/v1",
            clock=ManualClock(NOW),
            http=HttpLimits(connect_seconds=0.5, total_seconds=0.5),
        )
        stripe = Stripe(settings, sleep=_at_once)
        try:
            yield stripe, server
        finally:
            await stripe.aclose()


async def _at_once(_seconds: float) -> None:
    """Pause for no time at all."""


def event_of(kind: str, about: dict[str, Any], **fields: Any) -> bytes:
    """Write an event."""
    event = {
        "id": "evt_1NG8Du2eZvKYlo2CUI79vXWy",
        "object": "event",
        "type": kind,
        "created": MOMENT,
        "livemode": False,
        "data": {"object": about},
        **fields,
    }
    return json.dumps(event).encode()
