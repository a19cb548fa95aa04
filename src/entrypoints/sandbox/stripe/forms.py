"""Form bodies and queries with brackets, read into nested objects."""

import re
from collections.abc import Iterable
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import parse_qsl

import msgspec
from msgspec import Meta

from entrypoints.sandbox.stripe.errors import ApiError, invalid

T = TypeVar("T")

Metadata = dict[
    Annotated[str, Meta(min_length=1, max_length=40)], Annotated[str, Meta(max_length=500)]
]
_PART: Final = re.compile(r"([^\[\]]+)|\[([^\[\]]*)\]")
_MOST_DEPTH: Final = 8


def read(kind: type[T], body: bytes) -> T:
    """Read a body as a request; names nobody knows and values of another kind are refused."""
    return convert(kind, nested(pairs(body)))


def pairs(encoded: bytes) -> list[tuple[str, str]]:
    """Read a body or a query as it came."""
    try:
        text = encoded.decode("ascii")
        return parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), errors="strict")
    except (UnicodeDecodeError, ValueError) as error:
        raise invalid("Invalid request body or query") from error


def convert(kind: type[T], given: Any) -> T:
    """Convert nested texts to a request."""
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        message = str(error)
        if "unknown field" in message:
            name = message.split("`")[1]
            raise ApiError(
                400, f"Received unknown parameter: {name}", code="parameter_unknown", param=name
            ) from error
        at = message.split("`")[1].removeprefix("$.") if "`" in message else None
        raise invalid(message, at) from error


def nested(given: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Fold `a[b][0]=c` into objects; an object whose names are all numbers becomes a list."""
    root: dict[str, Any] = {}
    for path, value in given:
        parts = [plain or inner for plain, inner in _PART.findall(path)]
        if not parts or len(parts) > _MOST_DEPTH:
            raise invalid("Invalid parameter name", path[:80])
        place = root
        for part in parts[:-1]:
            place = place.setdefault(part or str(len(place)), {})
            if not isinstance(place, dict):
                raise invalid("Invalid parameter name", path[:80])
        place[parts[-1] or str(len(place))] = value
    return {name: _listed(value) for name, value in root.items()}


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _listed(each) for name, each in value.items()}
    if inner and all(name.isascii() and name.isdigit() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner
