"""Name, count and time requests; whatever is answered carries the request's id."""

import logging
import random
from contextlib import suppress
from contextvars import ContextVar
from time import perf_counter
from typing import Any
from uuid import UUID

from litestar.types import BeforeMessageSendHookHandler, Message, Scope

from application.ports import Metrics

_LOG = logging.getLogger("kazna.access")
_REQUEST: ContextVar[str | None] = ContextVar("request_id", default=None)
_ALWAYS = ((b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store"))


class WithRequestId(logging.Filter):
    """Puts the id of the request under way on every line of the log, and drops none."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Mark the record."""
        if (request_id := _REQUEST.get()) is not None:
            record.request_id = request_id
        return True


def request_id(scope: Scope) -> UUID:
    """Return the request's id: the caller's when it is a UUID, otherwise one of our own."""
    state: Any = scope["state"]
    if "request_id" not in state:
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        state["request_id"] = _read(given)
        state["began"] = perf_counter()
        _REQUEST.set(str(state["request_id"]))
    found: UUID = state["request_id"]
    return found


def _read(given: bytes) -> UUID:
    if given:
        with suppress(ValueError):
            return UUID(given.decode("ascii"))
    # A name and no secret: it need not cost a call to the system.
    return UUID(int=random.getrandbits(128), version=4)


def observer(metrics: Metrics) -> BeforeMessageSendHookHandler:
    """Return what sees every answer begin, those of the framework's own included."""

    async def noted(message: Message, scope: Scope) -> None:
        if message["type"] != "http.response.start":
            return
        name = str(request_id(scope))
        message["headers"] = [*message["headers"], (b"x-request-id", name.encode()), *_ALWAYS]
        seconds = perf_counter() - scope["state"]["began"]
        route = str(scope.get("path_template") or "unknown")
        status = str(message["status"])
        metrics.count("http_requests", route=route, status=status)
        metrics.observe("http_request", seconds, route=route)
        method = scope.get("method", "-")
        _LOG.debug("%s %s %s %.1f ms %s", method, route, status, 1000 * seconds, name)

    return noted
