"""People and tasks over the API: who may do what, pages, filters, and keys that repeat."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.integration.api.conftest import Api, must_be_problem


async def hire(api: Api, name: str = "Kesha", role: str = "worker", **more: Any) -> str:
    body = {"name": name, "role": role, **more}
    return str((await api.must("POST", "/api/v1/people", body, role="admin"))["id"])


async def create(api: Api, author: str, title: str = "Feed the parrots", **more: Any) -> Any:
    body = {"title": title, **more}
    return await api.must("POST", "/api/v1/tasks", body, role="worker", subject=author)


async def complete(api: Api, task: str, by: str, role: str = "worker") -> Any:
    return await api.call("POST", f"/api/v1/tasks/{task}/complete", role=role, subject=by)


async def test_a_task_from_creation_to_the_wallet(api: Api) -> None:
    worker = await hire(api)
    made = await create(api, worker, jira_id="UBERPOP-42", description="Green, not blue")
    assert made["assignee_id"] == worker
    path = f"/api/v1/tasks/{made['id']}"
    assert (await api.must("GET", path, role="worker"))["fee_minor"] is None
    await api.work()

    shown = await api.must("GET", path, role="worker")
    assert (shown["status"], shown["jira_id"]) == ("open", "UBERPOP-42")
    assert 1000 <= shown["fee_minor"] <= 2000
    done = (await complete(api, made["id"], worker)).json()
    assert (await complete(api, made["id"], worker)).json() == done
    await api.work()

    account = await api.must("GET", f"/api/v1/accounts/{worker}", role="worker", subject=worker)
    balance = account["wallets"][0]["balance_minor"]
    assert balance == shown["reward_minor"] - shown["fee_minor"]


async def test_only_the_assignee_completes_whatever_their_role(api: Api) -> None:
    worker = await hire(api)
    admin = await hire(api, "Ada", "admin")
    made = await create(api, admin)
    must_be_problem(await complete(api, made["id"], admin, "admin"), 409)
    must_be_problem(await complete(api, str(uuid4()), worker), 404)
    must_be_problem(await complete(api, made["id"], "kesha"), 422)
    assert (await complete(api, made["id"], worker)).status_code == 200


async def test_the_button_is_for_managers_and_a_key_is_one_press(api: Api) -> None:
    worker = await hire(api)
    for _ in range(3):
        await create(api, worker)
    path = "/api/v1/tasks/reassign"
    must_be_problem(await api.call("POST", path, role="worker", subject=worker), 403)
    asked = await api.must("POST", path, role="manager", key="one press")
    again = await api.must("POST", path, role="manager", key="one press")
    assert asked == again
    assert asked["tasks"] == 3
    look = f"/api/v1/tasks/reassignments/{asked['batch_id']}"
    assert (await api.must("GET", look, role="worker"))["status"] == "running"
    await api.work()
    shown = await api.must("GET", look, role="worker")
    assert (shown["status"], shown["reassigned"]) == ("done", 3)
    other = await api.must("POST", path, role="manager", key="another press")
    assert other["batch_id"] != asked["batch_id"]


async def test_nobody_eligible_is_a_conflict_and_writes_nothing(api: Api) -> None:
    manager = await hire(api, "Max", "manager")
    answer = await api.call(
        "POST", "/api/v1/tasks", {"title": "t"}, role="manager", subject=manager
    )
    must_be_problem(answer, 409)
    assert answer.json()["code"] == "no_eligible_assignee"
    must_be_problem(await api.call("POST", "/api/v1/tasks/reassign", role="manager"), 409)
    assert await api.count("task") == await api.count("task_batch") == 0


async def test_tasks_are_read_page_by_page_and_by_what_they_are(api: Api) -> None:
    worker = await hire(api)
    made = [await create(api, worker, f"Task {number}", jira_id="POP-1") for number in range(5)]
    await complete(api, made[0]["id"], worker)
    seen: list[str] = []
    cursor = ""
    while True:
        page = await api.must(
            "GET", f"/api/v1/tasks/mine?limit=2{cursor}", role="worker", subject=worker
        )
        seen += [one["id"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == [one["id"] for one in reversed(made[1:])]
    filters = {
        "status=completed": 1,
        f"assignee_id={worker}": 5,
        f"author_id={uuid4()}": 0,
        "jira_id=POP-1&status=open": 4,
    }
    for text, count in filters.items():
        found = await api.must("GET", f"/api/v1/tasks?{text}", role="worker")
        assert len(found["items"]) == count, text
    held = await api.must("GET", f"/api/v1/tasks/{made[1]['id']}/assignments", role="worker")
    assert [one["assignment_no"] for one in held["items"]] == [1]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"title": "[UBERPOP-1] Feed the parrots"}, 422),
        ({"title": "   "}, 422),
        ({"title": "t", "jira_id": "not a key"}, 422),
        ({"title": "t" * 501}, 400),
        ({"title": "t" * 1_000_000}, 413),
        ({"title": "t", "assignee_id": str(UUID(int=1))}, 400),
    ],
)
async def test_a_task_that_is_wrong_is_refused_whole(
    api: Api, body: dict[str, Any], status: int
) -> None:
    worker = await hire(api)
    answer = await api.call("POST", "/api/v1/tasks", body, role="worker", subject=worker)
    must_be_problem(answer, status)
    assert await api.count("task") == 0


async def test_people_are_kept_by_administrators(api: Api) -> None:
    admin = await hire(api, "Ada", "admin", email="Ada@example.com")
    must_be_problem(
        await api.call(
            "POST", "/api/v1/people", {"name": "B", "email": "ada@example.com"}, role="admin"
        ),
        409,
    )
    must_be_problem(await api.call("POST", "/api/v1/people", {"name": "B"}, role="manager"), 403)
    path = f"/api/v1/people/{admin}"
    must_be_problem(await api.call("PATCH", path, {"role": "worker"}, role="admin"), 409)
    worker = await hire(api)
    for change in ({"role": "manager"}, {"is_active": False}, {"language": "ru"}):
        await api.must("PATCH", f"/api/v1/people/{worker}", change, role="admin")
    shown = await api.must("GET", f"/api/v1/people/{worker}", role="admin")
    assert (shown["role"], shown["is_active"], shown["role_version"]) == ("manager", False, 3)
    found = await api.must("GET", "/api/v1/people?role=admin", role="admin")
    assert [one["id"] for one in found["items"]] == [admin]


async def test_a_payout_destination_is_set_and_never_shown_whole(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    worker = await hire(api)
    path = f"/api/v1/people/{worker}/payout-destination"

    for account in ("41001614575714", "41001614575715"):
        shown = await api.must("PUT", path, {"account": account}, role="admin")
        assert shown == {"person_id": worker, "account_tail": account[-4:]}

    for role in ("manager", "accountant", "worker"):
        answer = await api.call("PUT", path, {"account": "1" * 11}, role=role, subject=worker)
        must_be_problem(answer, 403)
    for wrong in ("", "1" * 10, "1" * 34, "4100161457571x", "41001614575714\n", "\u0661" * 14, 7):
        refused = await api.call("PUT", path, {"account": wrong}, role="admin")
        must_be_problem(refused, 400)
        assert "41001614575" not in refused.text
    nobody = f"/api/v1/people/{uuid4()}/payout-destination"
    must_be_problem(await api.call("PUT", nobody, {"account": "1" * 11}, role="admin"), 404)
    async with api.house.open_uow()() as uow:
        (kept,) = await uow.driver.fetch("SELECT account, set_by FROM payout_destination")
    assert kept["account"] == "41001614575715"
    assert kept["set_by"].startswith("admin:")
    told = [one.getMessage() for one in caplog.records if one.name.startswith("kazna")]
    assert "4100161457571" not in " ".join(told)
