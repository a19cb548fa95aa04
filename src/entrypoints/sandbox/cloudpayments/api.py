"""The API under `/cloudpayments`: HTTP, credentials, request ids and faults around operations."""

from base64 import b64encode
from collections.abc import Callable
from hmac import compare_digest
from typing import Any, Final, NamedTuple

import msgspec
from litestar import HttpMethod, Request, Response, Router
from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse

from entrypoints.sandbox import sabotage
from entrypoints.sandbox.cloudpayments import asked, charges, lists, operations, orders
from entrypoints.sandbox.cloudpayments.answers import ENCODE, Refusal, done, envelope
from entrypoints.sandbox.cloudpayments.terminal import Terminal
from entrypoints.sandbox.faults import Faults, Rule
from entrypoints.sandbox.moments import HOUR_MS

PREFIX: Final = "/cloudpayments"
_Request = Request[Any, Any, Any]
_ANY: Final = msgspec.json.Decoder()


class Call(NamedTuple):
    """One request, freed from HTTP."""

    at_ms: int
    base_url: str
    key: str
    body: bytes


class Operation(NamedTuple):
    """One row of the table; `changes` runs in a transaction and under a request id."""

    name: str
    path: str
    run: Callable[[Terminal, Call], bytes]
    changes: bool = False


def _confirm(terminal: Terminal, call: Call) -> bytes:
    wish = asked.read(asked.Money, call.body)
    held = operations.get(terminal, wish.transaction_id)
    minor = asked.to_minor(wish.amount, held.currency)
    operations.confirm(terminal, held, minor, call.at_ms)
    return done()


def _void(terminal: Terminal, call: Call) -> bytes:
    held = operations.get(terminal, asked.read(asked.Named, call.body).transaction_id)
    operations.void(terminal, held, call.at_ms)
    return done()


def _refund(terminal: Terminal, call: Call) -> bytes:
    wish = asked.read(asked.Money, call.body)
    paid = operations.get(terminal, wish.transaction_id)
    minor = asked.to_minor(wish.amount, paid.currency)
    made = operations.refund(terminal, paid, minor, call.at_ms)
    return done({"TransactionId": made.transaction_id})


OPERATIONS: Final = (
    Operation("test", "/test", lambda _, call: envelope(success=True, message=call.key or "ok")),
    Operation(
        "create_order",
        "/orders/create",
        lambda t, call: orders.create(t, call.body, call.at_ms, call.base_url),
        changes=True,
    ),
    Operation(
        "cancel_order",
        "/orders/cancel",
        lambda t, call: orders.cancel(t, call.body, call.at_ms),
        changes=True,
    ),
    Operation(
        "charge_token",
        "/payments/tokens/charge",
        lambda t, call: charges.by_token(t, call.body, call.at_ms, call.key, held=False),
        changes=True,
    ),
    Operation(
        "authorize_token",
        "/payments/tokens/auth",
        lambda t, call: charges.by_token(t, call.body, call.at_ms, call.key, held=True),
        changes=True,
    ),
    Operation("list_tokens", "/payments/tokens/list", lambda t, _: lists.tokens(t)),
    Operation(
        "charge_card",
        "/payments/cards/charge",
        lambda t, call: charges.by_card(t, call.body, call.at_ms, held=False),
        changes=True,
    ),
    Operation(
        "authorize_card",
        "/payments/cards/auth",
        lambda t, call: charges.by_card(t, call.body, call.at_ms, held=True),
        changes=True,
    ),
    Operation("confirm_payment", "/payments/confirm", _confirm, changes=True),
    Operation("void_payment", "/payments/void", _void, changes=True),
    Operation("create_refund", "/payments/refund", _refund, changes=True),
    Operation("get_payment", "/payments/get", lambda t, call: lists.show(t, call.body)),
    Operation(
        "find_payment",
        "/payments/find",
        lambda t, call: lists.find(t, call.body, payments_only=True),
    ),
    Operation(
        "find_operation",
        "/v2/payments/find",
        lambda t, call: lists.find(t, call.body, payments_only=False),
    ),
    Operation("list_day", "/payments/list", lambda t, call: lists.of_day(t, call.body)),
    Operation("list_payments", "/v2/payments/list", lambda t, call: lists.between(t, call.body)),
)


def api_router(terminal: Terminal, faults: Faults, public_url: str | None) -> Router:
    """Return the routes of the API."""
    handlers = [_handler(terminal, faults, public_url, operation) for operation in OPERATIONS]
    return Router(PREFIX, route_handlers=handlers, include_in_schema=False)


