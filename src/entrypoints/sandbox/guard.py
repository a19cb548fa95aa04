"""The key to control routes: what happens behind an emulated system's back is not for everybody."""

from collections.abc import Callable
from hmac import compare_digest
from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException
from litestar.handlers import BaseRouteHandler

_Connection = ASGIConnection[Any, Any, Any, Any]


def control_guard(token: str) -> Callable[[_Connection, BaseRouteHandler], None]:
    """Return a guard that lets in whoever sends the header `X-Sandbox-Control: <token>`."""

    def guard(connection: _Connection, _: BaseRouteHandler) -> None:
        given = connection.headers.get("x-sandbox-control", "")
        if not compare_digest(given.encode(), token.encode()):
            raise NotAuthorizedException("X-Sandbox-Control is missing or wrong")

    return guard
