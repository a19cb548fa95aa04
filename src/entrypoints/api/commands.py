"""Carry out a command under its idempotency key, and answer the same to the same."""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Request, Response

from application.idempotency import KeptAnswer, once
from application.ports import JsonObject
from entrypoints.api.doors import key_of

REPLAYED = "Idempotent-Replayed"


async def under_key(
    request: Request[Any, Any, Any],
    units_of_work: Any,
    body: object,
    work: Callable[[Any], Awaitable[JsonObject]],
    *,
    status: int,
) -> Response[JsonObject]:
    """Do the work in one transaction with the request's key."""

    async def answered(uow: Any) -> KeptAnswer:
        return KeptAnswer(status=status, body=await work(uow))

    answer, old = await once(units_of_work, key_of(request, body), answered)
    return answer_of(answer, old=old)


def answer_of(answer: KeptAnswer, *, old: bool) -> Response[JsonObject]:
    """Build the response of a kept answer."""
    headers = {REPLAYED: "true"} if old else {}
    return Response(answer.body, status_code=answer.status, headers=headers)


async def in_transaction(
    units_of_work: Any, work: Callable[[Any], Awaitable[JsonObject]]
) -> JsonObject:
    """Do the work of a command that repeats harmlessly, and commit."""
    async with units_of_work() as uow:
        body = await work(uow)
        await uow.commit()
    return body
