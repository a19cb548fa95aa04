"""Refusals in YooKassa's error format."""

from typing import Literal
from uuid import uuid4

import msgspec

Code = Literal[
    "invalid_request",
    "invalid_credentials",
    "forbidden",
    "not_found",
    "gone",
    "too_many_requests",
    "internal_server_error",
    "request_accepted",
]


class ErrorObject(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", tag="error"):
    """The body of every answer that is not the object asked for."""

    id: str
    code: Code
    description: str | None = None
    parameter: str | None = None
    retry_after: int | None = None


class ApiError(Exception):
    """A request that YooKassa would refuse, with the status and body it would answer."""

    def __init__(
        self, status: int, code: Code, description: str, parameter: str | None = None
    ) -> None:
        super().__init__(description)
        self.status = status
        self.code: Code = code
        self.description = description
        self.parameter = parameter

    def body(self) -> bytes:
        return error_body(self.code, self.description, self.parameter)


def error_body(
    code: Code,
    description: str | None = None,
    parameter: str | None = None,
    retry_after_ms: int | None = None,
) -> bytes:
    """Encode an error object under a fresh id; `retry_after` is milliseconds."""
    return msgspec.json.encode(
        ErrorObject(str(uuid4()), code, description, parameter, retry_after_ms)
    )


def invalid_request(description: str, parameter: str | None = None) -> ApiError:
    return ApiError(400, "invalid_request", description, parameter)


def invalid_credentials() -> ApiError:
    return ApiError(
        401,
        "invalid_credentials",
        "Error in shopId or secret key. Check their validity. "
        "You can reissue the key in the Merchant Profile",
        "Authorization",
    )


def forbidden(description: str) -> ApiError:
    return ApiError(403, "forbidden", description)


def not_found(what: str, parameter: str) -> ApiError:
    return ApiError(404, "not_found", f"{what} doesn't exist", parameter)
