"""Answers that go wrong on their way: refused, cut short, falsified, or never sent."""

import asyncio

from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from entrypoints.sandbox.server import drop_connection
from entrypoints.sandbox.yookassa.errors import error_body
from entrypoints.sandbox.yookassa.faults import BEFORE, Rule, falsified

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


def json_answer(status: int, body: bytes) -> ASGIResponse:
    return ASGIResponse(body=body, status_code=status, media_type="application/json")


async def strike_before(rules: list[Rule]) -> ASGIResponse | None:
    """Apply what strikes before the operation; an answer means that the operation must not run."""
    for rule in rules:
        if rule.kind == "latency_before":
            await asyncio.sleep(rule.latency_ms / 1000)
    for rule in rules:
        if rule.kind in BEFORE:
            await asyncio.sleep(rule.latency_ms / 1000)
            return _refusal(rule)
    return None


def _refusal(rule: Rule) -> ASGIResponse:
    match rule.kind:
        case "accepted_202_before" | "accepted_202_after_commit":
            body = error_body("request_accepted", retry_after_ms=rule.retry_after_ms)
            return json_answer(202, body)
        case "throttled_429":
            body = error_body(
                "too_many_requests", "Too many requests", retry_after_ms=rule.retry_after_ms
            )
            answer = json_answer(429, body)
            answer.headers.add("retry-after", str(-(-rule.retry_after_ms // 1000)))
            return answer
        case "drop_before" | "drop_after_commit":
            return Dropped()
        case _:
            body = error_body("internal_server_error", "Internal server error")
            return json_answer(500, body)


async def strike_after(rules: list[Rule], answer: ASGIResponse) -> ASGIResponse:
    """Apply what strikes an answer whose work is done."""
    for rule in rules:
        if rule.kind in BEFORE or rule.kind == "latency_before":
            continue
        await asyncio.sleep(rule.latency_ms / 1000)
        match rule.kind:
            case "latency_after_commit":
                pass
            case "truncated_body":
                answer = Truncated(body=answer.body, media_type="application/json")
            case "html_body":
                answer = ASGIResponse(
                    body=_BAD_GATEWAY, status_code=rule.status, media_type="text/html"
                )
            case "wrong_amount" | "wrong_currency" | "flipped_test":
                answer = json_answer(answer.status_code, falsified(answer.body, rule.kind))
            case _:
                answer = _refusal(rule)
    return answer
