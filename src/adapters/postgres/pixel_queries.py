"""What is looked at of postbacks."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.codec import plain
from adapters.postgres.connections import borrowed
from adapters.postgres.queries import cursor_of, read_cursor
from application.ports import JsonObject, Listing, Page
from domain.shared.errors import InvalidValue

_PIXELS = """
SELECT id, wire_id, subscription_id, operator, campaign_code, pixel, publisher, paid, status, why,
    response_code, took_ms, created_at, decided_at
FROM carrier_pixel
WHERE ($1::text IS NULL OR status = $1) AND ($2::bigint IS NULL OR wire_id < $2)
ORDER BY wire_id DESC LIMIT $3
"""


class PostgresPixelQueries:
    """Read models of postbacks; addresses stay inside, they may hold numbers."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def settings(self) -> dict[str, Any]:
        """Return all settings and publishers."""
        async with borrowed(self._engine) as (_, driver):
            settings = await driver.fetch(
                "SELECT id, campaign_code AS campaign, operator, publisher, endpoint, "
                "timeout_seconds::float8 AS timeout_seconds, ratio, is_enabled, counted "
                "FROM carrier_pixel_setting ORDER BY publisher, wire_id"
            )
            publishers = await driver.fetch("SELECT * FROM carrier_publisher ORDER BY place, name")
        return {
            "settings": [plain(dict(row)) for row in settings],
            "publishers": [plain(dict(row)) for row in publishers],
        }

    async def pixels(self, page: Page, status: str | None) -> Listing:
        """Return postbacks, latest first."""
        text = read_cursor(page.cursor)
        if text is not None and not (text.isascii() and text.isdigit() and len(text) < 19):
            raise InvalidValue("that cursor was not given out here")
        async with borrowed(self._engine) as (_, driver):
            rows = await driver.fetch(_PIXELS, status, int(text) if text else None, page.limit + 1)
        items: list[JsonObject] = [plain(dict(row)) for row in rows[: page.limit]]
        last = items[-1]["wire_id"] if len(rows) > page.limit else None
        return Listing(items=items, next_cursor=cursor_of(str(last)) if last else None)
