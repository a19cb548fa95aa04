"""Webhooks by API: an endpoint's life, its log, and what is refused."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.adapters.raw_server import answer
from tests.integration.api.conftest import Api, must_be_problem
from tests.integration.webhooks.hooks import LEFT
from tests.integration.webhooks.receiver import GOOD, Receiver, receiver

PATH = "/api/v1/admin/webhook-endpoints"
LOG = "/api/v1/admin/webhook-deliveries"


@pytest.fixture
async def program() -> AsyncIterator[Receiver]:
    async with receiver() as listening:
        yield listening


async def admin(api: Api, method: str, path: str, body: Any = None) -> Any:
    return await api.must(method, path, body, role="admin")


async def created(api: Api, url: str, *events: str) -> Any:
    return await admin(api, "POST", PATH, {"url": url, "events": [*events], "description": "shop"})


async def tell(api: Api) -> None:
    """Look and carry out until all that is on record was read; others may hold the horizon."""
    deadline = time.monotonic() + 10
    while True:
        await api.house.run_job()("webhooks")
        await api.work()
        if not (await api.rows(LEFT))[0]["exists"]:
            return
        assert time.monotonic() < deadline, "not every event was read"
        await asyncio.sleep(0.01)


async def test_a_payment_reaches_the_program_that_asked_for_it(api: Api, program: Receiver) -> None:
    made = await created(api, program.url, "invoice.paid", "payment.*")
    invoice = await api.invoice(await api.customer())
    await api.checkout(invoice)
    await tell(api)

    names = [one.told["event_name"] for one in program.heard]
    assert "invoice.paid" in names
    assert all(name == "invoice.paid" or name.startswith("payment.") for name in names)
    for one in program.heard:
        one.verified(made["secret"])
    page = await admin(api, "GET", f"{LOG}?limit=2&status=delivered")
    assert len(page["items"]) == 2
    rest = await admin(api, "GET", f"{LOG}?cursor={page['next_cursor']}")
    assert len(page["items"]) + len(rest["items"]) == len(names)
    [paid] = (await admin(api, "GET", f"{LOG}?event_name=invoice.paid"))["items"]
    assert (paid["aggregate_id"], paid["status"], paid["last_code"]) == (invoice, "delivered", 204)
    for nothing in (f"endpoint_id={uuid4()}", "status=failed", "until=2001-01-01T00:00:00Z"):
        assert (await admin(api, "GET", f"{LOG}?{nothing}"))["items"] == []
    assert len((await admin(api, "GET", f"{LOG}?event_id={paid['event_id']}"))["items"]) == 1


async def test_an_endpoint_is_shown_without_its_secret(api: Api) -> None:
    made = await created(api, "https://hooks.example.com/a", "*")
    assert set(made) == {"id", "secret"}
    assert made["secret"].startswith("whsec_")
    shown = await admin(api, "GET", f"{PATH}/{made['id']}")
    assert made["secret"] not in str(shown)
    assert shown["events"] == ["*"]
    assert shown["status"] == "enabled"
    other = await created(api, "https://hooks.example.com/b", "payment.*")
    listed = await admin(api, "GET", PATH)
    assert [one["id"] for one in listed["items"]] == [other["id"], made["id"]]
    first = await admin(api, "GET", f"{PATH}?limit=1")
    second = await admin(api, "GET", f"{PATH}?limit=1&cursor={first['next_cursor']}")
    assert [one["id"] for one in first["items"] + second["items"]] == [other["id"], made["id"]]


async def test_it_is_changed_switched_off_and_deleted(api: Api) -> None:
    key = (await created(api, "https://hooks.example.com/a", "*"))["id"]
    changed = await admin(api, "PATCH", f"{PATH}/{key}", {"events": ["payment.*", "payment.*"]})
    assert (changed["events"], changed["url"]) == (["payment.*"], "https://hooks.example.com/a")
    off = await admin(api, "PATCH", f"{PATH}/{key}", {"is_enabled": False})
    assert (off["status"], off["disabled_why"]) == ("disabled", "by_hand")
    must_be_problem(await api.call("POST", f"{PATH}/{key}/test", role="admin"), 409)
    on = await admin(api, "PATCH", f"{PATH}/{key}", {"is_enabled": True, "description": "till"})
    assert (on["status"], on["disabled_why"], on["description"]) == ("enabled", None, "till")

    answered = await api.call("DELETE", f"{PATH}/{key}", role="admin")
    assert answered.status_code == 204
    for method, path, body in (
        ("GET", "", None),
        ("PATCH", "", {}),
        ("DELETE", "", None),
        ("POST", "/rotate", None),
        ("POST", "/test", None),
        ("POST", "/resend", {"since": "2026-01-01T00:00:00Z"}),
    ):
        status = 409 if path == "/resend" else 404
        found = await api.call(method, f"{PATH}/{key}{path}", body, role="admin")
        must_be_problem(found, status)
    assert (await admin(api, "GET", PATH))["items"] == []
    assert await api.count("webhook_secret") == 0
    changes = await api.rows(
        "SELECT data ->> 'change' AS change, actor FROM event "
        "WHERE name = 'webhooks.endpoint_changed' ORDER BY position"
    )
    assert [one["change"] for one in changes] == ["created", *["changed"] * 3, "deleted"]
    assert {one["actor"] for one in changes} == {"admin:test"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"url": "https://10.0.0.1/x", "events": ["*"]}, 422),
        ({"url": "https://[fd00::1]/x", "events": ["*"]}, 422),
        ({"url": "http://169.254.169.254/latest", "events": ["*"]}, 422),
        ({"url": "https://a:b@example.com/x", "events": ["*"]}, 422),
        ({"url": "ftp://example.com/x", "events": ["*"]}, 400),
        ({"url": "https://example.com/x", "events": []}, 400),
        ({"url": "https://example.com/x", "events": ["pay*"]}, 400),
        ({"url": "https://example.com/x", "events": ["*"], "secret": "mine"}, 400),
    ],
)
async def test_what_is_no_endpoint_leaves_nothing(
    api: Api, body: dict[str, Any], status: int
) -> None:
    must_be_problem(await api.call("POST", PATH, body, role="admin"), status)
    key = (await created(api, "https://hooks.example.com/a", "*"))["id"]
    refused = await api.call("PATCH", f"{PATH}/{key}", body, role="admin")
    must_be_problem(refused, status)
    assert [one["url"] for one in (await admin(api, "GET", PATH))["items"]] == [
        "https://hooks.example.com/a"
    ]


async def test_a_secret_is_rotated_and_a_test_is_signed_with_both(
    api: Api, program: Receiver
) -> None:
    made = await created(api, program.url, "payment.refunded")
    new = await admin(api, "POST", f"{PATH}/{made['id']}/rotate")
    shown = await admin(api, "GET", f"{PATH}/{made['id']}")
    until = datetime.fromisoformat(shown["old_secret_valid_until"])
    assert until == datetime.fromisoformat(new["old_secret_valid_until"])
    answered = await api.call("POST", f"{PATH}/{made['id']}/test", role="admin")
    assert answered.status_code == 202
    await tell(api)

    [heard] = program.heard
    assert heard.verified(made["secret"]) == heard.verified(new["secret"])
    assert heard.told["event_name"] == "webhooks.tested"
    kept = await api.rows("SELECT body FROM idempotency")
    assert kept == [], "an answer with a secret is not kept"


async def test_what_failed_is_sent_again_by_hand(api: Api, program: Receiver) -> None:
    made = await created(api, program.url, "invoice.*")
    program.decide = lambda _: answer(410, b"closed")
    await api.invoice(await api.customer())
    before = api.clock.now() - timedelta(minutes=1)
    await tell(api)
    [failed] = (await admin(api, "GET", f"{LOG}?status=failed"))["items"]
    assert (failed["last_code"], failed["last_answer"]) == (410, "closed")
    again = f"{LOG}/{failed['id']}/resend"
    must_be_problem(await api.call("POST", again, role="admin"), 409)

    program.decide = lambda _: GOOD
    await admin(api, "PATCH", f"{PATH}/{made['id']}", {"is_enabled": True})
    body = {"since": before.isoformat()}
    assert await admin(api, "POST", f"{PATH}/{made['id']}/resend", body) == {"ordered": 1}
    assert await admin(api, "POST", again) == {"ordered": 0}
    await tell(api)
    assert await admin(api, "POST", again) == {"ordered": 1}
    await tell(api)
    assert len({one.event_id for one in program.heard}) == 1
    assert len(program.heard) == 3
    must_be_problem(await api.call("POST", f"{LOG}/{uuid4()}/resend", role="admin"), 404)
    naive = {"since": "2026-01-01T00:00:00"}
    path = f"{PATH}/{made['id']}/resend"
    must_be_problem(await api.call("POST", path, naive, role="admin"), 422)
