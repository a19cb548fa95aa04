"""A shop's backend bills its customers."""

import asyncio

from tests.integration.api.conftest import Api


async def test_a_customer_buys_saves_a_card_subscribes_and_buys_again(api: Api) -> None:
    customer = await api.customer()
    payment = await api.checkout(await api.invoice(customer))
    assert (await api.must("GET", f"/api/v1/payments/{payment}"))["status"] == "succeeded"

    price = await api.price(trial_days=30)
    subscribed = await api.must(
        "POST",
        "/api/v1/subscriptions",
        {
            "price_id": price,
            "provider": api.gateway.code,
            "customer_id": customer,
            "auto_renewal": True,
        },
    )
    assert subscribed["subscription"]["status"] == "active"
    assert subscribed["subscription"]["has_access"] is True

    (method,) = (
        await api.must("GET", "/api/v1/payment-methods", params={"customer_id": customer})
    )["items"]
    again = await api.must(
        "POST",
        f"/api/v1/invoices/{await api.invoice(customer)}/pay",
        {"provider": api.gateway.code, "method_id": method["id"]},
    )
    assert again["kind"] == "charging"
    await api.work()
    assert (await api.must("GET", f"/api/v1/payments/{again['payment_id']}"))[
        "status"
    ] == "succeeded"


async def test_nothing_to_pay_is_paid_at_once(api: Api) -> None:
    customer = await api.customer()
    invoice = await api.invoice(customer, amount_minor=0)
    shown = await api.must("GET", f"/api/v1/invoices/{invoice}")
    assert shown["status"] == "paid"
    assert await api.count("payment") == 0


async def test_the_chain_of_an_invoice_is_told_in_order(api: Api) -> None:
    invoice = await api.invoice(await api.customer())
    await api.checkout(invoice)
    chain = (await api.must("GET", f"/api/v1/invoices/{invoice}/events"))["items"]
    assert [link["name"] for link in chain] == [
        "invoice.issued",
        "invoice.payment_created",
        "invoice.paid",
    ]
    assert [link["seq"] for link in chain] == [1, 2, 3]
    assert chain[0]["actor"] == "service:test"


async def test_a_story_leads_from_the_request_to_the_gateways_answer(api: Api) -> None:
    payment = await api.checkout(await api.invoice(await api.customer()))
    story = await api.must("GET", f"/api/v1/explain/{payment}")
    told = str(story)
    assert "service:test" in told
    assert "charge_captured" in told or "capture:" in told


async def test_a_refund_goes_back_and_closes_the_subscription(api: Api) -> None:
    customer, price = await api.customer(), await api.price()
    made = await api.must(
        "POST",
        "/api/v1/subscriptions",
        {"price_id": price, "provider": api.gateway.code, "customer_id": customer},
    )
    payment = await api.checkout(made["invoice_id"])
    asked = await api.must(
        "POST",
        f"/api/v1/admin/payments/{payment}/refund",
        {"reason": "not what was wanted"},
        role="manager",
    )
    assert asked["amount_minor"] == 49900
    await api.work()
    shown = await api.must("GET", f"/api/v1/subscriptions/{made['subscription']['id']}")
    assert (shown["status"], shown["has_access"]) == ("canceled", False)


async def test_unsubscribing_keeps_access_to_the_end_of_the_period(api: Api) -> None:
    customer, price = await api.customer(), await api.price()
    made = await api.must(
        "POST",
        "/api/v1/subscriptions",
        {
            "price_id": price,
            "provider": api.gateway.code,
            "customer_id": customer,
            "auto_renewal": True,
        },
    )
    await api.checkout(made["invoice_id"])
    path = f"/api/v1/subscriptions/{made['subscription']['id']}"
    stopped = await api.must("DELETE", path)
    assert stopped["renewal"] == "stopping"
    assert stopped["has_access"] is True
    assert stopped["access_until"] == stopped["period_end"]
    assert stopped["next_charge_at"] is None
    resumed = await api.must("POST", f"{path}/resume-renewal")
    assert resumed["next_charge_at"] == resumed["period_end"]


async def test_pages_hold_still_while_rows_are_added(api: Api) -> None:
    customer = await api.customer()
    first = [await api.invoice(customer) for _ in range(5)]
    seen: list[str] = []
    cursor = None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        answer = await api.must("GET", "/api/v1/invoices", params=params)
        seen += [row["id"] for row in answer["items"]]
        await api.invoice(customer)
        cursor = answer["next_cursor"]
        if cursor is None:
            break
    assert seen == first[::-1]


async def test_twenty_equal_requests_at_once_issue_one_invoice(api: Api) -> None:
    customer = await api.customer()
    body = {
        "customer_id": customer,
        "amount_minor": 100,
        "currency": "RUB",
        "description": "A disc",
        "reference": "1",
    }
    answers = await asyncio.gather(
        *(api.call("POST", "/api/v1/invoices", body, key="same") for _ in range(20))
    )
    statuses = {answer.status_code for answer in answers}
    assert statuses <= {201, 409}
    assert await api.count("invoice") == 1
    running = [answer for answer in answers if answer.status_code == 409]
    assert all(answer.headers["Retry-After"] == "1" for answer in running)
    again = await api.call("POST", "/api/v1/invoices", body, key="same")
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json() == next(a.json() for a in answers if a.status_code == 201)


async def test_a_repeated_checkout_leads_to_the_same_page(api: Api) -> None:
    invoice = await api.invoice(await api.customer())
    body = {"provider": api.gateway.code, "return_url": "http://127.0.0.1:8000/"}
    path = f"/api/v1/invoices/{invoice}/pay"
    first, second = [await api.call("POST", path, body, key="pay") for _ in range(2)]
    assert first.json() == second.json()
    assert second.headers["Idempotent-Replayed"] == "true"
    assert len(api.gateway.gateway.payments) == 1


async def test_a_widget_is_opened_by_its_token_and_paid_like_a_page(api: Api) -> None:
    invoice = await api.invoice(await api.customer())
    path = f"/api/v1/invoices/{invoice}/pay"
    body = {"provider": api.gateway.code, "widget": True}

    opened = await api.must("POST", path, body, role="service")

    assert opened["kind"] == "widget"
    payment = await api.must("GET", f"/api/v1/payments/{opened['payment_id']}")
    assert opened["token"] == f"widget-{payment['external_id']}"
    api.gateway.gateway.pay(payment["external_id"])
    await api.must("POST", f"/api/v1/payments/{payment['id']}/paid")
    await api.work()
    assert (await api.must("GET", f"/api/v1/invoices/{invoice}"))["status"] == "paid"


async def test_a_widget_takes_no_page_to_return_to(api: Api) -> None:
    invoice = await api.invoice(await api.customer())
    body = {"provider": api.gateway.code, "widget": True, "return_url": "http://127.0.0.1:8000/"}

    answer = await api.call("POST", f"/api/v1/invoices/{invoice}/pay", body, role="service")

    assert answer.status_code == 422
    assert await api.count("payment") == 0
