"""What the API refuses: each time with a problem that says why, and nothing left behind."""

from uuid import uuid4

import httpx

from application.idempotency import IdempotencyKey
from application.identity.access import Role
from application.payments.provider import EventKind
from entrypoints.api.app import create_app
from entrypoints.container import build_container
from entrypoints.settings import read_settings
from tests.integration.api.conftest import NOBODY_LISTENS, Api, must_be_problem, served


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
    must_be_problem(other, 422)
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
    must_be_problem(await api.call("POST", "/api/v1/subscriptions", body, key="k"), 422)
    await api.checkout(await api.invoice(customer))
    assert (await api.call("POST", "/api/v1/subscriptions", body, key="k")).status_code == 201


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
        must_be_problem(await api.client.get("/api/v1/payments", headers=headers), 401)


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
        must_be_problem(await api.call(verb, path, body, **as_me), 404)
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
        must_be_problem(await api.call("POST", f"/api/v1/invoices/{invoice}/pay", body), 422)
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
    must_be_problem(forged, 403)
    assert await api.count("inbox") == 0
    for _ in range(3):
        answer = await api.client.post(path, content=real.body, headers=dict(real.headers))
        assert answer.status_code == 200
    assert await api.count("inbox") == 1
    await api.work()
    assert (await api.must("GET", f"/api/v1/invoices/{invoice}"))["status"] == "paid"


async def test_a_key_whose_request_is_under_way_has_to_wait(api: Api) -> None:
    body = {"external_id": "c-9"}
    plan = {"name": "n", "interval": {"count": 1, "unit": "month"}}
    path = "/api/v1/admin/plans"
    hash_of_nothing = IdempotencyKey(actor="manager:test", key="k", request_hash=b"")
    async with api.house.open_uow()() as uow:
        await uow.answers.open(hash_of_nothing)
        waiting = await api.call("POST", path, plan, role="manager", key="k")
        must_be_problem(waiting, 409)
        assert waiting.headers["Retry-After"] == "1"
        other = await api.call("POST", path, plan, role="admin", key="k")
        assert other.status_code == 201, "the keys of another actor are their own"
    assert (await api.call("POST", path, plan, role="manager", key="k")).status_code == 201
    assert (await api.call("POST", "/api/v1/customers", body)).status_code == 201


async def test_a_lost_database_is_said_and_is_no_bug() -> None:
    house = build_container(
        read_settings({}), database_url="postgresql://127.0.0.1:1/none", redis_url=NOBODY_LISTENS
    )
    token = house.tokens().issue("test", frozenset({Role.SERVICE}), minutes=5)
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k"}
    price = {"amount_minor": 1, "currency": "RUB"}
    invoice = price | {"customer_id": str(uuid4()), "description": "d", "reference": "r"}
    async with (
        served(create_app(house)) as address,
        httpx.AsyncClient(base_url=address, headers=headers) as client,
    ):
        for answer in (
            await client.get("/api/v1/invoices"),
            await client.get("/api/v1/subscriptions"),
            await client.post("/api/v1/invoices", json=invoice),
            await client.get("/ready"),
            await client.get("/metrics"),
        ):
            must_be_problem(answer, 503)
            assert answer.headers["Retry-After"]
        assert (await client.get("/health")).status_code == 200
