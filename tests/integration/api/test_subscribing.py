"""Subscribing through the API: three ways to pay the first period, each under one key."""

from typing import Any

import pytest

from tests.integration.api.conftest import Api

BACK = "http://127.0.0.1:8000/thanks"


async def _body(api: Api, **more: Any) -> dict[str, Any]:
    return {
        "price_id": await api.price(),
        "provider": api.gateway.code,
        "customer_id": await api.customer(),
        **more,
    }


async def test_a_redirect_opens_the_checkout_at_once(api: Api) -> None:
    body = await _body(api, pay="redirect", return_url=BACK, auto_renewal=True)
    made = await api.must("POST", "/api/v1/subscriptions", body)
    paying = made["payment"]
    assert (paying["kind"], made["subscription"]["has_access"]) == ("redirect", False)
    assert made["subscription"]["charge_open"] is True

    payment = await api.must("GET", f"/api/v1/payments/{paying['payment_id']}")
    assert payment["confirmation_url"] == paying["url"]
    api.gateway.gateway.pay(payment["external_id"])
    await api.must("POST", f"/api/v1/payments/{payment['id']}/paid")
    await api.work()
    shown = await api.must("GET", f"/api/v1/subscriptions/{made['subscription']['id']}")
    assert (shown["status"], shown["has_access"]) == ("active", True)
    assert shown["next_charge_at"] == shown["period_end"]


async def test_a_repeated_redirect_opens_one_checkout_and_one_subscription(api: Api) -> None:
    body = await _body(api, pay="redirect", return_url=BACK)
    first = await api.call("POST", "/api/v1/subscriptions", body, key="once")
    second = await api.call("POST", "/api/v1/subscriptions", body, key="once")
    assert first.json() == second.json()
    assert second.headers["Idempotent-Replayed"] == "true"
    assert len(api.gateway.gateway.payments) == 1
    assert await api.count("subscription") == 1


async def test_a_redirect_that_leads_elsewhere_subscribes_nobody(api: Api) -> None:
    for back in (None, "https://evil.test/"):
        body = await _body(api, pay="redirect", return_url=back)
        answer = await api.call("POST", "/api/v1/subscriptions", body)
        assert answer.status_code == 422
    assert await api.count("subscription") == 0
    assert await api.count("idempotency") == 4  # the plans and their prices


async def test_a_free_plan_asks_nobody_for_money(api: Api) -> None:
    body = await _body(api, pay="redirect", return_url=BACK)
    body["price_id"] = await api.price(amount_minor=0)
    made = await api.must("POST", "/api/v1/subscriptions", body)
    assert made["subscription"]["has_access"] is True
    assert made["payment"] in (None, {"kind": "paid"})
    assert await api.count("payment") == 0


async def test_a_saved_method_pays_in_the_background(api: Api) -> None:
    body = await _body(api, pay="saved")
    await api.checkout(await api.invoice(body["customer_id"]))
    made = await api.must("POST", "/api/v1/subscriptions", body)
    assert made["subscription"]["charge_open"] is True
    await api.work()
    shown = await api.must("GET", f"/api/v1/subscriptions/{made['subscription']['id']}")
    assert shown["status"] == "active"


async def test_a_checkout_that_is_open_is_told_to_whoever_wants_to_pay_otherwise(api: Api) -> None:
    customer = await api.customer()
    await api.checkout(await api.invoice(customer))
    (method,) = (
        await api.must("GET", "/api/v1/payment-methods", params={"customer_id": customer})
    )["items"]
    path = f"/api/v1/invoices/{await api.invoice(customer)}/pay"
    opened = await api.must("POST", path, {"provider": api.gateway.code, "return_url": BACK})
    other = await api.must("POST", path, {"provider": api.gateway.code, "method_id": method["id"]})
    assert (other["kind"], other["url"]) == ("redirect", opened["url"])


@pytest.mark.parametrize(
    "moment", ["2024-01-01T00:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]
)
async def test_a_start_that_is_no_moment_is_refused(api: Api, moment: str) -> None:
    body = await _body(api, starts_at=moment)
    answer = await api.call("POST", "/api/v1/subscriptions", body)
    assert answer.status_code == 422, answer.text
    assert await api.count("subscription") == 0


async def test_a_customer_subscribes_themselves_and_nobody_else(api: Api) -> None:
    body = await _body(api)
    as_them = {"role": "customer", "subject": body.pop("customer_id")}
    made = await api.must("POST", "/api/v1/subscriptions", body, **as_them)
    assert made["subscription"]["customer_id"] == as_them["subject"]
    body["customer_id"] = await api.customer("somebody-else")
    answer = await api.call("POST", "/api/v1/subscriptions", body, **as_them)
    assert answer.status_code == 404
