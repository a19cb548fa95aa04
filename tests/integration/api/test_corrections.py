"""Corrections by hand: proposed by one, approved by another, entered once, on an open day."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from adapters.postgres.invariants.accounts import check_accounts
from application.jobs import JobOrder
from tests.integration.api.conftest import Api, must_be_problem
from tests.integration.api.test_accounts import a_task, digest
from tests.integration.tasks.exchange import PEOPLE
from tests.integration.tasks.tracker import cause

MINE = str(PEOPLE[1])
ACCOUNTS = "/api/v1/admin/accounts"


async def propose(api: Api, amount_minor: int = 500, **more: Any) -> str:
    body = {"amount_minor": amount_minor, "currency": "USD", "reason": "a broken perch", **more}
    made = await api.must(
        "POST", f"{ACCOUNTS}/{MINE}/adjustments", body, role="accountant", subject="ann"
    )
    return str(made["id"])


async def decide(api: Api, key: str, verb: str = "approve", subject: str = "ada") -> Any:
    path = f"{ACCOUNTS}/corrections/{key}/{verb}"
    return await api.call("POST", path, {"note": "looked"}, role="admin", subject=subject)


async def balance(api: Api) -> int:
    account = await api.must("GET", f"/api/v1/accounts/{MINE}", role="accountant")
    return sum(one["balance_minor"] for one in account["wallets"])


async def log(api: Api) -> list[Any]:
    found = await api.must("GET", f"/api/v1/accounts/{MINE}/log", role="accountant")
    return list(found["items"])


async def pay(api: Api) -> None:
    (payouts,) = [one for one in api.house.exchange().jobs if one.name == "payouts"]
    await payouts(JobOrder(now=api.clock.now(), cause=cause()))


async def sound(api: Api) -> None:
    async with api.house.open_uow()() as uow:
        assert list(await check_accounts(uow.driver)) == []
    assert (await api.house.check_ledger()()).is_clean


async def test_nothing_moves_before_somebody_else_approves(api: Api) -> None:
    key = await propose(api)
    assert await balance(api) == 0
    must_be_problem(await decide(api, key, subject="ann"), 409)
    assert await balance(api) == 0

    done = (await decide(api, key)).json()
    assert (done["state"], done["decided_by"]) == ("approved", "admin:ada")
    assert await balance(api) == 500
    must_be_problem(await decide(api, key), 409)
    must_be_problem(await decide(api, key, "reject"), 409)
    must_be_problem(await decide(api, str(uuid4())), 404)
    (entry,) = await log(api)
    assert (entry["kind"], entry["amount_minor"]) == ("ADJUSTMENT", 500)
    shown = await api.must("GET", f"{ACCOUNTS}/corrections?status=approved", role="accountant")
    assert [one["posted_id"] for one in shown["items"]] == [entry["operation_id"]]
    await sound(api)


async def test_two_who_approve_at_once_enter_it_once(api: Api) -> None:
    key = await propose(api, -700)
    both = await asyncio.gather(*(decide(api, key, subject=f"ada{n}") for n in range(2)))
    assert sorted(one.status_code for one in both) == [200, 409]
    assert await balance(api) == -700
    await sound(api)


async def test_a_rejected_proposal_moves_nothing(api: Api) -> None:
    key = await propose(api)
    assert (await decide(api, key, "reject")).json()["state"] == "rejected"
    assert await balance(api) == 0


async def test_an_operation_is_taken_back_once(api: Api) -> None:
    task = a_task(api)
    await digest(api, *task.sent)
    before = await balance(api)
    reward, fee = await log(api)
    path = f"{ACCOUNTS}/operations/{{}}/reversal"

    async def take_back(operation: str) -> Any:
        body = {"reason": "the task was a duplicate"}
        return await api.call(
            "POST", path.format(operation), body, role="accountant", subject="ann"
        )

    first = (await take_back(reward["operation_id"])).json()
    must_be_problem(await take_back(reward["operation_id"]), 409)
    await decide(api, first["id"], "reject")
    second = (await take_back(reward["operation_id"])).json()
    assert (await decide(api, second["id"])).status_code == 200
    must_be_problem(await take_back(reward["operation_id"]), 409)
    must_be_problem(await take_back(str(uuid4())), 404)

    assert await balance(api) == before - task.reward == -task.fee
    entry = (await log(api))[0]
    assert (entry["kind"], entry["title"]) == ("REVERSAL", "Task 1")
    must_be_problem(await take_back(entry["operation_id"]), 409)
    (told,) = await api.rows("SELECT data FROM event WHERE data ->> 'kind' = 'REVERSAL'")
    assert told["data"]["reverses"] == reward["operation_id"]
    assert told["data"]["reverses_kind"] == "TASK_REWARD"
    income = await api.rows(
        "SELECT code, balance_minor FROM account JOIN account_balance ON account_id = id "
        "WHERE code = 'reward_expense'"
    )
    assert sum(row["balance_minor"] for row in income) == 0
    del fee
    await sound(api)


async def test_a_correction_of_a_closed_day_is_paid_with_the_first_open_one(api: Api) -> None:
    task = a_task(api)
    await digest(api, *task.sent)
    key = await propose(api)
    api.clock.advance(timedelta(days=1))
    await pay(api)
    assert await balance(api) == 0
    await decide(api, key)
    assert await balance(api) == 500
    api.clock.advance(timedelta(days=1))
    await pay(api)
    paid = await api.must("GET", f"/api/v1/accounts/{MINE}/payouts", role="worker", subject=MINE)
    assert [one["amount_minor"] for one in paid["items"]] == [500, task.reward - task.fee]
    everybody = await api.must("GET", f"{ACCOUNTS}/payouts?limit=1", role="accountant")
    more = await api.must(
        "GET", f"{ACCOUNTS}/payouts?limit=1&cursor={everybody['next_cursor']}", role="accountant"
    )
    assert [*everybody["items"], *more["items"]] == paid["items"]
    await sound(api)


async def test_a_wallet_that_is_held_is_carried_until_it_is_let_go(api: Api) -> None:
    task = a_task(api)
    await digest(api, *task.sent)

    async def hold(is_held: bool) -> None:
        body = {"currency": "USD", "is_held": is_held, "reason": "a dispute"}
        await api.must("PUT", f"{ACCOUNTS}/{MINE}/hold", body, role="accountant")

    await hold(True)
    await hold(True)
    for _ in range(2):
        api.clock.advance(timedelta(days=1))
        await pay(api)
    assert await balance(api) == task.reward - task.fee
    await hold(False)
    api.clock.advance(timedelta(days=1))
    await pay(api)
    assert await balance(api) == 0
    assert await api.count("payout") == 1
    told = await api.rows("SELECT data FROM event WHERE name = 'WalletHeld' ORDER BY position")
    assert [row["data"]["is_held"] for row in told] == [True, False]
    await sound(api)


@pytest.mark.parametrize("amount", [0, 10**12 + 1])
async def test_amounts_that_are_none_are_refused(api: Api, amount: int) -> None:
    body = {"amount_minor": amount, "currency": "USD", "reason": "r"}
    answer = await api.call("POST", f"{ACCOUNTS}/{MINE}/adjustments", body, role="accountant")
    assert answer.status_code in (400, 422)
    assert await api.count("correction") == 0


async def test_an_accountant_lets_the_days_be_paid(api: Api) -> None:
    task = a_task(api)
    await digest(api, *task.sent)
    api.clock.advance(timedelta(days=1))
    path = f"{ACCOUNTS}/payout-runs"
    must_be_problem(await api.call("POST", path, role="manager"), 403)
    asked = await api.must("POST", path, role="accountant", key="once")
    assert await api.must("POST", path, role="accountant", key="once") == asked
    await api.work()
    (run,) = (await api.must("GET", path, role="accountant"))["items"]
    assert (run["status"], run["payouts"]) == ("done", 1)
    shown = await api.client.get("/metrics")
    assert "kazna_exchange_closed_behind_seconds" in shown.text
    assert 'kazna_exchange_waiting_facts{state="dead"} 0.0' in shown.text
