"""What the API refuses: each time with a problem that says why, and nothing left behind."""

from typing import Any
from uuid import uuid4

import pytest

from application.payments.provider import EventKind
from tests.integration.api.conftest import Api

_TABLES = ("invoice", "invoice_event", "payment", "subscription", "message", "event", "idempotency")


async def _counts(api: Api) -> list[int]:
    return [await api.count(table) for table in _TABLES]


def _is_problem(answer: Any, status: int) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    body = answer.json()
    assert body["status"] == status
    assert body["title"]
    assert body["code"]


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
        ({"currency": "ЯЯЯ"}, 400),
        ({"customer_id": "me"}, 400),
        ({"customer_id": str(uuid4())}, 404),
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
    _is_problem(await _sent(api, body), status)
    assert await _counts(api) == before


async def _sent(api: Api, body: Any) -> Any:
    import json

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
    _is_problem(answer, answer.status_code)


@pytest.mark.parametrize("key", ["", "x" * 256, "ключ".encode()])
async def test_moving_money_needs_a_key(api: Api, key: Any) -> None:
    customer = await api.customer()
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
    _is_problem(answer, 400)
    assert await api.count("invoice") == 0


async def test_a_key_that_comes_with_another_body_is_refused(api: Api) -> None:
    customer = await api.customer()
    body = {
        "customer_id": customer,
        "amount_minor": 1,
        "currency": "RUB",
        "description": "x",
        "reference": "1",
    }
    await api.must("POST", "/api/v1/invoices", body, key="k")
    other = await api.call("POST", "/api/v1/invoices", body | {"amount_minor": 2}, key="k")
    _is_problem(other, 422)
    assert other.json()["code"] == "idempotency_key_reused"


async def test_a_refused_request_does_not_use_up_its_key(api: Api) -> None:
    customer = await api.customer()
    price = await api.price(trial_days=30)
    body = {
        "price_id": price,
        "provider": api.gateway.code,
        "customer_id": customer,
        "auto_renewal": True,
    }
    _is_problem(await api.call("POST", "/api/v1/subscriptions", body, key="k"), 422)
    await api.checkout(await api.invoice(customer))
    assert (await api.call("POST", "/api/v1/subscriptions", body, key="k")).status_code == 201


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer x", "Basic eDp5", "Bearer " + "x" * 5000, "Bearer a.b.c"],
)
async def test_a_token_that_is_none_is_refused(api: Api, authorization: str) -> None:
    answer = await api.client.get("/api/v1/payments", headers={"Authorization": authorization})
    _is_problem(answer, 401)
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_a_token_of_another_algorithm_or_key_is_refused(api: Api) -> None:
    from joserfc import jwt
    from joserfc.jwk import OctKey

    claims = {"iss": "kazna", "aud": "kazna", "sub": "x", "roles": ["admin"], "exp": 2**31}
    foreign = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key("x" * 40))
    own = OctKey.import_key(api.house.settings().token_key)
    others = [
        foreign,
        jwt.encode({"alg": "HS512"}, claims, own, algorithms=["HS512"]),
        jwt.encode({"alg": "HS256"}, claims | {"aud": "other"}, own),
        jwt.encode({"alg": "HS256"}, claims | {"exp": 1}, own),
        jwt.encode({"alg": "HS256"}, claims | {"roles": ["root"]}, own),
        "eyJhbGciOiJub25lIn0.e30.",
    ]
    for token in others:
        headers = {"Authorization": f"Bearer {token}"}
        _is_problem(await api.client.get("/api/v1/payments", headers=headers), 401)


