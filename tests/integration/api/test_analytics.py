"""What the company earned, the dearest task, the red and subscriptions, over HTTP and as CSV."""

import asyncio
import csv
import io
import time
from datetime import timedelta
from typing import Any

import pytest

from application.jobs import JobOrder
from tests.integration.api.conftest import Api, must_be_problem
from tests.integration.api.test_accounts import digest
from tests.integration.billing.house import cause
from tests.integration.tasks.exchange import PEOPLE, Task

DAY = timedelta(days=1)


async def count(api: Api) -> None:
    """Count until every event is counted."""
    job = api.house.jobs()["analytics"]

    deadline = time.monotonic() + 10
    while True:
        await job(JobOrder(now=api.clock.now(), cause=cause("count")))
        if not await api.rows(
            "SELECT 1 FROM event, feed_cursor "
            "WHERE (xid, event.position) > (transaction::text::xid8, feed_cursor.position)"
        ):
            return
        assert time.monotonic() < deadline, "not every event was counted"
        await asyncio.sleep(0.01)


async def ask(api: Api, what: str, role: str = "accountant", **options: Any) -> Any:
    return await api.call("GET", f"/api/v1/analytics/{what}", role=role, **options)


async def told(api: Api, what: str) -> Any:
    answer = await ask(api, what)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def three_days(api: Api) -> list[Task]:
    """Live three days: tasks 1..6, two a day, both done by person 1; person 2 owes for two."""
    tasks = []
    for day in range(3):
        for number in (2 * day + 1, 2 * day + 2):
            task = Task(number, now=api.clock.now())
            task.created(), task.assigned(1), task.completed()
            for sent in task.sent:
                sent["data"] |= {"jira_id": f"AB-{number}", "author_id": str(PEOPLE[0])}
            await digest(api, *task.sent)
            tasks.append(task)
        if day < 2:
            api.clock.advance(DAY)
    for number in (11, 12):
        given = Task(number, now=api.clock.now())
        await digest(api, given.created(), given.assigned(2))
        tasks.append(given)
    await count(api)
    return tasks


async def test_income_is_told_by_day_and_in_all_and_of_today_if_no_day_is_named(api: Api) -> None:
    tasks = await three_days(api)
    nets = [sum(task.fee - task.reward for task in tasks[at : at + 2]) for at in (0, 2, 4)]
    nets[2] += sum(task.fee for task in tasks[6:])

    whole = await told(api, "income?from=2026-01-31&to=2026-02-05")
    assert [(one["day"], one["net_minor"]) for one in whole["days"]] == [
        ("2026-01-31", nets[0]),
        ("2026-02-01", nets[1]),
        ("2026-02-02", nets[2]),
    ]
    (total,) = whole["totals"]
    assert (total["currency"], total["net_minor"]) == ("USD", sum(nets))
    assert total["fees_minor"] == sum(task.fee for task in tasks)
    assert whole["as_of"] == "2026-02-02T12:00:00+00:00"
    today = await told(api, "income?dated=posting")
    assert (today["from"], today["to"], today["dated"]) == ("2026-02-02", "2026-02-02", "posting")
    assert [one["net_minor"] for one in today["days"]] == [nets[2]]


async def test_before_anything_is_counted_there_is_nothing_as_of_nothing(api: Api) -> None:
    income = await told(api, "income")
    assert (income["as_of"], income["days"], income["totals"]) == (None, [], [])
    dearest = await told(api, "dearest-task?period=month")
    assert (dearest["task"], dearest["by_day"]) == (None, [])


