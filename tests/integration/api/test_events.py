"""Events of a partner's tracker: signed, taken once, and the wrong ones named."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from adapters.security.seal import sign
from application.ledger.task_events import TASK_EVENT
from tests.integration.api.conftest import TRACKER_KEY, Api, must_be_problem
from tests.integration.tasks.exchange import PEOPLE, Task, messages


async def send(
    api: Api, events: Any, *, key: str = TRACKER_KEY, late: int = 0, **changed: str
) -> Any:
    body = events if isinstance(events, bytes) else json.dumps({"events": events}).encode()
    timestamp = str(int(api.clock.now().timestamp()) - late)
    headers = {
        "x-partner": "tracker",
        "x-timestamp": timestamp,
        "x-signature": sign(key, timestamp, body),
        "content-type": "application/json",
        **changed,
    }
    return await api.client.post("/api/v1/events", content=body, headers=headers)


async def waiting(api: Api) -> list[Any]:
    return await api.rows("SELECT payload FROM message WHERE name = $1 ORDER BY id", TASK_EVENT)


def some(api: Api) -> Task:
    task = Task(1, now=api.clock.now())
    task.created(), task.assigned(1), task.completed()
    return task


async def test_events_are_taken_once_and_reach_the_books(api: Api) -> None:
    task = some(api)
    first = await send(api, [*task.sent, task.sent[0]])
    second = await send(api, task.sent)

    assert first.json() == {"accepted": 3, "repeated": 1, "refused": []}
    assert second.json() == {"accepted": 0, "repeated": 3, "refused": []}
    told = [{**one, "producer": "tracker"} for one in task.sent]
    assert [row["payload"] for row in await waiting(api)] == told
    digest = api.house.exchange().handlers[TASK_EVENT]
    async with api.house.open_uow()() as uow:
        await digest(uow, messages(row["payload"] for row in await waiting(api)))
        await uow.commit()
    entries = await api.rows("SELECT person_id, kind FROM wallet_entry ORDER BY seq")
    assert [(UUID(str(row["person_id"])), row["kind"]) for row in entries] == [
        (PEOPLE[1], "ASSIGN_FEE"),
        (PEOPLE[1], "TASK_REWARD"),
    ]


async def test_what_is_wrong_is_named_and_keeps_nobody_out(api: Api) -> None:
    task = some(api)
    wrong = [{**task.sent[1], "event_version": 7, "event_id": str(uuid4())}, {"event_id": "x"}]
    answer = (await send(api, [wrong[0], *task.sent, wrong[1]])).json()

    assert answer["accepted"] == 3
    assert [(one["place"], one["event_id"]) for one in answer["refused"]] == [
        (0, wrong[0]["event_id"]),
        (4, None),
    ]
    assert "version 7" in answer["refused"][0]["why"]
    assert len(await waiting(api)) == 3


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": "another key of thirty-two letters"},
        {"late": 301},
        {"late": -301},
        {"x-partner": "somebody"},
        {"x-partner": ""},
        {"x-signature": ""},
        {"x-timestamp": "soon"},
    ],
)
async def test_what_is_not_signed_as_agreed_leaves_nothing(api: Api, wrong: dict[str, Any]) -> None:
    must_be_problem(await send(api, some(api).sent, **wrong), 403)
    assert await waiting(api) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"events": []}',
        b'{"events": [1]}',
        b'{"events": [], "more": 1}',
        b"\xff",
    ],
)
async def test_bodies_that_are_none(api: Api, body: bytes) -> None:
    must_be_problem(await send(api, body), 400)


async def test_more_than_a_request_may_bring(api: Api) -> None:
    small = [{"event_id": str(uuid4())} for _ in range(501)]
    must_be_problem(await send(api, small), 400)


async def test_what_partners_told_is_read_back_by_whoever_may(api: Api) -> None:
    task = some(api)
    await send(api, task.sent)
    await send(api, task.sent)

    first = await api.must("GET", "/api/v1/events?limit=2", role="service")
    second = await api.must("GET", f"/api/v1/events?after={first['after']}", role="service")
    told = first["events"] + second["events"]
    assert [one["event_id"] for one in told] == [one["event_id"] for one in task.sent]
    assert {one["producer"] for one in told} == {"tracker"}
    assert [one["data"] for one in told] == [one["data"] for one in task.sent]
    third = await api.must("GET", f"/api/v1/events?after={second['after']}", role="service")
    assert third == {"events": [], "after": second["after"]}
    for role in ("worker", "manager", "accountant", "customer"):
        must_be_problem(await api.call("GET", "/api/v1/events", role=role), 403)
    for place in ("1", "1.x", "01.2", "9999999999999999999.1"):
        answer = await api.call("GET", f"/api/v1/events?after={place}", role="service")
        assert answer.status_code in (400, 422), place


async def test_text_that_no_database_keeps_is_named_too(api: Api) -> None:
    task = some(api)
    task.sent[0]["data"]["colour"] = "gr\x00en"
    task.sent[1]["correlation_id"] = "\x00"
    answer = (await send(api, task.sent)).json()
    assert answer["accepted"] == 1
    assert [one["place"] for one in answer["refused"]] == [0, 1]
