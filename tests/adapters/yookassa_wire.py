"""YooKassa's objects as its documentation shows them, and an adapter in front of a raw server."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from adapters.providers.transport import HttpLimits
from adapters.providers.yookassa import YooKassa, YooKassaSettings
from tests.adapters.raw_server import Handle, RawServer, answer, raw_server

SECRET = "test_canary_5e1f"
PAYMENT_ID = "23d93cac-000f-5000-8000-126628f15141"


def a_payment(**fields: Any) -> dict[str, Any]:
    """Return a succeeded payment with the fields given on top."""
    return {
        "id": PAYMENT_ID,
        "status": "succeeded",
        "paid": True,
        "amount": {"value": "2.00", "currency": "RUB"},
        "income_amount": {"value": "1.93", "currency": "RUB"},
        "refunded_amount": {"value": "0.00", "currency": "RUB"},
        "created_at": "2019-01-22T14:30:45.129Z",
        "captured_at": "2019-01-22T14:31:00.001Z",
        "description": "Order 1",
        "metadata": {"attempt_id": "a-1"},
        "payment_method": {
            "type": "bank_card",
            "id": PAYMENT_ID,
            "saved": True,
            "title": "Bank card *4444",
            "card": {
                "first6": "555555",
                "last4": "4444",
                "expiry_month": "07",
                "expiry_year": "2022",
                "card_type": "MasterCard",
                "card_product": {"code": "E"},
            },
        },
        "recipient": {"account_id": "100500", "gateway_id": "100700"},
        "refundable": True,
        "test": True,
        **fields,
    }


def an_error(code: str, description: str, **fields: Any) -> dict[str, Any]:
    """Return a refusal."""
    return {"type": "error", "id": "e-1", "code": code, "description": description, **fields}


def told(status: int, body: object, **headers: str) -> bytes:
    """Write an HTTP answer with a JSON body."""
    return answer(status, json.dumps(body).encode(), **headers)


class Pauses:
    """Remembers how long it was asked to pause, and does not."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


@asynccontextmanager
async def yookassa_before(
    *answers: bytes | Handle, pauses: Pauses | None = None
) -> AsyncIterator[tuple[YooKassa, RawServer]]:
    """Put the adapter before a server that answers what it is given."""
    async with raw_server(*answers) as server:
        settings = YooKassaSettings(
            shop_id="100500",
            secret=SECRET,
            base_url=server.url,
            http=HttpLimits(connect_seconds=0.5, total_seconds=0.5),
        )
        yookassa = YooKassa(settings, sleep=pauses or Pauses())
        try:
            yield yookassa, server
        finally:
            await yookassa.aclose()
