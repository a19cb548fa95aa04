"""What a worker process shows of itself: `/metrics`, `/health`, and `/cqr` to reload its caches."""

import asyncio
import logging
import socket
from typing import Any

import uvicorn
from litestar import Litestar, Response, get
from litestar.params import FromQuery
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest

from application.errors import Unavailable
from entrypoints.container import Container

_LOG = logging.getLogger("kazna.worker")
# Numbers on lists are asked of the database each time: there is nothing to reload, and that is so.
_ALWAYS_FRESH = frozenset({"blacklist", "msisdn_blacklist", "postpaid", "msisdn_postpaid"})
_SUBSCRIPTIONS = frozenset({"subscriptions"})
_REFERENCE = frozenset({"operators", "services", "campaigns", "keywords"})


def side_app(house: Container) -> Litestar:
    """Return the little application of a worker; it belongs behind the firewall, like the port."""

    @get("/metrics", media_type="text/plain")
    async def metrics() -> Response[bytes]:
        own = generate_latest(house.metrics().registry) + generate_latest(REGISTRY)
        body = own + await house.carrier_metrics().text()
        return Response(body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    @get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @get("/cqr")
    async def cqr(t: FromQuery[str] = "") -> Response[dict[str, Any]]:
        """Reload a table's cache; one that fails keeps what was known."""
        known = sorted(_ALWAYS_FRESH | _REFERENCE | _SUBSCRIPTIONS)
        if not t:
            return _refused("name the table: /cqr?t=services", 400, tables=known)
        if t in _ALWAYS_FRESH:
            return _reloaded(t, status="asked of the database each time")
        if t in _SUBSCRIPTIONS:
            return _reloaded(t, status="reloaded", numbers=await house.carrier().warm())
        if t not in _REFERENCE:
            return _refused(f"there is no table {t!r}", 404, tables=known)
        try:
            read = await house.carrier().references.reload()
        except Unavailable as error:
            return _refused(f"kept what was known: {error}", 503)
        return _reloaded(
            t,
            status="reloaded",
            operators=len(read.operators),
            services=len(read.offers),
            campaigns=len(read.campaigns),
        )

    return Litestar([metrics, health, cqr], openapi_config=None, logging_config=None)


def _reloaded(table: str, **told: object) -> Response[dict[str, Any]]:
    return Response({"success": True, "table": table, **told})


def _refused(why: str, status: int, **told: object) -> Response[dict[str, Any]]:
    return Response({"success": False, "error": why, **told}, status_code=status)


class SideDoor:
    """Serves the little application on the worker's own loop, as long as it runs."""

    def __init__(self, app: Litestar, host: str, port: int) -> None:
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                log_config=None,
                access_log=False,
                server_header=False,
                limit_concurrency=20,
                timeout_graceful_shutdown=1,
            )
        )
        self._host, self._port = host, port
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin to serve; a port that is taken costs the figures of this process and no more."""
        self._task = asyncio.ensure_future(self._served())

    async def close(self) -> None:
        """Stop serving."""
        self._server.should_exit = True
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=2)

    async def _served(self) -> None:
        try:
            listening = socket.create_server((self._host, self._port))
        except OSError as error:
            _LOG.warning("this worker shows no metrics: port %d: %s", self._port, error.strerror)
            return
        await self._server.serve([listening])
