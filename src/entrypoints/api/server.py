"""Serve the API with uvicorn until it is told to stop."""

import logging
import signal
from types import FrameType

import uvicorn
from litestar.types import ASGIApp

from entrypoints.api.app import create_app
from entrypoints.api.crowd import AtMost
from entrypoints.api.observe import WithRequestId
from entrypoints.api.waiting import CLOSING
from entrypoints.container import Container

_GRACE_SECONDS = 15
_MOST_AT_ONCE = 1000


def serve(house: Container) -> None:
    """Serve at the configured address; SIGTERM lets requests that are under way end."""
    for handler in logging.getLogger().handlers:
        handler.addFilter(WithRequestId())
    settings = house.settings()
    app = create_app(house)
    guarded = AtMost(app, _MOST_AT_ONCE, house.metrics())
    server = uvicorn.Server(server_config(guarded, host=settings.api_host, port=settings.api_port))
    # Whoever waits for an answer is told before the server waits for him.
    app.state[CLOSING] = lambda: server.should_exit

    def stop(_: int, __: FrameType | None) -> None:
        server.should_exit = True

    # The server raises SIGTERM once more when it has ended; what comes after it must still run.
    signal.signal(signal.SIGTERM, stop)
    server.run()


def server_config(app: ASGIApp, *, host: str, port: int) -> uvicorn.Config:
    """Return how the API is served.

    The server's own reading of forwarded addresses is off: it would believe any client that sits
    on this machine, and which proxies are ours is said in the settings.
    """
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
