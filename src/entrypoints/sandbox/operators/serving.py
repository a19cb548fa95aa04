"""Serving a partner's request: outages, throttles, scripts and faults around the work."""

from collections.abc import Callable
from typing import Any

from litestar import Request
from litestar.response.base import ASGIResponse

from entrypoints.sandbox.faults import Rule
from entrypoints.sandbox.operators import scripts
from entrypoints.sandbox.operators.network import Network
from entrypoints.sandbox.operators.scripts import Scripted
from entrypoints.sandbox.sabotage import Dropped, Refusal, strike_after, strike_before

Http = Request[Any, Any, Any]
Work = Callable[[Scripted], ASGIResponse]


def plain_refusal(rule: Rule) -> ASGIResponse:
    """Write what a rule answers instead of the truth, in nobody's words but HTTP's."""
    match rule.kind:
        case "throttled_429":
            seconds = str(-(-rule.retry_after_ms // 1000))
            return ASGIResponse(
                body=b"too many requests",
                status_code=429,
                media_type="text/plain",
                headers={"retry-after": seconds},
            )
        case "accepted_202_before" | "accepted_202_after_commit":
            return ASGIResponse(body=b"accepted", status_code=202, media_type="text/plain")
        case _:
            return ASGIResponse(body=b"internal error", status_code=500, media_type="text/plain")


async def serve(
    network: Network,
    request: Http,
    *,
    operation: str,
    msisdn: str,
    work: Work,
    refusal: Refusal = plain_refusal,
) -> ASGIResponse:
    """Do the work in one transaction, unless something strikes before, and answer, unless after.

    `operation` is what fault rules and scripts call it; `msisdn` is whom it is about, country code
    included, or empty. Scripted answers are for charges of one number (`operation` "charge"), and
    for whatever else a protocol gives a name.
    """
    network.requests[operation] += 1
    now_ms = network.clock.now_ms()
    if outage := network.behaviour.outage_at(now_ms):
        return Dropped() if outage.kind == "drop" else refusal(Rule(kind="error_500_before"))
    if network.is_overrun(now_ms):
        return refusal(Rule(kind="throttled_429", retry_after_ms=1000))
    scripted = scripts.take(network, msisdn, operation) if msisdn else scripts.AS_RULED
    struck = [
        *scripted.rules(),
        *network.faults.take(operation, request.method, request.scope["path"]),
    ]
    if struck and (early := await strike_before(struck, refusal)):
        return early
    with network.store.transaction():
        answer = work(scripted)
    if not struck:
        return answer
    return await strike_after(struck, answer, refusal, _untouched)


def _untouched(answer: ASGIResponse, _rule: Rule) -> ASGIResponse:
    # The control API arms no rule that falsifies an operator's answer.
    return answer
