"""Pages of listings: at most a hundred rows, an opaque cursor to the next, and filters."""

from datetime import UTC, datetime
from typing import Annotated, Any

from litestar.params import PathParameter, QueryParameter

from application.ports import JsonObject, Listing, Page
from domain.shared.errors import InvalidValue

# `$` alone would let a last line feed through.
_VISIBLE = r"^[!-~]*$(?!\n)"
_ONE_LINE = r"^[^\x00-\x1f\x7f]*$(?!\n)"
_FIRST_YEAR, _LAST_YEAR = 1970, 9000

Limit = Annotated[int, QueryParameter(ge=1, le=100, description="rows of a page")]
Cursor = Annotated[
    str | None,
    QueryParameter(max_length=200, pattern=_VISIBLE, description="next_cursor of the page before"),
]
Word = Annotated[str | None, QueryParameter(max_length=200, pattern=_ONE_LINE)]
Moment = Annotated[datetime | None, QueryParameter(description="an instant with its offset")]
OperatorName = Annotated[str, PathParameter(pattern=r"^[a-z][a-z0-9_]{0,31}$(?!\n)")]
FeatureCode = Annotated[str, PathParameter(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$(?!\n)")]


def page(limit: int, cursor: str | None) -> Page:
    """Return where to go on."""
    return Page(limit=limit, cursor=cursor)


def shown(listing: Listing) -> JsonObject:
    """Return a listing as it is answered."""
    body: dict[str, Any] = {"items": listing.items, "next_cursor": listing.next_cursor}
    return body


def instant(given: datetime | None, name: str) -> datetime | None:
    """Return an instant in UTC; refuse one without an offset, and years nobody bills in."""
    if given is None:
        return None
    if given.tzinfo is None:
        raise InvalidValue(f"{name} needs an offset from UTC")
    if not _FIRST_YEAR <= given.year <= _LAST_YEAR:
        raise InvalidValue(f"{name} lies between the years {_FIRST_YEAR} and {_LAST_YEAR}")
    return given.astimezone(UTC)
