"""Requests of the wrong shape: each answered with a problem, and nothing left behind."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from tests.integration.api.conftest import Api, must_be_problem, opened

_TABLES = ("invoice", "invoice_event", "payment", "subscription", "message", "event", "idempotency")


async def _counts(api: Api) -> list[int]:
    return [await api.count(table) for table in _TABLES]


@pytest.fixture(scope="module")
async def api(module_database_url: str) -> AsyncIterator[Api]:
    """One API for all of these: none of them leaves anything for the next."""
    async with opened(module_database_url) as one:
        yield one


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"amount_minor": -1}, 400),
        ({"amount_minor": 10**15 + 1}, 400),
        ({"amount_minor": 10**23}, 400),
        ({"amount_minor": 1.5}, 400),
        ({"amount_minor": "1e2"}, 400),
        ({"amount_minor": "100"}, 400),
        ({"amount_minor": True}, 400),
        ({"amount_minor": None}, 400),
        ({"currency": "rub"}, 400),
        ({"currency": "RUBLES"}, 400),
        ({"currency": "RUB\n"}, 400),
        ({"description": "a line\n"}, 400),
        ({"purpose": "manual\n"}, 400),
        ({"currency": "ЯЯЯ"}, 400),
        ({"customer_id": "me"}, 400),
        ({"customer_id": str(UUID(int=404))}, 404),
        ({"description": ""}, 400),
        ({"description": "a\x00b"}, 400),
        ({"description": "a\r\nSet-Cookie: b"}, 400),
        ({"description": "x" * 201}, 400),
        ({"reference": "\ud800"}, 400),
        ({"purpose": "renewal"}, 400),
        ({"surprise": 1}, 400),
    ],
)
async def test_a_wrong_invoice_leaves_nothing(
    api: Api, changed: dict[str, Any], status: int
) -> None:
    body = {
        "customer_id": await api.customer(),
        "amount_minor": 100,
        "currency": "RUB",
        "description": "A disc",
        "reference": "1",
    } | changed
    before = await _counts(api)
    must_be_problem(await _sent(api, body), status)
    assert await _counts(api) == before


async def _sent(api: Api, body: Any) -> Any:
    return await api.client.post(
        "/api/v1/invoices",
        content=json.dumps(body).encode("utf-8", "surrogatepass"),
        headers={
            "Authorization": f"Bearer {api.token('service')}",
            "Idempotency-Key": "k",
            "Content-Type": "application/json",
        },
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a":' * 20_000,
        b'{"description": "' + b"x" * 1_000_000 + b'"}',
    ],
    ids=["empty", "array", "null", "cut", "not utf-8", "deep", "deep objects", "1 MB"],
)
async def test_a_body_that_is_none_is_refused(api: Api, content: bytes) -> None:
    answer = await api.client.post(
        "/api/v1/invoices",
        content=content,
        headers={"Authorization": f"Bearer {api.token('service')}", "Idempotency-Key": "k"},
    )
    assert answer.status_code in (400, 413)
    must_be_problem(answer, answer.status_code)


@pytest.mark.parametrize("key", ["", "x" * 256, "ключ".encode()])
async def test_moving_money_needs_a_key(api: Api, key: Any) -> None:
    customer = await api.customer()
    before = await _counts(api)
    answer = await api.client.post(
        "/api/v1/invoices",
        json={
            "customer_id": customer,
            "amount_minor": 1,
            "currency": "RUB",
            "description": "x",
            "reference": "1",
        },
        headers={"Authorization": f"Bearer {api.token('service')}", "Idempotency-Key": key},
    )
    must_be_problem(answer, 400)
    assert await _counts(api) == before


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer x", "Basic eDp5", "Bearer " + "x" * 5000, "Bearer a.b.c"],
)
async def test_a_token_that_is_none_is_refused(api: Api, authorization: str) -> None:
    answer = await api.client.get("/api/v1/payments", headers={"Authorization": authorization})
    must_be_problem(answer, 401)
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("verb", "path", "status"),
    [
        ("GET", "/api/v1/nothing", 404),
        ("PATCH", "/api/v1/invoices", 405),
        ("GET", "/api/v1/invoices/not-an-id", 404),
        ("GET", f"/api/v1/invoices/{UUID(int=404)}", 404),
        ("GET", "/api/v1/invoices?limit=0", 400),
        ("GET", "/api/v1/invoices?limit=101", 400),
        ("GET", "/api/v1/invoices?cursor=%00", 400),
        ("GET", "/api/v1/invoices?cursor=bm9uZQ", 422),
        ("GET", "/api/v1/explain/nothing", 404),
        ("POST", "/webhooks/nobody", 404),
    ],
)
async def test_every_refusal_is_a_problem_document(
    api: Api, verb: str, path: str, status: int
) -> None:
    must_be_problem(await api.call(verb, path), status)


async def test_a_refusal_names_the_place(api: Api) -> None:
    plan: dict[str, Any] = {"name": "n", "interval": {"count": 0, "unit": "month"}}
    for body, pointer in (
        (plan, "/interval/count"),
        ({"name": "n"}, ""),
        (plan | {"interval": {"count": 1, "unit": "day"}, "retry_days": [0, "x"]}, "/retry_days/1"),
    ):
        answer = await api.call("POST", "/api/v1/admin/plans", body, role="manager")
        must_be_problem(answer, 400)
        (error,) = answer.json()["errors"]
        assert error["pointer"] == pointer
        assert error["detail"]
    answer = await api.call("GET", "/api/v1/invoices?limit=0")
    assert answer.json()["errors"][0]["parameter"] == "limit"
