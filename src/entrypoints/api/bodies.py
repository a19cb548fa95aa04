"""Read bodies strictly: the framework would take "1e2" for the number one hundred."""

from typing import Any

import msgspec
from litestar import Request
from litestar.exceptions import ValidationException

from entrypoints.api.shapes import Body


async def read_strictly(request: Request[Any, Any, Any]) -> None:
    """Refuse a body that is not exactly of the route's shape, before the route sees it."""
    field = request.route_handler.parsed_data_field
    kind = field.annotation if field is not None else None
    if not isinstance(kind, type) or not issubclass(kind, Body):
        return
    try:
        msgspec.json.decode(await request.body(), type=kind)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$")
        pointer = where.rstrip("`").replace("[", ".").replace("]", "").lstrip(".")
        raise ValidationException(extra=[{"message": what, "key": pointer}]) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValidationException(extra=[{"message": str(error), "key": ""}]) from None
