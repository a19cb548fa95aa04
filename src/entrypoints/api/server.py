"""Serve the API with uvicorn until it is told to stop."""

import logging

import uvicorn

from entrypoints.api.app import create_app
from entrypoints.api.observe import WithRequestId
from entrypoints.container import Container

_GRACE_SECONDS = 15


def serve(house: Container) -> None:
    """Serve at the configured address; SIGTERM lets requests that are under way end."""
    for handler in logging.getLogger().handlers:
        handler.addFilter(WithRequestId())
    settings = house.settings()
    config = uvicorn.Config(
        create_app(house),
        host=settings.api_host,
        port=settings.api_port,
        loop="uvloop",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        limit_concurrency=1000,
    )
    uvicorn.Server(config).run()
