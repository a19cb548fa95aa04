"""What orchestrators and Prometheus ask, and how a request is traced."""

from uuid import uuid4

from tests.integration.api.conftest import Api


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
