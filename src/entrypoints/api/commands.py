"""Carry out a command under its idempotency key, and answer the same to the same."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from litestar import Request, Response

from application.idempotency import IdempotencyKey, KeptAnswer, complete, once
from application.ports import JsonObject
from domain.payments import attempt as states
from domain.payments.attempt import Attempt, status_of
from domain.shared.facts import Cause
from domain.shared.ids import AttemptId
from entrypoints.api.doors import key_of
from entrypoints.container import Container

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


async def at_the_provider(
    house: Container,
    key: IdempotencyKey,
    reserved: KeptAnswer,
    cause: Cause,
    *,
    old: bool,
    under: str | None = None,
) -> Response[JsonObject]:
    """Bring a reserved checkout to the provider, after the commit; a repeat goes on from there.

    `under` is the field of the answer that says how paying goes on; None when it is all of it.
    """
    told = reserved.body[under] if under else reserved.body
    attempt_id = AttemptId(UUID(told["payment_id"]))
    attempt = await house.pay_invoice().bring_to_provider(attempt_id, cause)
    paying = where_to(attempt)
    body = {**reserved.body, under: paying} if under else paying
    answer = KeptAnswer(status=reserved.status, body=body)
    if not isinstance(attempt.state, states.Reserved | states.Sent | states.Unknown):
        await complete(house.open_uow(), key, answer)
    return answer_of(answer, old=old)


def reserved_payment(attempt_id: AttemptId | None) -> JsonObject:
    """Say how paying goes on once an attempt is reserved, or that there is nothing to pay."""
    if attempt_id is None:
        return {"kind": "paid"}
    return {"kind": "charging", "payment_id": str(attempt_id)}


def where_to(attempt: Attempt) -> JsonObject:
    """Say how paying goes on once the provider was asked."""
    body: dict[str, Any] = {"payment_id": str(attempt.id), "status": status_of(attempt)}
    match attempt.state:
        case states.Accepted(confirmation_url=url) if url:
            return body | {"kind": "redirect", "url": url}
        case states.Accepted(widget_token=token) if token:
            return body | {"kind": "widget", "token": token}
        case states.Succeeded():
            return body | {"kind": "paid"}
        case states.Declined(decline):
            return body | {"kind": "declined", "reason": str(decline.reason)}
        case states.Refused():
            return body | {"kind": "declined", "reason": "refused"}
        case _:
            return body | {"kind": "pending"}


async def in_transaction(
    units_of_work: Any, work: Callable[[Any], Awaitable[JsonObject]]
) -> JsonObject:
    """Do the work of a command that repeats harmlessly, and commit."""
    async with units_of_work() as uow:
        body = await work(uow)
        await uow.commit()
    return body
