"""Pages of listings: at most a hundred rows, and an opaque cursor to the next."""

from typing import Annotated, Any

from litestar.params import QueryParameter

from application.ports import JsonObject, Listing, Page

Limit = Annotated[int, QueryParameter(ge=1, le=100, description="rows of a page")]
Cursor = Annotated[
    str | None, QueryParameter(max_length=200, description="next_cursor of the page before")
]


def page(limit: int, cursor: str | None) -> Page:
    """Return where to go on."""
    return Page(limit=limit, cursor=cursor)


def shown(listing: Listing) -> JsonObject:
    """Return a listing as it is answered."""
    body: dict[str, Any] = {"items": listing.items, "next_cursor": listing.next_cursor}
    return body
