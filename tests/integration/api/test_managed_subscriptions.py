"""The managers' desk over HTTP: reasons, keys, roles, and what the answers show."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from application.jobs import JobOrder
from tests.integration.api.conftest import Api, must_be_problem
from tests.integration.billing.house import START, cause

ADMIN = "/api/v1/admin"
DAY = timedelta(days=1)


async def active(api: Api, name: str = "c-1", amount_minor: int = 49900) -> Any:
    """A renewing subscription that a saved card has paid for."""
    customer, price = await api.customer(name), await api.price(amount_minor)
    body = {"price_id": price, "customer_id": customer, "provider": api.gateway.code}
    made = await api.must("POST", "/api/v1/subscriptions", body | {"auto_renewal": True})
    await api.checkout(made["invoice_id"])
    return await api.must("GET", f"/api/v1/subscriptions/{made['subscription']['id']}")


async def by_hand(api: Api, subscription_id: str, verb: str, **body: Any) -> Any:
    options = {name: body.pop(name) for name in ("role", "key") if name in body}
    path = f"{ADMIN}/subscriptions/{subscription_id}/{verb}"
    body = {"reason": "asked on the phone"} | body
    return await api.call("POST", path, body, **({"role": "manager"} | options))


async def test_a_pause_and_an_early_end_of_it(api: Api) -> None:
    one = await active(api)
    api.clock.advance(DAY)
    key = str(uuid4())
    paused = await by_hand(api, one["id"], "pause", days=10, key=key)
    again = await by_hand(api, one["id"], "pause", days=10, key=key)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json() == paused.json()
    shown = paused.json()
    assert (shown["status"], shown["has_access"]) == ("paused", False)
    assert shown["paused_until"] == (START + 11 * DAY).isoformat()
    must_be_problem(await by_hand(api, one["id"], "pause", days=3), 409)

    api.clock.advance(4 * DAY)
    resumed = (await by_hand(api, one["id"], "resume")).json()
    assert (resumed["status"], resumed["paused_until"]) == ("active", None)
    end = datetime.fromisoformat(one["period_end"]) + 4 * DAY
    assert datetime.fromisoformat(resumed["period_end"]) == end
    told = await api.rows(
        "SELECT actor, reason, idempotency_key FROM event WHERE name = 'subscription.paused'"
    )
    (fact,) = told
    assert fact["actor"] == "manager:test"
    assert (fact["reason"], fact["idempotency_key"]) == ("asked on the phone", key)


async def test_a_pause_is_over_by_the_clock_whoever_notes_it(api: Api) -> None:
    one = await active(api)
    await by_hand(api, one["id"], "end", end=(START + 40 * DAY).isoformat())
    api.clock.advance(DAY)
    await by_hand(api, one["id"], "pause", days=2)
    api.clock.advance(2 * DAY)
    shown = await api.must("GET", f"/api/v1/subscriptions/{one['id']}")
    assert (shown["status"], shown["has_access"]) == ("active", True)
    job = api.house.jobs()["resume-subscriptions"]
    report = await job(JobOrder(now=api.clock.now(), cause=cause()))
    assert report.counts == {"resumed": 1}
    assert await api.must("GET", f"/api/v1/subscriptions/{one['id']}") == shown


async def test_paid_time_is_given_up_only_when_that_is_said(api: Api) -> None:
    one = await active(api)
    api.clock.advance(DAY)
    end = (START + 10 * DAY).isoformat()
    refused = await by_hand(api, one["id"], "end", end=end)
    must_be_problem(refused, 409)
    assert refused.json()["code"] == "paid_time_lost"
    moved = await by_hand(api, one["id"], "end", end=end, gives_up_paid_time=True)
    assert moved.json()["period_end"] == end
    must_be_problem(await by_hand(api, one["id"], "end", end=START.isoformat()), 422)


async def test_a_change_of_plan_at_once_costs_what_was_quoted(api: Api) -> None:
    one = await active(api)
    dear = await api.price(99900)
    api.clock.advance(14 * DAY)
    quote = await api.must(
        "GET",
        f"{ADMIN}/subscriptions/{one['id']}/plan-quote?price_id={dear}",
        role="manager",
    )
    assert (quote["credit_minor"], quote["due_minor"]) == (24950, 74950)
    done = (await by_hand(api, one["id"], "plan-now", price_id=dear)).json()
    assert {name: done[name] for name in quote} == quote
    assert done["subscription"]["plan_change"]["at_once"] is True
    must_be_problem(await by_hand(api, one["id"], "pause"), 409)
    await api.work()
    after = await api.must("GET", f"/api/v1/subscriptions/{one['id']}")
    assert (after["price_id"], after["plan_change"]) == (dear, None)
    invoice = await api.must("GET", f"/api/v1/invoices/{done['invoice_id']}")
    assert (invoice["amount_minor"], invoice["status"]) == (74950, "paid")


async def test_a_change_with_the_next_period_can_be_taken_back(api: Api) -> None:
    one, dear = await active(api), await api.price(99900)
    agreed = (await by_hand(api, one["id"], "plan", price_id=dear)).json()
    assert agreed["plan_change"]["price_id"] == dear
    assert agreed["price_id"] == one["price_id"]
    kept = (await by_hand(api, one["id"], "keep-plan")).json()
    assert kept["plan_change"] is None


async def test_a_cancel_tells_what_was_not_used_and_closes_it(api: Api) -> None:
    one = await active(api)
    api.clock.advance(14 * DAY)
    done = (await by_hand(api, one["id"], "cancel", refund=True)).json()
    assert (done["unused_minor"], done["currency"]) == (24950, "RUB")
    assert (done["subscription"]["status"], done["subscription"]["has_access"]) == (
        "canceled",
        False,
    )
    again = (await by_hand(api, one["id"], "cancel", refund=True)).json()
    assert again["unused_minor"] is None


async def test_two_managers_who_pause_at_once_pause_it_once(api: Api) -> None:
    one = await active(api)
    both = await asyncio.gather(*(by_hand(api, one["id"], "pause") for _ in range(2)))
    assert sorted(answer.status_code for answer in both) == [200, 409]


@pytest.mark.parametrize("verb", ["pause", "resume", "cancel", "keep-plan"])
async def test_nothing_is_done_without_a_reason_a_key_and_the_right(api: Api, verb: str) -> None:
    one = await active(api)
    before = await api.count("event")
    must_be_problem(await by_hand(api, one["id"], verb, reason=""), 400)
    path = f"{ADMIN}/subscriptions/{one['id']}/{verb}"
    must_be_problem(await api.call("POST", path, {}, role="manager"), 400)
    no_key = {"Idempotency-Key": ""}
    must_be_problem(
        await api.call("POST", path, {"reason": "x"}, role="manager", headers=no_key), 400
    )
    for role in ("customer", "accountant", "service", "worker"):
        must_be_problem(await by_hand(api, one["id"], verb, role=role), 403)
    must_be_problem(await by_hand(api, str(uuid4()), verb), 404)
    assert await api.count("event") == before


async def test_a_list_is_answered_person_by_person(api: Api) -> None:
    price = await api.price()
    people = [await api.customer(f"p-{n}") for n in range(3)]
    given = {"price_id": price, "provider": api.gateway.code, "days": 30, "reason": "sorry"}
    await api.must(
        "POST", f"{ADMIN}/subscriptions", given | {"customer_id": people[1]}, role="manager"
    )
    ids = ["p-0", "p-1", "nobody", "", "x" * 201, "p-2", "p-0", "nul\x00"]
    key = str(uuid4())
    order = given | {"external_ids": ids}
    made = await api.must("POST", f"{ADMIN}/promotions", order, role="manager", key=key)
    again = await api.must("POST", f"{ADMIN}/promotions", order, role="manager", key=key)
    assert again == made
    waiting = await api.must("GET", f"{ADMIN}/promotions/{made['id']}", role="manager")
    assert waiting["results"]["waiting"] == 4

    await api.work()
    shown: list[Any] = []
    cursor = ""
    while True:
        page = await api.must("GET", f"{made['people']}?limit=3{cursor}", role="manager")
        shown += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert [(one["external_id"][:6], one["result"]) for one in shown] == [
        ("p-0", "issued"),
        ("p-1", "already_has"),
        ("nobody", "unknown"),
        ("", "invalid"),
        ("xxxxxx", "invalid"),
        ("p-2", "issued"),
        ("nul\\x0", "invalid"),
    ]
    only = await api.must("GET", f"{made['people']}?result=issued", role="manager")
    assert len(only["items"]) == 2
    one = await api.must("GET", f"/api/v1/subscriptions/{only['items'][0]['subscription_id']}")
    assert (one["has_access"], one["renewal"], one["next_charge_at"]) == (True, "manual", None)
    assert (await api.must("GET", f"{ADMIN}/promotions", role="manager"))["items"] == [
        waiting
        | {"results": {"waiting": 0, "issued": 2, "already_has": 1, "unknown": 1, "invalid": 3}}
    ]


async def test_a_message_of_a_list_that_comes_again_issues_nothing_twice(api: Api) -> None:
    price = await api.price()
    await api.customer("p-0")
    order = {"price_id": price, "provider": api.gateway.code, "days": 3, "reason": "sorry"}
    await api.must("POST", f"{ADMIN}/promotions", order | {"external_ids": ["p-0"]}, role="manager")
    await api.rows(
        "INSERT INTO message (queue, name, payload) SELECT queue, name, payload FROM message "
        "WHERE queue = 'bus' RETURNING id"
    )
    await api.work()
    assert await api.count("subscription") == 1


async def test_the_longest_list_is_taken_and_a_longer_one_is_not(api: Api) -> None:
    price = await api.price()
    order = {"price_id": price, "provider": api.gateway.code, "days": 3, "reason": "sorry"}
    ids = [f"{n:05}-{'x' * 100}" for n in range(10_000)]
    made = await api.must(
        "POST", f"{ADMIN}/promotions", order | {"external_ids": ids}, role="manager"
    )
    assert len(await api.rows("SELECT FROM message WHERE queue = 'bus'")) == 20
    await api.work()
    told = await api.must("GET", f"{ADMIN}/promotions/{made['id']}", role="manager")
    assert told["results"]["unknown"] == 10_000
    too_many = order | {"external_ids": [*ids, "one more"]}
    must_be_problem(await api.call("POST", f"{ADMIN}/promotions", too_many, role="manager"), 400)


async def test_a_price_to_come_is_listed_and_sold_from_its_moment_on(api: Api) -> None:
    now = await api.price()
    (plan,) = (await api.must("GET", "/api/v1/catalog/plans"))["items"]
    begins = START + 3 * DAY
    body = {"amount_minor": 59900, "currency": "RUB", "valid_from": begins.isoformat()}
    prices = f"{ADMIN}/plans/{plan['id']}/prices"
    later = await api.must("POST", prices, body, role="manager")

    async def listed(query: str = "") -> list[str]:
        found = await api.must("GET", f"{ADMIN}/prices{query}", role="manager")
        return [one["id"] for one in found["items"]]

    assert (await listed(), await listed("?coming=true")) == ([now], [later["id"]])
    customer = await api.customer()
    order = {"price_id": later["id"], "customer_id": customer, "provider": api.gateway.code}
    must_be_problem(await api.call("POST", "/api/v1/subscriptions", order), 409)
    past = body | {"valid_from": (START - DAY).isoformat()}
    must_be_problem(await api.call("POST", prices, past, role="manager"), 422)

    api.clock.instant = begins
    assert (await listed(), await listed("?archived=true")) == ([later["id"]], [now])
    (plan,) = (await api.must("GET", "/api/v1/catalog/plans"))["items"]
    assert [one["id"] for one in plan["prices"]] == [later["id"]]
    await api.must("POST", "/api/v1/subscriptions", order)


async def test_features_of_a_plan_are_set_as_a_list(api: Api) -> None:
    await api.price()
    (plan,) = (await api.must("GET", "/api/v1/catalog/plans"))["items"]
    path = f"{ADMIN}/plans/{plan['id']}/features"
    must_be_problem(await api.call("PUT", path, {"features": ["hd"]}, role="manager"), 404)
    await api.must("PUT", f"{ADMIN}/features/hd", {"name": "HD"}, role="manager")
    done = await api.must("PUT", path, {"features": ["hd", "hd"]}, role="manager")
    assert done["features"] == ["hd"]
