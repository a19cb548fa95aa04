"""Requests above what a process serves are turned away with a problem, and counted."""

import asyncio
import json
from typing import Any

from adapters.metrics.prometheus import PrometheusMetrics
from entrypoints.api.crowd import AtMost


async def _asked(app: AtMost, path: str = "/api/v1/invoices") -> list[Any]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("nobody reads a body here")

    await app({"type": "http", "path": path}, receive, send)  # type: ignore[typeddict-item]
    return sent


async def test_who_comes_on_top_is_told_to_come_again() -> None:
    go, metrics = asyncio.Event(), PrometheusMetrics()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await go.wait()
        await send("served")

    app = AtMost(slow, 2, metrics)
    inside = [asyncio.create_task(_asked(app)) for _ in range(2)]
    await asyncio.sleep(0)

    start, body = await _asked(app)
    healthy = asyncio.create_task(_asked(app, "/health"))
    go.set()

    assert start["status"] == 503
    headers = dict(start["headers"])
    assert headers[b"retry-after"] == b"1"
    assert headers[b"content-type"] == b"application/problem+json"
    assert json.loads(body["body"])["code"] == "overloaded"
    assert await asyncio.gather(*inside) == [["served"], ["served"]]
    assert await healthy == ["served"]
    assert await _asked(app) == ["served"]
    counted = metrics.registry.get_sample_value("kazna_requests_turned_away_total")
    assert counted == 1
