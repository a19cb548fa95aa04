"""At most so many requests at once: who comes on top of them is told to come again."""

from http import HTTPStatus
from typing import Any

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from application.ports import Metrics
from entrypoints.api.problems import CONTENT_TYPE, problem

_RETRY_AFTER_SECONDS = "1"
# Whoever looks after the process asks this most of all when it is busy.
_ALWAYS = frozenset({"/health"})


class AtMost:
    """Stands in front of the application and turns away what it could not serve in time."""

    def __init__(self, app: ASGIApp, most: int, metrics: Metrics) -> None:
        self._app = app
        self._most = most
        self._metrics = metrics
        self._inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on while there is room."""
        if scope["type"] != ScopeType.HTTP or scope["path"] in _ALWAYS:
            await self._app(scope, receive, send)
            return
        if self._inside >= self._most:
            self._metrics.count("requests_turned_away")
            await _turn_away(send)
            return
        self._inside += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._inside -= 1


async def _turn_away(send: Send) -> None:
    told = problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "there are more requests at once than this process serves: come again in a moment",
        code="overloaded",
    )
    start: Any = {
        "type": "http.response.start",
        "status": int(HTTPStatus.SERVICE_UNAVAILABLE),
        "headers": [
            (b"content-type", CONTENT_TYPE.encode()),
            (b"retry-after", _RETRY_AFTER_SECONDS.encode()),
        ],
    }
    await send(start)
    body: Any = {"type": "http.response.body", "body": msgspec.json.encode(told.content)}
    await send(body)
