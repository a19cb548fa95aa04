"""Count and time requests by route, and write one line of log for each."""

import logging
from time import perf_counter

from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from application.ports import Metrics

_LOG = logging.getLogger("kazna.access")


class Observed(ASGIMiddleware):
    """Measures from the first byte of a request to the head of its answer."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Pass the request on and note how it went."""
        began = perf_counter()

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                seconds = perf_counter() - began
                route = str(scope.get("path_template") or "unknown")
                status = str(message["status"])
                self._metrics.count("http_requests", route=route, status=status)
                self._metrics.observe("http_request", seconds, route=route)
                _LOG.debug(
                    "%s %s %s %.1f ms %s",
                    scope.get("method", "-"),
                    route,
                    status,
                    1000 * seconds,
                    scope["state"].get("request_id", "-"),
                )
            await send(message)

        await next_app(scope, receive, noted)
