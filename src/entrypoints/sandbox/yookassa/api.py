"""The API under `/v3`: HTTP, credentials, idempotence and faults around the operations."""

from base64 import b64encode
from hmac import compare_digest
from typing import Any, Final

from litestar import HttpMethod, Request, Response, Router
from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse

from entrypoints.sandbox.faults import Faults
from entrypoints.sandbox.yookassa import deadlines, idempotence, sabotage
from entrypoints.sandbox.yookassa.call import Answer, Call
from entrypoints.sandbox.yookassa.errors import (
    ApiError,
    forbidden,
    invalid_credentials,
)
from entrypoints.sandbox.yookassa.operations import OPERATIONS, Operation
from entrypoints.sandbox.yookassa.shop import Account, Shop

PREFIX: Final = "/v3"
_Request = Request[Any, Any, Any]


def api_router(shop: Shop, faults: Faults, public_url: str | None) -> Router:
    """Return the routes of the API."""
    handlers = [_handler(shop, faults, public_url, operation) for operation in OPERATIONS]
    return Router(PREFIX, route_handlers=handlers, include_in_schema=False)


def _handler(
    shop: Shop, faults: Faults, public_url: str | None, operation: Operation
) -> HTTPRouteHandler:
    async def handle(request: _Request) -> ASGIResponse:
        shop.requests[operation.name] += 1
        struck = faults.take(operation.name, operation.method, request.scope["path"])
        if struck and (refusal := await sabotage.strike_before(struck)):
            return refusal
        body = b"" if operation.method == "GET" else await request.body()
        try:
            answer = _perform(shop, operation, request, body, public_url)
        except ApiError as error:
            return sabotage.json_answer(error.status, error.body())
        response = sabotage.json_answer(200, answer.body)
        return await sabotage.strike_after(struck, response) if struck else response

    return HTTPRouteHandler(
        operation.path, http_method=HttpMethod(operation.method), status_code=200
    )(handle)


def _perform(
    shop: Shop, operation: Operation, request: _Request, body: bytes, public_url: str | None
) -> Answer:
    headers = request.headers
    _authenticate(shop.account, headers.get("authorization", ""), operation)
    now_ms = shop.clock.now_ms()
    deadlines.apply_due(shop, now_ms)
    call = Call(
        at_ms=now_ms,
        base_url=public_url or f"{request.scope['scheme']}://{headers.get('host', '')}",
        object_id=request.path_params.get("object_id", ""),
        query=request.query_params if request.scope["query_string"] else {},
        body=body,
    )
    if operation.method == "GET":
        return operation.run(shop, call)
    if operation.method == "POST":
        _check_content_type(headers.get("content-type", ""))
    key = idempotence.check_key(headers.get("idempotence-key"))
    return _once(shop, operation, call._replace(key=key))


def _once(shop: Shop, operation: Operation, call: Call) -> Answer:
    """Run a changing operation in one transaction, or replay what its key has already made."""
    digest = idempotence.digest_of(operation.name, call.object_id, call.body)
    with shop.store.transaction():
        replayed = idempotence.replay(shop.store, call.key, digest, call.at_ms)
        if replayed is not None:
            return Answer(replayed)
        answer = operation.run(shop, call)
        idempotence.keep(shop.store, call.key, digest, answer.number, call.at_ms)
    return answer


def _authenticate(account: Account, authorization: str, operation: Operation) -> None:
    scheme, _, credentials = authorization.partition(" ")
    given = credentials.strip().encode()
    match scheme.lower():
        case "basic":
            pair = _credentials(account, operation)
            if pair is None or not compare_digest(given, b64encode(":".join(pair).encode())):
                raise invalid_credentials()
            if operation.oauth_only:
                raise forbidden("Webhooks are managed with an OAuth token only")
        case "bearer" if operation.of_payouts:
            raise forbidden("Payouts are made with the gateway's own id and secret key")
        case "bearer":
            tokens = account.oauth_tokens
            # Every token is compared, so that time does not tell which one came close.
            if not any([compare_digest(given, token.encode()) for token in tokens]):  # noqa: C419
                raise invalid_credentials()
        case _:
            raise invalid_credentials()


def _credentials(account: Account, operation: Operation) -> tuple[str, str] | None:
    if not operation.of_payouts:
        return account.shop_id, account.secret_key
    if account.payout_agent is None or account.payout_secret is None:
        return None
    return account.payout_agent, account.payout_secret


def _check_content_type(content_type: str) -> None:
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise ApiError(415, "invalid_request", "Content type must be application/json")


def problem(status: int) -> Response[bytes]:
    """Return the error object for what the router itself refuses: no such path, no such method."""
    match status:
        case 404:
            error = ApiError(404, "not_found", "Resource not found")
        case 405:
            error = ApiError(405, "invalid_request", "Method is not supported")
        case status if status < 500:
            error = ApiError(status, "invalid_request", "Request is not correct")
        case _:
            error = ApiError(500, "internal_server_error", "Internal server error")
    return Response(error.body(), status_code=error.status, media_type="application/json")
