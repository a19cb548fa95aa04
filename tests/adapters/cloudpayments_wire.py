"""CloudPayments' objects as its documentation shows them, and an adapter before a raw server."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from adapters.clock import ManualClock
from adapters.providers.cloudpayments import CloudPayments, CloudPaymentsSettings
from adapters.providers.transport import HttpLimits
from tests.adapters.raw_server import Handle, RawServer, answer, raw_server

PUBLIC_ID, SECRET = "test_api_1", "test_canary_5e1f"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def a_transaction(**fields: Any) -> dict[str, Any]:
    """Return a completed payment with the fields given on top."""
    return {
        "TransactionId": 504,
        "Amount": 10.0,
        "Currency": "RUB",
        "CurrencyCode": 0,
        "InvoiceId": "a-1",
        "AccountId": "c-1",
        "Email": None,
        "Description": "Order 1",
        "JsonData": '{"invoice_id":"i-1","keeps_method":"yes"}',
        "CreatedDate": "/Date(1401718880000)/",
        "CreatedDateIso": "2014-08-09T11:49:41",
        "AuthDateIso": "2014-08-09T11:49:42",
        "ConfirmDateIso": "2014-08-09T11:49:43",
        "AuthCode": "123456",
        "TestMode": True,
        "IpAddress": "195.91.194.13",
        "CardFirstSix": "411111",
        "CardLastFour": "1111",
        "CardExpDate": "05/29",
        "CardType": "Visa",
        "CardTypeCode": 0,
        "Status": "Completed",
        "StatusCode": 3,
        "Reason": "Approved",
        "ReasonCode": 0,
        "CardHolderMessage": "Payment successfully completed",
        "Name": "CARDHOLDER NAME",
        "Token": "a4e67841-abb0-42de-a364-d1d8f9f4b3c0",
        **fields,
    }


def a_decline(code: int, **fields: Any) -> dict[str, Any]:
    """Return a payment that was declined."""
    return a_transaction(Status="Declined", StatusCode=5, ReasonCode=code, Reason="?", **fields)


def done(model: object = None) -> dict[str, Any]:
    """Return what a success is wrapped in."""
    return {"Model": model, "Success": True, "Message": None}


def refusal(message: str | None, model: object = None) -> dict[str, Any]:
    """Return what a refusal is wrapped in."""
    return {"Model": model, "Success": False, "Message": message}


def told(body: object, status: int = 200, **headers: str) -> bytes:
    """Write an HTTP answer with a JSON body."""
    return answer(status, json.dumps(body).encode(), **headers)


async def at_once(_seconds: float) -> None:
    """Pause for no time at all."""


@asynccontextmanager
async def cloudpayments_before(
    *answers: bytes | Handle,
) -> AsyncIterator[tuple[CloudPayments, RawServer]]:
    """Put the adapter before a server that answers what it is given."""
    async with raw_server(*answers) as server:
        settings = CloudPaymentsSettings(
            public_id=PUBLIC_ID,
            secret=SECRET,
            base_url=server.url,
            http=HttpLimits(connect_seconds=0.5, total_seconds=0.5),
        )
        adapter = CloudPayments(settings, clock=ManualClock(NOW), sleep=at_once)
        try:
            yield adapter, server
        finally:
            await adapter.aclose()
