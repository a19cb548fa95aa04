"""People's accounts: one's own, others' for those who keep the books, and facts that died."""

from typing import Any
from uuid import uuid4

from application.ledger.task_events import TASK_EVENT
from tests.integration.api.conftest import Api, must_be_problem
from tests.integration.tasks.exchange import PEOPLE, Task, messages

MINE, OTHERS = str(PEOPLE[1]), str(PEOPLE[2])


async def digest(api: Api, *envelopes: dict[str, Any]) -> None:
    handler = api.house.exchange().handlers[TASK_EVENT]
    async with api.house.open_uow()() as uow:
        await handler(uow, messages(envelopes))
        await uow.commit()


def a_task(api: Api) -> Task:
    task = Task(1, now=api.clock.now())
    task.created(jira_id="UBERPOP-42", description="Green, not blue"), task.assigned(1)
    task.completed()
    for sent in task.sent:
        sent["data"] |= {"jira_id": "UBERPOP-42", "description": "Green, not blue"}
    return task


async def look(api: Api, path: str, person: str = MINE, role: str = "worker") -> Any:
    return await api.call("GET", f"/api/v1/accounts/{person}{path}", role=role, subject=MINE)


async def test_a_person_sees_what_moved_their_wallet_and_what_stood_in_it_after(api: Api) -> None:
    task = a_task(api)
    await digest(api, *task.sent)

    account = (await look(api, "")).json()
    (wallet,) = account["wallets"]
    assert wallet["balance_minor"] == task.reward - task.fee
    assert wallet["net_today_minor"] == task.reward - task.fee
    entries = (await look(api, "/log")).json()["items"]
    assert [(one["kind"], one["amount_minor"], one["balance_minor"]) for one in entries] == [
        ("TASK_REWARD", task.reward, task.reward - task.fee),
        ("ASSIGN_FEE", -task.fee, -task.fee),
    ]
    assert entries[0]["title"] == "Task 1"


async def test_a_log_is_read_page_by_page(api: Api) -> None:
    task = a_task(api)
    await digest(api, *task.sent)

    answer = await look(api, "/log?limit=1")
    first = answer.json()
    assert answer.status_code == 200, first
    second = (await look(api, f"/log?limit=1&cursor={first['next_cursor']}")).json()
    assert [first["items"][0]["seq"], second["items"][0]["seq"]] == [2, 1]
    assert second["next_cursor"] is None
    must_be_problem(await look(api, "/log?cursor=nonsense"), 422)


async def test_others_accounts_are_not_there_for_people_and_are_for_those_who_keep_the_books(
    api: Api,
) -> None:
    await digest(api, *a_task(api).sent)

    for path in ("", "/log"):
        must_be_problem(await look(api, path, OTHERS), 404)
        must_be_problem(await look(api, path, OTHERS, "manager"), 404)
        assert (await look(api, path, OTHERS, "accountant")).status_code == 200
        assert (await look(api, path, OTHERS, "admin")).status_code == 200


async def test_a_fact_that_died_is_looked_at_and_digested_again(api: Api) -> None:
    task = a_task(api)
    task.assignee = 2
    second = task.completed()
    await digest(api, *task.sent)

    dead = (await api.must("GET", "/api/v1/admin/accounts/dead-facts", role="accountant"))["items"]
    assert [one["event_id"] for one in dead] == [second["event_id"]]
    assert "somebody else" in dead[0]["why"]
    path = f"/api/v1/admin/accounts/dead-facts/{second['event_id']}/replay"
    must_be_problem(await api.call("POST", path, {"note": "looked"}, role="accountant"), 403)
    await api.must("POST", path, {"note": "looked"}, role="admin")
    (waiting,) = await api.rows("SELECT payload FROM message WHERE name = $1", TASK_EVENT)
    assert waiting["payload"] == second
    must_be_problem(await api.call("POST", path, {"note": "again"}, role="admin"), 404)
    never = path.replace(second["event_id"], str(uuid4()))
    must_be_problem(await api.call("POST", never, {"note": "none"}, role="admin"), 404)
