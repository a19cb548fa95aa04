"""The API under `/v1`: HTTP, the key, idempotency and faults around the operations."""

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable
from hmac import compare_digest
from typing import Any, Final

import msgspec
from litestar import HttpMethod, Request, Response, Router
from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse

from entrypoints.sandbox.faults import Faults
from entrypoints.sandbox.stripe import deadlines, forms, idempotence, lists, objects, sabotage
from entrypoints.sandbox.stripe.call import Call
from entrypoints.sandbox.stripe.errors import ApiError
from entrypoints.sandbox.stripe.expand import expanded
from entrypoints.sandbox.stripe.idempotence import Kept
from entrypoints.sandbox.stripe.operations import CHANGES, KINDS, Operation
from entrypoints.sandbox.stripe.platform import Platform

PREFIX: Final = "/v1"
_FORM: Final = "application/x-www-form-urlencoded"
_Request = Request[Any, Any, Any]
_Answer = Callable[[_Request, bytes], ASGIResponse]


class Api:
    """The API of one account."""

    def __init__(self, platform: Platform, faults: Faults, public_url: str | None) -> None:
        self._platform = platform
        self._faults = faults
        self._public_url = public_url

    def router(self) -> Router:
        """Return the routes."""
        handlers = [
            self._route("POST", each.path, each.name, self._changing(each)) for each in CHANGES
        ]
        for kind, (path, is_listed) in KINDS.items():
            name = kind.replace(".", "_")
            one = f"{path}/{{object_id:str}}"
            handlers.append(self._route("GET", one, f"get_{name}", self._showing(kind)))
            if is_listed:
                listing = self._listing(kind, path.strip("/"))
                handlers.append(self._route("GET", path, f"list_{name}", listing))
        return Router(PREFIX, route_handlers=handlers, include_in_schema=False)

    def _route(self, method: str, path: str, name: str, answer: _Answer) -> HTTPRouteHandler:
        async def handle(request: _Request) -> ASGIResponse:
            self._platform.requests[name] += 1
            struck = self._faults.take(name, method, request.scope["path"])
            if struck and (refusal := await sabotage.strike_before(struck)):
                return refusal
            body = await request.body() if method == "POST" else b""
            try:
                self._authenticate(request.headers.get("authorization", ""))
                response = answer(request, body)
            except ApiError as error:
                response = sabotage.json_answer(error.status, error.body())
            if not struck:
                return response
            response = await sabotage.strike_after(struck, response)
            self._remember_failure(request, response)
            return response

        return HTTPRouteHandler(path, http_method=HttpMethod(method), status_code=200)(handle)

    def _changing(self, operation: Operation) -> _Answer:
        def answer(request: _Request, body: bytes) -> ASGIResponse:
            if request.headers.get("content-type", "").partition(";")[0].strip() != _FORM and body:
                raise ApiError(400, f"Request bodies are {_FORM}")
            store = self._platform.store
            key = idempotence.check_key(request.headers.get("idempotency-key"))
            call = self._call(request, body)._replace(key=key)
            digest = idempotence.digest_of(request.scope["path"], body)
            with store.transaction():
                kept = idempotence.replay(store, key, digest, call.at_ms) if key else None
                replayed = kept is not None
                if kept is None:
                    kept = self._perform(operation, call)
                    if key:
                        idempotence.keep(store, key, digest, kept, call.at_ms)
            response = sabotage.json_answer(kept.status, kept.body)
            if key:
                response.headers.add("idempotency-key", key)
            if replayed:
                response.headers.add("idempotent-replayed", "true")
            return response

        return answer

    def _perform(self, operation: Operation, call: Call) -> Kept:
        """Run it; what went wrong after it began is an answer like any other."""
        try:
            made = operation.run(self._platform, call)
        except ApiError as error:
            if not error.kept:
                raise
            return Kept(error.status, error.body())
        paths = forms.nested(forms.pairs(call.body)).get("expand") or []
        shown = expanded(self._platform.store, made.shown, paths)
        return Kept(200, msgspec.json.encode(shown))

    def _showing(self, kind: str) -> _Answer:
        def answer(request: _Request, body: bytes) -> ASGIResponse:
            call = self._call(request, body)
            shown = objects.get(self._platform.store, kind, call.object_id).shown
            shown = expanded(self._platform.store, shown, call.query.get("expand") or [])
            return sabotage.json_answer(200, msgspec.json.encode(shown))

        return answer

    def _listing(self, kind: str, name: str) -> _Answer:
        def answer(request: _Request, body: bytes) -> ASGIResponse:
            call = self._call(request, body)._replace(object_id=name)
            shown, paths = lists.page(self._platform, kind, call)
            shown = expanded(self._platform.store, shown, paths)
            return sabotage.json_answer(200, msgspec.json.encode(shown))

        return answer

    def _call(self, request: _Request, body: bytes) -> Call:
        now_ms = self._platform.clock.now_ms()
        deadlines.apply_due(self._platform, now_ms)
        host = request.headers.get("host", "")
        return Call(
            at_ms=now_ms,
            base_url=self._public_url or f"{request.scope['scheme']}://{host}",
            object_id=request.path_params.get("object_id", ""),
            query=forms.nested(forms.pairs(request.scope["query_string"])),
            body=body,
        )

    def _remember_failure(self, request: _Request, response: ASGIResponse) -> None:
        """Let a 500 be the answer of its key, where the configuration says so."""
        key = request.headers.get("idempotency-key")
        if not (key and response.status_code == 500 and self._wants_replays()):
            return
        self._platform.store.run(
            "UPDATE idempotence SET status = 500, body = ? WHERE key = ?", response.body, key
        )

    def _wants_replays(self) -> bool:
        return self._platform.behaviour.replays_server_errors

    def _authenticate(self, authorization: str) -> None:
        """Take the secret key as a bearer token or as the user name of Basic credentials."""
        scheme, _, given = authorization.partition(" ")
        if scheme.lower() == "basic":
            try:
                given = b64decode(given, validate=True).decode().partition(":")[0]
            except (NotBase64, UnicodeDecodeError):
                given = ""
        if not compare_digest(given.strip().encode(), self._platform.secret_key.encode()):
            raise ApiError(401, "Invalid API Key provided")


def problem(status: int) -> Response[bytes]:
    """Return the error object for what the router itself refuses: no such path, no such method."""
    if status >= 500:
        error = ApiError(500, "An unknown error occurred.", kind="api_error")
    else:
        error = ApiError(status, "Unrecognized request URL.")
    return Response(error.body(), status_code=error.status, media_type="application/json")