async def test_another_customers_objects_do_not_exist(api: Api) -> None:
    mine, theirs = await api.customer("a"), await api.customer("b")
    price = await api.price()
    made = await api.must(
        "POST",
        "/api/v1/subscriptions",
        {"price_id": price, "provider": api.gateway.code, "customer_id": theirs},
    )
    invoice = made["invoice_id"]
    payment = await api.checkout(invoice)
    (method,) = (await api.must("GET", "/api/v1/payment-methods"))["items"]
    subscription = made["subscription"]["id"]
    as_me = {"role": "customer", "subject": mine}
    paths = [
        ("GET", f"/api/v1/customers/{theirs}", None),
        ("GET", f"/api/v1/invoices/{invoice}", None),
        ("GET", f"/api/v1/invoices/{invoice}/events", None),
        ("GET", f"/api/v1/payments/{payment}", None),
        ("POST", f"/api/v1/payments/{payment}/paid", None),
        ("GET", f"/api/v1/subscriptions/{subscription}", None),
        ("DELETE", f"/api/v1/subscriptions/{subscription}", None),
        ("POST", f"/api/v1/subscriptions/{subscription}/resume-renewal", None),
        ("DELETE", f"/api/v1/payment-methods/{method['id']}", None),
        (
            "POST",
            f"/api/v1/invoices/{invoice}/pay",
            {"provider": api.gateway.code, "return_url": "http://127.0.0.1:8000/"},
        ),
    ]
    for verb, path, body in paths:
        _is_problem(await api.call(verb, path, body, **as_me), 404)
    for path in ("/api/v1/invoices", "/api/v1/payments", "/api/v1/subscriptions"):
        found = await api.must("GET", path, params={"customer_id": theirs}, **as_me)
        assert found["items"] == []


async def test_a_payer_is_only_returned_to_our_own_pages(api: Api) -> None:
    invoice = await api.invoice(await api.customer())
    for address in (
        "https://evil.test/",
        "http://127.0.0.1:8000.evil.test/",
        "http://127.0.0.1:8000@evil.test/",
        "https://127.0.0.1:8000/",
    ):
        body = {"provider": api.gateway.code, "return_url": address}
        _is_problem(await api.call("POST", f"/api/v1/invoices/{invoice}/pay", body), 422)
    assert await api.count("payment") == 0


async def test_a_forged_notification_is_refused_and_a_real_one_is_looked_up_once(
    api: Api,
) -> None:
    invoice = await api.invoice(await api.customer())
    opened = await api.must(
        "POST",
        f"/api/v1/invoices/{invoice}/pay",
        {"provider": api.gateway.code, "return_url": "http://127.0.0.1:8000/"},
    )
    payment = await api.must("GET", f"/api/v1/payments/{opened['payment_id']}")
    api.gateway.gateway.pay(payment["external_id"])
    real = api.gateway.notification(EventKind.PAYMENT_CHANGED, payment["external_id"])
    path = f"/webhooks/{api.gateway.code}"
    forged = await api.client.post(path, content=real.body, headers={"x-scripted-signature": "0"})
    _is_problem(forged, 403)
    assert await api.count("inbox") == 0
    for _ in range(3):
        answer = await api.client.post(path, content=real.body, headers=dict(real.headers))
        assert answer.status_code == 200
    assert await api.count("inbox") == 1
    await api.work()
    assert (await api.must("GET", f"/api/v1/invoices/{invoice}"))["status"] == "paid"


@pytest.mark.parametrize(
    ("verb", "path", "status"),
    [
        ("GET", "/api/v1/nothing", 404),
        ("PATCH", "/api/v1/invoices", 405),
        ("GET", "/api/v1/invoices/not-an-id", 404),
        ("GET", f"/api/v1/invoices/{uuid4()}", 404),
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
    _is_problem(await api.call(verb, path), status)


async def test_a_lost_database_is_said_and_not_a_bug(api: Api) -> None:
    await api.house.engine().dispose()
    broken = api.house.queries()._engine
    import asyncpg

    url = broken.url.set(port=1)
    from adapters.postgres.engine import create_engine

    api.house.queries()._engine = create_engine(url.render_as_string(hide_password=False))
    answer = await api.call("GET", "/api/v1/invoices")
    _is_problem(answer, 503)
    assert answer.headers["Retry-After"]
    assert asyncpg is not None