async def test_the_dearest_task_comes_with_its_details(api: Api) -> None:
    tasks = (await three_days(api))[:6]
    best = min(tasks, key=lambda task: (-task.reward, task.now, task.id))

    found = await told(api, "dearest-task?period=custom&from=2026-01-31&to=2026-02-02")
    assert found["task"]["task_id"] == str(best.id)
    assert found["task"]["price_minor"] == best.reward
    assert found["task"]["title"] == f"Task {best.number}"
    assert found["task"]["jira_id"] == f"AB-{best.number}"
    assert found["task"]["completed_by"] == str(PEOPLE[1])
    assert found["task"]["author_id"] == str(PEOPLE[0])
    assert [one["price_minor"] for one in found["by_day"]] == [
        max(task.reward for task in tasks[at : at + 2]) for at in (0, 2, 4)
    ]
    today = await told(api, "dearest-task")
    assert today["task"]["price_minor"] == found["by_day"][2]["price_minor"]
    january = await told(api, "dearest-task?period=month&on=2026-01-15")
    assert (january["from"], january["to"]) == ("2026-01-01", "2026-01-31")
    assert january["task"]["price_minor"] == found["by_day"][0]["price_minor"]
    week = await told(api, "dearest-task?period=week&on=2026-02-01")
    assert (week["from"], week["to"]) == ("2026-01-26", "2026-02-01")
    assert week["task"]["price_minor"] == max(task.reward for task in tasks[:4])
    assert (await told(api, "dearest-task?currency=EUR&period=month"))["task"] is None


async def test_the_red_is_told_now_at_close_and_by_what_a_day_cost(api: Api) -> None:
    tasks = await three_days(api)
    for number, person in ((21, 3), (22, 4)):
        given = Task(number, now=api.clock.now())
        await digest(api, given.created(), given.assigned(person))
        tasks.append(given)
    api.clock.advance(DAY)
    await api.house.jobs()["payouts"](JobOrder(now=api.clock.now(), cause=cause("pay")))
    await count(api)

    found = await told(api, "in-the-red?from=2026-01-31&to=2026-02-03&limit=2")
    assert found["owing_now"] == 3
    owed = {
        str(PEOPLE[2]): -tasks[6].fee - tasks[7].fee,
        str(PEOPLE[3]): -tasks[8].fee,
        str(PEOPLE[4]): -tasks[9].fee,
    }
    second = await told(api, f"in-the-red?limit=2&cursor={found['next_cursor']}")
    people = [*found["items"], *second["items"]]
    assert {one["person_id"]: one["balance_minor"] for one in people} == owed
    assert [one["balance_minor"] for one in people] == sorted(owed.values())
    assert second["next_cursor"] is None
    assert found["owing_at_close"][-1] == {"day": "2026-02-02", "people": 3}
    assert found["lost_on_the_day"] == [{"day": "2026-02-02", "people": 3}]


async def pay(api: Api, payment_id: str) -> None:
    payment = await api.must("GET", f"/api/v1/payments/{payment_id}")
    api.gateway.gateway.pay(payment["external_id"])
    await api.must("POST", f"/api/v1/payments/{payment_id}/paid")
    await api.work()


async def test_subscriptions_are_told_in_figures(api: Api) -> None:
    customer = await api.customer()
    month = await api.price(49900)
    trial = await api.price(99000, name="Tried", trial_days=200)
    for price in (month, trial):
        made = await api.must(
            "POST",
            "/api/v1/subscriptions",
            {
                "customer_id": customer,
                "price_id": price,
                "provider": api.gateway.code,
                "pay": "redirect",
                "return_url": "http://127.0.0.1:8000/thanks",
                "auto_renewal": True,
            },
        )
        if price == month:
            await pay(api, made["payment"]["payment_id"])
    await api.checkout(await api.invoice(customer, 1500))

    found = await told(api, "subscriptions")
    (gateway,) = found["gateways"]
    assert (gateway["gateway"], gateway["taken_minor"]) == (api.gateway.code, 49900 + 1500)
    assert (gateway["returned_minor"], gateway["net_minor"]) == (0, 51400)
    assert {one["account"]: one["amount_minor"] for one in found["revenue"]} == {
        "purchase_revenue": 1500,
        "subscription_revenue": 49900,
    }
    (total,) = found["totals"]
    assert total == {
        "currency": "RUB",
        "active": 2,
        "in_trial": 1,
        "past_due": 0,
        "mrr_minor": 49900,
        "new": 2,
        "churned": 0,
    }

    api.clock.advance(90 * DAY)
    await api.house.jobs()["expire-subscriptions"](
        JobOrder(now=api.clock.now(), cause=cause("expire"))
    )
    (row,) = await api.rows("SELECT status FROM subscription WHERE amount_minor = 49900")
    assert row["status"] == "expired"
    (total,) = (await told(api, "subscriptions"))["totals"]
    assert (total["active"], total["mrr_minor"], total["churned"]) == (1, 0, 1)
    (total,) = (await told(api, "subscriptions?from=2026-01-01&to=2026-01-30"))["totals"]
    assert (total["new"], total["churned"], total["active"]) == (0, 0, 1)


