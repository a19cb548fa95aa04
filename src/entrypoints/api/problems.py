"""Every error as an RFC 9457 problem: one table from what went wrong to what is answered."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import asyncpg
import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from application.carrier.gateway import CallbackRefused
from application.errors import ApplicationError, Conflict, NotFound, StaleVersion, Unavailable
from application.idempotency import KeyReused, StillRunning
from application.identity.access import Forbidden, TokenRefused
from application.identity.captcha import TooManyChallenges
from application.payments.provider import NotificationRefused
from domain.catalog.plan import PlanInactive, PriceArchived
from domain.identity.person import AddressTaken, LastAdmin
from domain.ledger.corrections import AlreadyDecided, NotCorrectable, OwnProposal
from domain.notifications.notification import NotGivenUp
from domain.payments.attempt import IllegalMove
from domain.payments.invoice import IllegalInvoiceMove
from domain.payments.method import MethodNotUsable
from domain.payments.refund import RefundExceedsCapture
from domain.payments.refund_ticket import (
    AdminDecides,
    AnotherPersonDecides,
    ApprovalDiffers,
    TicketDecided,
    TicketOpen,
)
from domain.shared.errors import DomainError
from domain.subscriptions.by_hand import PaidTimeLost
from domain.subscriptions.granted import PaidAhead
from domain.subscriptions.moves import IllegalSubscriptionMove
from domain.tasks.task import NoEligibleAssignee, NotTheAssignee

_LOG = logging.getLogger("kazna.api")
CONTENT_TYPE = "application/problem+json"

_STATUS: Mapping[type[Exception], HTTPStatus] = {
    TokenRefused: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    StaleVersion: HTTPStatus.CONFLICT,
    Conflict: HTTPStatus.CONFLICT,
    StillRunning: HTTPStatus.CONFLICT,
    IllegalMove: HTTPStatus.CONFLICT,
    IllegalInvoiceMove: HTTPStatus.CONFLICT,
    IllegalSubscriptionMove: HTTPStatus.CONFLICT,
    PaidTimeLost: HTTPStatus.CONFLICT,
    PaidAhead: HTTPStatus.CONFLICT,
    PlanInactive: HTTPStatus.CONFLICT,
    PriceArchived: HTTPStatus.CONFLICT,
    MethodNotUsable: HTTPStatus.CONFLICT,
    RefundExceedsCapture: HTTPStatus.CONFLICT,
    TicketOpen: HTTPStatus.CONFLICT,
    TicketDecided: HTTPStatus.CONFLICT,
    AnotherPersonDecides: HTTPStatus.CONFLICT,
    AdminDecides: HTTPStatus.CONFLICT,
    ApprovalDiffers: HTTPStatus.CONFLICT,
    NoEligibleAssignee: HTTPStatus.CONFLICT,
    NotTheAssignee: HTTPStatus.CONFLICT,
    LastAdmin: HTTPStatus.CONFLICT,
    OwnProposal: HTTPStatus.CONFLICT,
    AlreadyDecided: HTTPStatus.CONFLICT,
    NotCorrectable: HTTPStatus.CONFLICT,
    AddressTaken: HTTPStatus.CONFLICT,
    NotGivenUp: HTTPStatus.CONFLICT,
    TooManyChallenges: HTTPStatus.TOO_MANY_REQUESTS,
    KeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    DomainError: HTTPStatus.UNPROCESSABLE_ENTITY,
    ApplicationError: HTTPStatus.INTERNAL_SERVER_ERROR,
}
_RETRY_AFTER_SECONDS = {
    StillRunning: "1",
    StaleVersion: "1",
    Unavailable: "2",
    TooManyChallenges: "60",
}


class BadRequest(ApplicationError):
    """The request breaks the protocol: a header is missing, a cursor is not ours."""

    code = "bad_request"


class Problem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What is wrong, as RFC 9457 says it; `errors` names the places of the body that are wrong."""

    type: str
    title: str
    status: int
    detail: str = ""
    code: str = ""
    errors: list[dict[str, str]] = []


