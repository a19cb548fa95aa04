"""Tables as CSV (RFC 4180), for spreadsheets that must not be fooled by what is in them."""

import csv
import io
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from litestar import Request, Response
from msgspec import Struct

from application.ports import JsonObject
from domain.shared.errors import InvalidValue

MEDIA_TYPE = "text/csv"
# What a spreadsheet takes for the beginning of a formula, or passes over on its way to one.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class Format(StrEnum):
    """How an answer is written."""

    JSON = "json"
    CSV = "csv"


def wants_csv(request: Request[Any, Any, Any], asked: Format | None) -> bool:
    """Tell whether a table is wanted rather than an object: by `format`, or else by `Accept`."""
    if asked is not None:
        return asked is Format.CSV
    given = request.headers.get("accept", "").split(",")
    return any(one.partition(";")[0].strip().lower() == "text/csv" for one in given)


def as_csv(
    body: JsonObject, tables: Mapping[str, type[Struct]], asked: str | None, name: str
) -> Response[bytes]:
    """Return one of an answer's tables, the first if none is named; `X-As-Of` says as of when.

    `tables` are the names of fields with what their rows are. A page says in `X-Next-Cursor` where
    the next one begins.
    """
    table = asked or next(iter(tables))
    if table not in tables:
        raise InvalidValue(f"there is no table {table!r}; there are {', '.join(tables)}")
    rows = body[table] if isinstance(body[table], list) else [body[table]]
    headers = {
        "Content-Disposition": f'attachment; filename="{name}-{table}.csv"',
        "X-As-Of": body["as_of"] or "",
    }
    if body.get("next_cursor"):
        headers["X-Next-Cursor"] = body["next_cursor"]
    text = written(tables[table].__struct_fields__, [row for row in rows if row is not None])
    return Response(text.encode(), media_type=MEDIA_TYPE, headers=headers)


def written(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """Write rows under a head of column names; what is missing is empty."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([_cell(row[column]) for column in columns] for row in rows)
    return out.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return "" if value is None else value
