"""What is listed, to whom, and how it is filtered."""

from datetime import timedelta

from tests.integration.api.conftest import Api


async def test_prices_move_to_the_archive_and_are_told_apart(api: Api) -> None:
    old = await api.price(amount_minor=100)
    (price,) = (await api.must("GET", "/api/v1/catalog/prices"))["items"]
    assert price["id"] == old
    new = await api.must(
        "POST",
        f"/api/v1/admin/plans/{price['plan_id']}/prices",
        {"amount_minor": 200, "currency": "RUB"},
        role="manager",
    )
    shown = (await api.must("GET", "/api/v1/catalog/prices", role=None))["items"]
    archive = await api.must("GET", "/api/v1/admin/prices?archived=true", role="accountant")
    assert [row["id"] for row in shown] == [new["id"]]
    assert [row["id"] for row in archive["items"]] == [old]
    assert archive["items"][0]["set_by"] == "manager:test"


async def test_a_retired_plan_leaves_the_catalog_and_stays_in_the_books(api: Api) -> None:
    await api.price()
    (plan,) = (await api.must("GET", "/api/v1/catalog/plans", role=None))["items"]
    await api.must("POST", f"/api/v1/admin/plans/{plan['id']}/retire", role="manager")
    assert (await api.must("GET", "/api/v1/catalog/plans"))["items"] == []
    assert (await api.call("GET", f"/api/v1/catalog/plans/{plan['id']}")).status_code == 404
    (kept,) = (await api.must("GET", "/api/v1/admin/plans", role="manager"))["items"]
    assert kept["is_active"] is False


async def test_features_and_providers_are_told_to_everybody(api: Api) -> None:
    await api.must(
        "PUT",
        "/api/v1/admin/features/uhd",
        {"name": "Ultra HD", "entities": ["film"]},
        role="manager",
    )
    (feature,) = (await api.must("GET", "/api/v1/catalog/features", role=None))["items"]
    assert (feature["code"], feature["entities"]) == ("uhd", ["film"])
    (provider,) = (await api.must("GET", "/api/v1/catalog/providers", role=None))["items"]
    assert provider == {"code": api.gateway.code, "is_test": True}


async def test_payments_are_filtered_by_who_how_and_when(api: Api) -> None:
    paid = await api.checkout(await api.invoice(await api.customer("a")))
    began = api.clock.now()
    api.clock.advance(timedelta(days=1))
    later = await api.checkout(await api.invoice(await api.customer("b")))

    async def found(**params: str) -> list[str]:
        listed = await api.must("GET", "/api/v1/admin/payments", role="accountant", params=params)
        return [row["id"] for row in listed["items"]]

    border = (began + timedelta(hours=1)).isoformat()
    assert await found() == [later, paid]
    assert await found(since=border) == [later]
    assert await found(until=border) == [paid]
    assert await found(since=began.isoformat(), until=border) == [paid]
    assert await found(status="succeeded", provider=api.gateway.code) == [later, paid]
    assert await found(status="declined") == []


async def test_customers_are_found_by_the_name_the_backend_has_for_them(api: Api) -> None:
    first, second = await api.customer("a-1"), await api.customer("a-2")
    (found,) = (await api.must("GET", "/api/v1/customers?external_id=a-2"))["items"]
    assert found["id"] == second
    (me,) = (await api.must("GET", "/api/v1/customers", role="customer", subject=first))["items"]
    assert me["id"] == first


async def test_only_subscriptions_that_live_are_active(api: Api) -> None:
    made = await api.must(
        "POST",
        "/api/v1/subscriptions",
        {
            "price_id": await api.price(),
            "provider": api.gateway.code,
            "customer_id": await api.customer(),
        },
    )
    payment = await api.checkout(made["invoice_id"])
    path = "/api/v1/subscriptions"
    assert len((await api.must("GET", f"{path}?active=true"))["items"]) == 1
    await api.must(
        "POST", f"/api/v1/admin/payments/{payment}/refund", {"reason": "x"}, role="admin"
    )
    await api.work()
    assert (await api.must("GET", f"{path}?active=true"))["items"] == []
    (ended,) = (await api.must("GET", f"{path}?active=false"))["items"]
    assert ended["status"] == "canceled"


async def test_a_forgotten_method_is_not_shown_and_not_charged(api: Api) -> None:
    customer = await api.customer()
    await api.checkout(await api.invoice(customer))
    as_them = {"role": "customer", "subject": customer}
    (method,) = (await api.must("GET", "/api/v1/payment-methods", **as_them))["items"]
    gone = await api.call("DELETE", f"/api/v1/payment-methods/{method['id']}", **as_them)
    assert gone.status_code == 204
    assert (await api.must("GET", "/api/v1/payment-methods", **as_them))["items"] == []
    refused = await api.call(
        "POST",
        f"/api/v1/invoices/{await api.invoice(customer)}/pay",
        {"provider": api.gateway.code, "method_id": method["id"]},
    )
    assert refused.status_code == 409
    assert await api.count("payment") == 1


async def test_operators_see_runs_and_dead_messages_and_repair_them(api: Api) -> None:
    await api.house.run_job()("expire-payments")
    (run,) = (await api.must("GET", "/api/v1/admin/job-runs", role="manager"))["items"]
    assert (run["job"], run["error"]) == ("expire-payments", None)
    await api.rows(
        "INSERT INTO message (queue, name, payload, state, error, attempt) VALUES "
        "('payments', 'payments.ask.v1', '{}', 'dead', 'it broke', 15), "
        "('payments', 'payments.ask.v1', '{}', 'dead', 'it broke', 15) RETURNING id"
    )
    path = "/api/v1/admin/dead-messages"
    first = await api.must("GET", f"{path}?limit=1", role="admin")
    rest = await api.must("GET", f"{path}?cursor={first['next_cursor']}", role="admin")
    newer, older = first["items"][0]["id"], rest["items"][0]["id"]
    assert newer > older
    done = await api.must(
        "POST", f"{path}/replay", {"ids": [newer], "reason": "fixed"}, role="admin"
    )
    assert done == {"replayed": [newer]}
    done = await api.must(
        "POST", f"{path}/discard", {"ids": [older, newer], "reason": "void"}, role="admin"
    )
    assert done == {"discarded": [older]}
    for cursor in ("x", "-1", "9" * 40, "٣"):
        listed = await api.call("GET", path, role="admin", params={"cursor": cursor})
        assert listed.status_code in (400, 422), cursor


async def test_discrepancies_are_listed(api: Api) -> None:
    await api.rows(
        "INSERT INTO discrepancy (provider, external_id, kind, expected, actual, found_at) "
        "SELECT 'scripted', n::text, 'amount', '1', '2', now() FROM generate_series(1, 3) AS n "
        "RETURNING id"
    )
    path = "/api/v1/admin/discrepancies"
    first = await api.must("GET", f"{path}?limit=2", role="accountant")
    rest = await api.must("GET", f"{path}?cursor={first['next_cursor']}", role="accountant")
    assert [row["external_id"] for row in first["items"] + rest["items"]] == ["3", "2", "1"]
    assert rest["next_cursor"] is None