def problem(
    status: int,
    detail: str,
    *,
    code: str,
    errors: list[dict[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response[Problem]:
    """Build the answer."""
    body = Problem(
        type=f"urn:kazna:problem:{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        code=code,
        errors=errors or [],
    )
    return Response(body, status_code=status, media_type=CONTENT_TYPE, headers=dict(headers or {}))


def on_refusal(_: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """Answer a refusal of the domain or the application."""
    kind = next((kind for kind in type(error).__mro__ if kind in _STATUS), ApplicationError)
    status = HTTPStatus.BAD_REQUEST if isinstance(error, BadRequest) else _STATUS[kind]
    headers = {}
    if kind in _RETRY_AFTER_SECONDS:
        headers["Retry-After"] = _RETRY_AFTER_SECONDS[kind]
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    code = getattr(error, "code", "failed")
    return problem(status, str(error), code=code, headers=headers)


def on_notification_refused(
    _: Request[Any, Any, Any], error: NotificationRefused | CallbackRefused
) -> Response[Problem]:
    """Answer a notification that is not the provider's, or cannot be read."""
    status = HTTPStatus.BAD_REQUEST if error.authentic else HTTPStatus.FORBIDDEN
    return problem(status, str(error), code="notification_refused")


def on_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    """Answer what the framework refused: an unknown path, a method, a body of the wrong shape."""
    if isinstance(error, ValidationException):
        return problem(
            HTTPStatus.BAD_REQUEST,
            "the request does not have the shape this route takes",
            code="invalid_request",
            errors=_places(error.extra),
        )
    if error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return on_bug(request, error)
    phrase = HTTPStatus(error.status_code).phrase
    code = phrase.lower().replace(" ", "_")
    headers = {k: v for k, v in (error.headers or {}).items() if k.lower() == "allow"}
    detail = error.detail if error.detail != phrase else ""
    return problem(error.status_code, detail, code=code, headers=headers)


def _places(extra: object) -> list[dict[str, str]]:
    if not isinstance(extra, list):
        return []
    return [_place(item) for item in extra if isinstance(item, dict) and "message" in item]


def _place(item: Mapping[str, Any]) -> dict[str, str]:
    """Name what is wrong: a parameter by its name, a part of the body by its JSON pointer."""
    key, detail = str(item.get("key", "")), str(item["message"])
    if item.get("source"):
        return {"parameter": key, "detail": detail}
    return {"pointer": "".join(f"/{part}" for part in key.split(".") if part), "detail": detail}


def on_too_deep(_: Request[Any, Any, Any], error: RecursionError) -> Response[Problem]:
    """Answer a body that is nested deeper than anything this API takes."""
    del error
    return problem(HTTPStatus.BAD_REQUEST, "the body is nested too deep", code="invalid_request")


def on_unavailable(_: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """Answer while the database cannot be reached."""
    _LOG.warning("the database is away: %s", type(error).__name__)
    return problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "the database cannot be reached right now",
        code="unavailable",
        headers={"Retry-After": "2"},
    )


def on_database(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """Tell a database that is away, or a lost race, from a bug."""
    cause = getattr(error, "orig", error)
    state = getattr(cause, "sqlstate", None) or ""
    if isinstance(cause, asyncpg.DataError | UnicodeError):
        return on_bug(request, error)
    if isinstance(cause, asyncpg.InterfaceError | OSError) or state[:2] in ("08", "53", "57", "58"):
        return on_unavailable(request, error)
    if state in ("40001", "40P01", "55P03"):
        return problem(
            HTTPStatus.CONFLICT,
            "somebody else changed the same thing at the same moment",
            code="contended",
            headers={"Retry-After": "1"},
        )
    return on_bug(request, error)


def on_bug(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """Answer a bug: the details are for the log, not for the caller."""
    _LOG.error("%s %s failed", request.method, request.scope["path"], exc_info=error)
    return problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "something went wrong on our side; the request id leads to it in the log",
        code="internal_error",
    )


HANDLERS: dict[Any, Any] = {
    DomainError: on_refusal,
    ApplicationError: on_refusal,
    NotificationRefused: on_notification_refused,
    CallbackRefused: on_notification_refused,
    HTTPException: on_http,
    asyncpg.PostgresError: on_database,
    asyncpg.InterfaceError: on_database,
    DBAPIError: on_database,
    PoolExhausted: on_unavailable,
    OSError: on_unavailable,
    RecursionError: on_too_deep,
    Exception: on_bug,
}
