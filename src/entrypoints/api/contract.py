"""What a route declares: who may use it, what it answers, whether it takes an idempotency key."""

from dataclasses import dataclass
from typing import Any

from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Operation, Parameter, Schema
from litestar.openapi.spec.enums import OpenAPIType

from application.identity.access import PERMISSIONS, PUBLIC
from entrypoints.api.problems import CONTENT_TYPE, Problem

PERMISSION = "permission"
KEYED = "keyed"
ANSWER = "answer"
KEY_HEADER = "Idempotency-Key"
LONGEST_KEY = 255


class UndeclaredRoute(RuntimeError):
    """A route says nothing of who may use it; the application does not start."""


@dataclass
class KeyedOperation(Operation):
    """An operation that acts once per key, however often it is sent."""

    def __post_init__(self) -> None:
        header = Parameter(
            name=KEY_HEADER,
            param_in="header",
            required=True,
            description="the same key with the same body gives the same answer and acts once",
            schema=Schema(type=OpenAPIType.STRING, min_length=1, max_length=LONGEST_KEY),
        )
        self.parameters = [*(self.parameters or []), header]


def serves(answer: Any, to: str, *, status: int = 200, keyed: bool = False) -> dict[str, Any]:
    """Declare a route: what it answers, to the holders of which permission, under a key or not.

    Raises UndeclaredRoute for a permission that is not in the table.
    """
    if to not in PERMISSIONS and to != PUBLIC:
        raise UndeclaredRoute(f"there is no permission {to!r}")
    problems = {400: "the request is wrong", 404: "there is no such thing for this caller"}
    if to != PUBLIC:
        problems |= {401: "the token is missing or refused", 403: "the caller may not do this"}
    if keyed:
        problems |= {
            409: "what is asked does not fit how things stand, or the key is being worked on",
            422: "a rule refuses it, or the key was used for another request",
        }
    shown = {
        code: ResponseSpec(
            Problem, generate_examples=False, description=text, media_type=CONTENT_TYPE
        )
        for code, text in sorted(problems.items())
    }
    declared: dict[str, Any] = {
        "opt": {PERMISSION: to, KEYED: keyed, ANSWER: answer},
        "status_code": status,
        "responses": {
            status: ResponseSpec(answer, generate_examples=False, description="done"),
            **shown,
        },
    }
    if keyed:
        declared["operation_class"] = KeyedOperation
    if to == PUBLIC:
        declared["security"] = [{}]
    return declared
