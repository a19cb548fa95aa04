"""Serving the sandbox with uvicorn, so that it can also hang up on its callers."""

import asyncio
from typing import Any, Final

import uvicorn
from litestar.types import ASGIApp, Receive, Scope
from uvicorn.protocols.http.h11_impl import H11Protocol

_TRANSPORT: Final = "kazna.sandbox.transport"


class HangingUpProtocol(H11Protocol):
    """uvicorn's HTTP/1.1 protocol, which also shows each request its own connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, _TRANSPORT: transport}


def server_config(app: ASGIApp, *, host: str, port: int, **more: Any) -> uvicorn.Config:
    """Return the configuration under which every fault of the sandbox works.

    Port 0 lets the system choose one. Only this configuration can drop connections: no ASGI message
    means "hang up".
    """
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=HangingUpProtocol,
        ws="none",
        lifespan="on",
        access_log=False,
        log_level="warning",
        log_config=None,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=3,
        backlog=2048,
        **more,
    )


def serve(app: ASGIApp, *, host: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM."""
    uvicorn.Server(server_config(app, host=host, port=port)).run()


async def drop_connection(scope: Scope, receive: Receive) -> None:
    """Close the caller's connection now, unread and unanswered.

    Refused with `RuntimeError` when something else than `server_config` serves the application.
    """
    transport = scope["state"].get(_TRANSPORT)
    if transport is None:
        raise RuntimeError("this server cannot drop connections: serve with server_config()")
    transport.close()
    while (await receive())["type"] != "http.disconnect":
        pass
