"""Request bodies: nested fields as `application/x-www-form-urlencoded` with brackets."""

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlencode

Value = str | int | bool | None | Mapping[str, "Value"] | Sequence["Value"]


def encode(fields: Mapping[str, Value]) -> bytes:
    """Write fields in their order; what is None is left out.

    The same fields always give the same bytes: under one idempotency key another body is refused.
    """
    return urlencode(list(_flat(fields))).encode("ascii")


def _flat(fields: Mapping[str, Value], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in fields.items():
        path = f"{prefix}[{name}]" if prefix else name
        match value:
            case None:
                continue
            case bool():
                yield path, "true" if value else "false"
            case str() | int():
                yield path, str(value)
            case Mapping():
                yield from _flat(value, path)
            case _:
                yield from _flat({str(place): each for place, each in enumerate(value)}, path)
