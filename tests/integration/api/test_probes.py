"""What orchestrators and Prometheus ask, and how a request is traced."""

import io
import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest

from adapters.postgres.migrations import downgrade, upgrade
from application.idempotency import IdempotencyKey, KeptAnswer
from entrypoints.api.app import create_app
from entrypoints.api.observe import WithRequestId
from entrypoints.cli.logs import log_to_stderr
from entrypoints.container import build_container
from entrypoints.processes import KEYS_KEPT, keep_up
from entrypoints.settings import read_settings
from tests.conftest import FreshDatabase
from tests.integration.api.conftest import NOBODY_LISTENS, Api, served


async def test_alive_and_ready_without_redis(api: Api) -> None:
    assert (await api.client.get("/health")).json() == {"status": "alive"}
    ready = await api.client.get("/ready")
    assert ready.status_code == 200
    assert ready.json()["redis"] == "away"


async def test_metrics_tell_queues_payments_and_requests(api: Api) -> None:
    await api.checkout(await api.invoice(await api.customer()))
    await api.house.run_job()("autopayments")
    text = (await api.client.get("/metrics")).text
    assert 'kazna_payments{provider="scripted",status="succeeded"} 1.0' in text
    assert 'kazna_job_last_success_timestamp_seconds{job="autopayments"}' in text
    assert "kazna_http_request_seconds_bucket" in text
    assert 'kazna_job_runs_total{job="autopayments",result="ok"} 1.0' in text


async def test_a_request_id_leads_from_the_caller_to_the_events(api: Api) -> None:
    request_id = str(uuid4())
    customer = await api.customer()
    answer = await api.call(
        "POST",
        "/api/v1/invoices",
        {
            "customer_id": customer,
            "amount_minor": 100,
            "currency": "RUB",
            "description": "A disc",
            "reference": "1",
        },
        headers={"X-Request-Id": request_id},
    )
    assert answer.headers["X-Request-Id"] == request_id
    (row,) = await api.rows("SELECT DISTINCT correlation_id FROM event")
    assert row["correlation_id"] == request_id


async def test_a_database_without_our_tables_is_not_ready(empty_database: FreshDatabase) -> None:
    async with empty_database() as url:
        house = build_container(read_settings({}), database_url=url, redis_url=NOBODY_LISTENS)
        async with served(create_app(house)) as address, httpx.AsyncClient() as client:
            assert (await client.get(f"{address}/health")).status_code == 200
            assert (await client.get(f"{address}/ready")).status_code == 503
            await upgrade(url)
            assert (await client.get(f"{address}/ready")).status_code == 200
            await downgrade(url, "-1")
            behind = await client.get(f"{address}/ready")
            assert behind.status_code == 503
            assert behind.json()["code"] == "unavailable"


async def test_every_answer_names_its_request(api: Api) -> None:
    mine = str(uuid4())
    for verb, path, headers in (
        ("GET", "/nothing", {}),
        ("PATCH", "/api/v1/invoices", {}),
        ("GET", "/api/v1/invoices", {}),
        ("GET", "/api/v1/invoices", {"Authorization": "Bearer x"}),
        ("GET", "/health", {}),
    ):
        named = headers | {"X-Request-Id": mine}
        answer = await api.client.request(verb, path, headers=named)
        assert answer.headers["X-Request-Id"] == mine
        unnamed = await api.client.request(verb, path, headers=headers)
        assert len(unnamed.headers["X-Request-Id"]) == 36
        assert unnamed.headers["X-Request-Id"] != mine
        assert unnamed.headers["X-Content-Type-Options"] == "nosniff"
    text = (await api.client.get("/metrics")).text
    assert 'kazna_http_requests_total{route="unknown",status="404"} 2.0' in text


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """The log of a process that writes JSON lines."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    log_to_stderr("debug", as_json=True)
    (handler,) = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.addFilter(WithRequestId())
    stream = io.StringIO()
    handler.setStream(stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)


async def test_a_line_of_the_log_names_the_request_and_no_secret(
    api: Api, written: io.StringIO
) -> None:
    customer = await api.customer("canary-7f3a")
    secrets = [api.token("service"), "canary-9d1e"]
    mine = str(uuid4())
    await api.call(
        "GET",
        f"/api/v1/customers/{customer}?token=canary-9d1e",
        headers={"X-Request-Id": mine},
    )
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    (told,) = [line for line in lines if line["logger"] == "kazna.access" and mine in str(line)]
    assert told["request_id"] == mine
    ours = "".join(str(line) for line in lines if line["logger"].startswith("kazna"))
    assert not any(secret in ours for secret in secrets)


async def test_keys_are_kept_for_a_month_and_then_forgotten(api: Api) -> None:
    for name in ("old", "young"):
        key = IdempotencyKey(actor="service:test", key=name, request_hash=b"x")
        async with api.house.open_uow()() as uow:
            await uow.answers.keep(key, KeptAnswer(status=200, body={}))
            await uow.commit()
    for name, age in (("old", KEYS_KEPT + timedelta(hours=1)), ("young", timedelta(days=8))):
        await api.rows(
            "UPDATE idempotency SET created_at = now() - $2::interval WHERE key = $1", name, age
        )
    await keep_up(api.house)
    assert [row["key"] for row in await api.rows("SELECT key FROM idempotency")] == ["young"]
