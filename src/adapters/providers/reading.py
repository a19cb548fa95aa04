"""Reading what a gateway sends: strictly, and never with an exception for what cannot be read."""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from application.payments.provider import Rejected
from domain.shared.errors import InvalidValue

T = TypeVar("T")
S = TypeVar("S")


def reader(kind: type[S], translate: Callable[[S], T]) -> Callable[[bytes], T]:
    """Return a function that decodes one kind of object and translates it."""
    decode = msgspec.json.Decoder(kind).decode

    def read(body: bytes) -> T:
        return translate(decode(without_nul(body)))

    return read


def readable(read: Callable[[bytes], T], body: bytes) -> T | None:
    """Read a body; None for one that is broken, foreign, or out of what Kazna can express."""
    try:
        return read(body)
    except (ValueError, msgspec.DecodeError, InvalidValue, ArithmeticError, RecursionError):
        return None


def refused(description: str, parameter: str) -> Rejected:
    """Refuse a request that the gateway would refuse, before it leaves."""
    return Rejected("invalid_request", description, parameter)


def without_nul(body: bytes) -> bytes:
    """Replace an escaped NUL: no text column stores one, and one must not stop a listing."""
    return body.replace(rb"\u0000", rb"\ufffd")
