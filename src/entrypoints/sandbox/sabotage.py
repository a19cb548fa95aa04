"""Answers that go wrong on their way: refused, cut short, falsified, or never sent."""

import asyncio
from collections.abc import Callable

from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from entrypoints.sandbox.faults import BEFORE, Rule
from entrypoints.sandbox.server import drop_connection

_BAD_GATEWAY = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"


class Dropped(ASGIResponse):
    """Closes the connection without a byte of an answer."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await drop_connection(scope, receive)


class Truncated(ASGIResponse):
    """Promises the whole body, sends half of it, and closes the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.start_response(send)
        half = self.body[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        await drop_connection(scope, receive)


Refusal = Callable[[Rule], ASGIResponse]
Falsify = Callable[[ASGIResponse, Rule], ASGIResponse]


async def strike_before(rules: list[Rule], refusal: Refusal) -> ASGIResponse | None:
    """Apply what strikes before the operation; an answer means that the operation must not run.

    `refusal` writes a 202, 429 or 500 in the emulated system's own words.
    """
    for rule in rules:
        if rule.kind == "latency_before":
            await asyncio.sleep(rule.latency_ms / 1000)
    for rule in rules:
        if rule.kind in BEFORE:
            await asyncio.sleep(rule.latency_ms / 1000)
            return Dropped() if rule.kind == "drop_before" else refusal(rule)
    return None


async def strike_after(
    rules: list[Rule], answer: ASGIResponse, refusal: Refusal, falsify: Falsify
) -> ASGIResponse:
    """Apply what strikes an answer whose work is done."""
    for rule in rules:
        if rule.kind in BEFORE or rule.kind == "latency_before":
            continue
        await asyncio.sleep(rule.latency_ms / 1000)
        match rule.kind:
            case "latency_after_commit":
                pass
            case "truncated_body":
                answer = Truncated(body=answer.body, media_type=answer.headers.get("content-type"))
            case "html_body":
                answer = ASGIResponse(
                    body=_BAD_GATEWAY, status_code=rule.status, media_type="text/html"
                )
            case "wrong_amount" | "wrong_currency" | "flipped_test":
                answer = falsify(answer, rule)
            case "drop_after_commit":
                answer = Dropped()
            case _:
                answer = refusal(rule)
    return answer
