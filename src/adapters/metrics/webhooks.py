"""How webhook endpoints stand: what was switched off by itself, and who fails since when."""

import asyncpg
from prometheus_client import CollectorRegistry, Gauge

# A few rows: endpoints are the company's own.
_ENDPOINTS = """
SELECT id, status, disabled_why, extract(epoch FROM $1 - failing_since)::float8 AS failing
FROM webhook_endpoint WHERE disabled_why IS DISTINCT FROM 'deleted'
"""
_NAMES = (
    ("webhook_endpoints_given_up", "endpoints that answered 410, or failed for three days"),
    ("webhook_failing_seconds", "since when an endpoint gave no good answer"),
)


async def show_webhooks(
    registry: CollectorRegistry, driver: asyncpg.Connection, now: object
) -> None:
    """Add the gauges of endpoints."""
    (given_up, about_given_up), (failing, about_failing) = _NAMES
    off = Gauge(f"kazna_{given_up}", about_given_up, registry=registry)
    since = Gauge(f"kazna_{failing}", about_failing, ("endpoint",), registry=registry)
    rows = await driver.fetch(_ENDPOINTS, now)
    off.set(sum(row["disabled_why"] in ("failing", "gone") for row in rows))
    for row in rows:
        if row["status"] == "enabled":
            since.labels(str(row["id"])).set(row["failing"] or 0)