def _handler(
    terminal: Terminal, faults: Faults, public_url: str | None, operation: Operation
) -> HTTPRouteHandler:
    async def handle(request: _Request) -> ASGIResponse:
        terminal.requests[operation.name] += 1
        struck = faults.take(operation.name, "POST", request.scope["path"])
        if struck and (refusal := await sabotage.strike_before(struck, _refusal)):
            return refusal
        body = await request.body()
        if not _is_known(terminal, request.headers.get("authorization", "")):
            return ASGIResponse(status_code=401)
        call = Call(
            at_ms=terminal.clock.now_ms(),
            base_url=base_url_of(request, public_url),
            key=request.headers.get("x-request-id", ""),
            body=body,
        )
        answer = _json(200, _perform(terminal, operation, call))
        if not struck:
            return answer
        return await sabotage.strike_after(struck, answer, _refusal, _untrue)

    return HTTPRouteHandler(operation.path, http_method=HttpMethod.POST, status_code=200)(handle)


def _perform(terminal: Terminal, operation: Operation, call: Call) -> bytes:
    if not operation.changes:
        try:
            return operation.run(terminal, call)
        except Refusal as refusal:
            return refusal.body
    try:
        with terminal.store.transaction():
            return _once(terminal, operation, call)
    except Refusal as refusal:
        return refusal.body


def _once(terminal: Terminal, operation: Operation, call: Call) -> bytes:
    """Run an operation, or answer again what its request id was answered within the hour.

    A refusal is not kept: nothing was processed. Neither is the request compared: the documentation
    says that all answers to one id are the same.
    """
    if not call.key:
        return operation.run(terminal, call)
    row = terminal.store.one(
        "SELECT answer FROM request WHERE key = ? AND at_ms > ?", call.key, call.at_ms - HOUR_MS
    )
    if row is not None:
        return bytes(row[0])
    answer = operation.run(terminal, call)
    terminal.store.run(
        "INSERT OR REPLACE INTO request (number, key, answer, at_ms) VALUES (?, ?, ?, ?)",
        terminal.store.next_number(),
        call.key,
        answer,
        call.at_ms,
    )
    return answer


def base_url_of(request: _Request, public_url: str | None) -> str:
    """Return the address the emulator is reached at."""
    return public_url or f"{request.scope['scheme']}://{request.headers.get('host', '')}"


def _is_known(terminal: Terminal, authorization: str) -> bool:
    scheme, _, credentials = authorization.partition(" ")
    account = terminal.account
    wanted = b64encode(f"{account.public_id}:{account.secret}".encode())
    return scheme.lower() == "basic" and compare_digest(credentials.strip().encode(), wanted)


def problem(status: int) -> Response[bytes]:
    """Answer what the router itself refuses: no such path, no such method."""
    return Response(
        envelope(success=False, message="Not found" if status == 404 else "Method is not allowed"),
        status_code=status,
        media_type="application/json",
    )


def _json(status: int, body: bytes) -> ASGIResponse:
    return ASGIResponse(body=body, status_code=status, media_type="application/json")


def _refusal(rule: Rule) -> ASGIResponse:
    """Write what a rule answers instead of the truth; CloudPayments has words for none of them."""
    match rule.kind:
        case "accepted_202_before" | "accepted_202_after_commit":
            return _json(202, b"{}")
        case "throttled_429":
            answer = _json(429, envelope(success=False, message="Too many requests"))
            answer.headers.add("retry-after", str(-(-rule.retry_after_ms // 1000)))
            return answer
        case _:
            return _json(500, envelope(success=False, message="Internal server error"))


def _untrue(answer: ASGIResponse, rule: Rule) -> ASGIResponse:
    """Return an answer of which one thing is not true, in every transaction it shows."""
    told: Any = _ANY.decode(answer.body)
    shown = told.get("Model") or []
    for model in shown if isinstance(shown, list) else [shown]:
        if rule.kind == "flipped_test" and "TestMode" in model:
            model["TestMode"] = not model["TestMode"]
        if rule.kind == "wrong_amount" and "Amount" in model:
            model["Amount"] += 1
        if rule.kind == "wrong_currency" and "Currency" in model:
            model["Currency"] = "EUR" if model["Currency"] == "USD" else "USD"
    return _json(answer.status_code, ENCODE(told))
