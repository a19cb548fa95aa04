"""What YooKassa answers when it goes wrong."""

from litestar.response.base import ASGIResponse

from entrypoints.sandbox import sabotage
from entrypoints.sandbox.faults import Rule
from entrypoints.sandbox.yookassa.errors import error_body
from entrypoints.sandbox.yookassa.falsify import falsified


def json_answer(status: int, body: bytes) -> ASGIResponse:
    return ASGIResponse(body=body, status_code=status, media_type="application/json")


def refusal(rule: Rule) -> ASGIResponse:
    """Write what a rule answers instead of the truth, in YooKassa's words."""
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
        case _:
            body = error_body("internal_server_error", "Internal server error")
            return json_answer(500, body)


async def strike_before(rules: list[Rule]) -> ASGIResponse | None:
    """Apply what strikes before the operation; an answer means that the operation must not run."""
    return await sabotage.strike_before(rules, refusal)


async def strike_after(rules: list[Rule], answer: ASGIResponse) -> ASGIResponse:
    """Apply what strikes an answer whose work is done."""
    return await sabotage.strike_after(rules, answer, refusal, _untrue)


def _untrue(answer: ASGIResponse, rule: Rule) -> ASGIResponse:
    return json_answer(answer.status_code, falsified(answer.body, rule.kind))
