"""What stands at every door: who is calling, whether they may, and which request this is."""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Litestar, Request
from litestar.handlers import HTTPRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, RouteHandlerType, Scope, Send

from application.idempotency import IdempotencyKey
from application.identity.access import PUBLIC, Caller, Forbidden, TokenRefused, Tokens
from domain.shared.facts import Cause
from entrypoints.api.contract import KEY_HEADER, LONGEST_KEY, PERMISSION, UndeclaredRoute
from entrypoints.api.observe import request_id
from entrypoints.api.problems import BadRequest


class Doorkeeper(ASGIMiddleware):
    """Finds out who is calling, and lets nobody through who may not.

    The framework's own guards would copy the route for each request, a tenth of its cost.
    """

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Name the request, read its token, pass it on."""
        request_id(scope)
        authorization = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
        if authorization:
            kind, _, token = authorization.partition(" ")
            if kind.lower() != "bearer":
                raise TokenRefused("the authorization header must be a bearer token")
            scope["state"]["caller"] = self._tokens.check(token.strip())
        admit(scope["state"].get("caller"), scope["route_handler"])
        await next_app(scope, receive, send)


def admit(caller: Caller | None, route: RouteHandlerType) -> None:
    """Refuse whoever does not hold what the route declares."""
    if _answers_options(route):
        return
    permission = route.opt[PERMISSION]
    if permission == PUBLIC:
        return
    if caller is None:
        raise TokenRefused("this needs a bearer token")
    if not caller.may(permission):
        raise Forbidden(f"this needs the permission {permission}")


def _answers_options(route: object) -> bool:
    """Tell whether it is the framework's own answer to "which methods are there?"."""
    return getattr(route, "http_methods", None) == {"OPTIONS"}


def check_declarations(app: Litestar) -> None:
    """Refuse to start while a route declares no permission."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if _answers_options(handler) or not isinstance(handler, HTTPRouteHandler):
                continue
            if PERMISSION not in handler.opt:
                raise UndeclaredRoute(f"{route.path} does not say who may use it")


def caller_of(request: Request[Any, Any, Any]) -> Caller:
    """Return who is calling; only for routes that are not public."""
    caller: Caller = request.scope["state"]["caller"]
    return caller


def cause_of(request: Request[Any, Any, Any], reason: str) -> Cause:
    """Return why a request changes something: who asked, in which request."""
    return Cause(
        actor=caller_of(request).actor,
        reason=reason,
        correlation_id=request_id(request.scope),
        idempotency_key=request.headers.get(KEY_HEADER),
    )


def key_of(request: Request[Any, Any, Any], body: object) -> IdempotencyKey:
    """Return the request's idempotency key; raise BadRequest without one."""
    key = request.headers.get(KEY_HEADER, "")
    if not 1 <= len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise BadRequest(
            f"send an {KEY_HEADER} header of 1 to {LONGEST_KEY} visible ASCII characters"
        )
    told = msgspec.json.encode([request.method, request.scope["path"], body], order="sorted")
    return IdempotencyKey(
        actor=caller_of(request).actor, key=key, request_hash=hashlib.sha256(told).digest()
    )


def peer_of(request: Request[Any, Any, Any], trusted_proxies: int) -> str | None:
    """Return the sender's address: the hop before our own proxies, never what a client claims."""
    hops: list[str] = []
    if trusted_proxies:
        given = ",".join(request.headers.getall("x-forwarded-for", []))
        hops = [hop.strip() for hop in given.split(",") if hop.strip()]
        return hops[-trusted_proxies] if len(hops) >= trusted_proxies else None
    client = request.scope.get("client")
    return client[0] if client else None


def headers_of(request: Request[Any, Any, Any]) -> Mapping[str, str]:
    """Return the headers with lower-case names."""
    return {name.lower(): value for name, value in request.headers.items()}
