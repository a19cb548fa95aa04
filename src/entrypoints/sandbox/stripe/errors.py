"""Refusals in Stripe's error format."""

from typing import Any

import msgspec


class ApiError(Exception):
    """A request that Stripe would refuse, with the status and body it would answer.

    `kept` is true where the request had begun: Stripe then gives a repeat the same answer.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        more: dict[str, Any] | None = None,
        kept: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kept = kept
        self.error: dict[str, Any] = {"type": kind, "message": message}
        if code is not None:
            self.error["code"] = code
            self.error["doc_url"] = f"https://stripe.com/docs/error-codes/{code}"
        if param is not None:
            self.error["param"] = param
        self.error |= more or {}

    def body(self) -> bytes:
        """Write the answer."""
        return msgspec.json.encode({"error": self.error})


def missing(what: str, object_id: str, param: str = "id") -> ApiError:
    """Refuse an id nobody has."""
    return ApiError(404, f"No such {what}: '{object_id}'", code="resource_missing", param=param)


def invalid(message: str, param: str | None = None, code: str | None = None) -> ApiError:
    """Refuse a parameter."""
    return ApiError(400, message, code=code, param=param)