async def test_tables_are_exported_as_csv(api: Api) -> None:
    await three_days(api)
    whole = await told(api, "income?from=2026-01-31&to=2026-02-02")

    answer = await ask(api, "income?from=2026-01-31&to=2026-02-02&format=csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["x-as-of"] == whole["as_of"]
    assert 'filename="income-days.csv"' in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert rows == [{name: str(value) for name, value in one.items()} for one in whole["days"]]
    accepted = await ask(api, "income?table=totals", headers={"Accept": "text/csv;q=0.9"})
    assert accepted.text.startswith("currency,fees_minor,")
    assert len(accepted.text.splitlines()) == 2
    pages = await ask(api, "in-the-red?format=csv&limit=1")
    assert len(pages.text.splitlines()) == 2
    assert "x-next-cursor" not in pages.headers
    must_be_problem(await ask(api, "income?format=csv&table=nonsense"), 422)
    must_be_problem(await ask(api, "income?format=xls"), 400)


async def test_no_cell_is_a_formula(api: Api) -> None:
    task = Task(1, now=api.clock.now())
    task.created(), task.assigned(1), task.completed()
    for sent in task.sent:
        sent["data"] |= {"title": "=HYPERLINK(1)", "description": '@a, "b"\n-c'}
    await digest(api, *task.sent)
    await count(api)

    answer = await ask(api, "dearest-task?format=csv")
    (row,) = csv.DictReader(io.StringIO(answer.text, newline=""))
    assert row["title"] == "'=HYPERLINK(1)"
    assert row["description"] == '\'@a, "b"\n-c'
    assert row["price_minor"] == str(task.reward)
    nothing = await ask(api, "dearest-task?format=csv&on=2020-01-01")
    assert len(nothing.text.splitlines()) == 1


@pytest.mark.parametrize(
    "what",
    [
        "income?from=2026-03-02&to=2026-03-01",
        "income?from=0001-01-01&to=0001-01-02",
        "income?from=1990-01-01&to=2026-01-01",
        "dearest-task?from=2026-03-01",
        "dearest-task?period=custom&on=2026-03-01",
        "dearest-task?period=week&on=9999-12-31",
        "dearest-task?currency=nonsense",
        "in-the-red?cursor=nonsense",
        "in-the-red?cursor=LTF8eHw",
        "subscriptions?from=9999-12-31",
    ],
)
async def test_what_makes_no_sense_is_refused(api: Api, what: str) -> None:
    must_be_problem(await ask(api, what), 422)


@pytest.mark.parametrize(
    "what", ["income?from=yesterday", "income?dated=never", "dearest-task?period=year"]
)
async def test_what_cannot_be_read_is_refused(api: Api, what: str) -> None:
    must_be_problem(await ask(api, what), 400)


async def test_only_those_who_keep_the_books_may_ask(api: Api) -> None:
    for what in ("income", "dearest-task", "in-the-red", "subscriptions"):
        for role in ("worker", "manager", "service", "customer"):
            must_be_problem(await ask(api, what, role), 403)
        for role in ("accountant", "admin"):
            assert (await ask(api, what, role)).status_code == 200
