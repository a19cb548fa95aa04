"""Who may bring a notification: the address is read where our own proxies wrote it."""

import json
from typing import Any

import httpx
import pytest

from entrypoints.api.app import create_app
from entrypoints.container import build_container
from entrypoints.settings import read_settings
from tests.integration.api.conftest import NOBODY_LISTENS, served

THEIRS, NOBODYS = "185.71.76.1", "203.0.113.9"
NOTIFICATION = {
    "type": "notification",
    "event": "payment.succeeded",
    "object": {
        "id": "22e12f66-000f-5000-8000-18db351245c7",
        "status": "succeeded",
        "paid": True,
        "amount": {"value": "2.00", "currency": "RUB"},
        "created_at": "2018-07-10T14:27:54.691Z",
        "recipient": {"account_id": "100500", "gateway_id": "100700"},
        "refundable": False,
        "test": False,
    },
}


@pytest.mark.parametrize(
    ("proxies", "forwarded", "status"),
    [
        (0, None, 403),
        (0, THEIRS, 403),
        (1, None, 403),
        (1, THEIRS, 200),
        (1, f"{NOBODYS}, {THEIRS}", 200),
        (1, f"{THEIRS}, {NOBODYS}", 403),
        (2, THEIRS, 403),
        (2, f"{THEIRS}, 10.0.0.1", 200),
        (2, f"{THEIRS}, {NOBODYS}, 10.0.0.1", 403),
        (1, "not an address", 403),
    ],
)
async def test_the_sender_is_whom_our_own_proxies_saw(
    database_url: str, proxies: int, forwarded: str | None, status: int
) -> None:
    given = {
        "KAZNA_YOOKASSA_SHOP_ID": "100500",
        "KAZNA_YOOKASSA_SECRET": "secret",
        "KAZNA_TRUSTED_PROXIES": str(proxies),
    }
    house = build_container(
        read_settings(given), database_url=database_url, redis_url=NOBODY_LISTENS
    )
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    async with served(create_app(house)) as address, httpx.AsyncClient() as client:
        answer = await _notify(client, address, headers)
        kept = (await house.queries().rows("SELECT count(*) AS n FROM inbox"))[0]["n"]
    assert answer.status_code == status, answer.text
    assert kept == (1 if status == 200 else 0)


async def _notify(client: httpx.AsyncClient, address: str, headers: dict[str, str]) -> Any:
    return await client.post(
        f"{address}/webhooks/yookassa", content=json.dumps(NOTIFICATION), headers=headers
    )
