"""What Stripe answers when it goes wrong."""

from typing import Any

import msgspec
from litestar.response.base import ASGIResponse

from entrypoints.sandbox import sabotage
from entrypoints.sandbox.faults import Kind, Rule
from entrypoints.sandbox.stripe.errors import ApiError


def json_answer(status: int, body: bytes) -> ASGIResponse:
    """Answer JSON."""
    return ASGIResponse(body=body, status_code=status, media_type="application/json")


def refusal(rule: Rule) -> ASGIResponse:
    """Write what a rule answers instead of the truth, in Stripe's words."""
    match rule.kind:
        case "accepted_202_before" | "accepted_202_after_commit":
            return json_answer(202, b"{}")
        case "throttled_429":
            error = ApiError(429, "Request rate limit exceeded.", code="rate_limit")
            answer = json_answer(429, error.body())
            answer.headers.add("retry-after", str(-(-rule.retry_after_ms // 1000)))
            return answer
        case _:
            error = ApiError(500, "An unknown error occurred.", kind="api_error")
            return json_answer(500, error.body())


async def strike_before(rules: list[Rule]) -> ASGIResponse | None:
    """Apply what strikes before the operation; an answer means that the operation must not run."""
    return await sabotage.strike_before(rules, refusal)


async def strike_after(rules: list[Rule], answer: ASGIResponse) -> ASGIResponse:
    """Apply what strikes an answer whose work is done."""
    return await sabotage.strike_after(rules, answer, refusal, _untrue)


def _untrue(answer: ASGIResponse, rule: Rule) -> ASGIResponse:
    shown: Any = msgspec.json.decode(answer.body)
    for each in shown.get("data", [shown]):
        _falsify(each, rule.kind)
    return json_answer(answer.status_code, msgspec.json.encode(shown))


def _falsify(shown: Any, kind: Kind) -> None:
    if not isinstance(shown, dict):
        return
    if kind == "flipped_test" and "livemode" in shown:
        shown["livemode"] = not shown["livemode"]
    for name in ("amount", "amount_total", "amount_received"):
        if kind == "wrong_amount" and shown.get(name):
            shown[name] += 1
    if kind == "wrong_currency" and "currency" in shown:
        shown["currency"] = "eur" if shown["currency"] == "usd" else "usd"
    for name in ("payment_intent", "latest_charge"):
        _falsify(shown.get(name), kind)
