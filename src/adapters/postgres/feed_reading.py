"""A reader of the feed that remembers where it stopped, together with what it made of it."""

from collections.abc import Callable
from datetime import datetime
from typing import Generic, TypeVar

from adapters.postgres.feed import Place, Recorded, read_feed
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from application.feed import Piece

E = TypeVar("E")

# In order, as the feed is read, so that it steps into the index and never through the table.
_FOLLOWS = """
SELECT position FROM event WHERE (xid, position) > ($1::text::xid8, $2::bigint)
ORDER BY xid, position LIMIT 1
"""
_MOVE = """
UPDATE feed_cursor SET transaction = coalesce($2, transaction),
    position = coalesce($3, position), as_of = coalesce($4, as_of) WHERE reader = $1
"""


class FeedReading(Generic[E]):
    """The cursor of one reader, a row that is locked while a piece is read.

    `shown` makes of an event what the reader understands.
    """

    def __init__(self, reader: str, shown: Callable[[Recorded], E]) -> None:
        self._reader = reader
        self._shown = shown

    async def hold(self, uow: PostgresUnitOfWork) -> None:
        """Lock the row, made where there is none."""
        await uow.driver.execute(
            "INSERT INTO feed_cursor (reader, transaction, position) VALUES ($1, 0, 0) "
            "ON CONFLICT (reader) DO NOTHING",
            self._reader,
        )
        await uow.driver.execute(
            "SELECT FROM feed_cursor WHERE reader = $1 FOR UPDATE", self._reader
        )

    async def next(self, uow: PostgresUnitOfWork, limit: int) -> Piece[E]:
        """Read behind the safe horizon; it is the last piece if nothing lies before it either."""
        row = await uow.driver.fetchrow(
            "SELECT transaction, position FROM feed_cursor WHERE reader = $1", self._reader
        )
        place = Place(row["transaction"], row["position"])
        events = await read_feed(uow.driver, place, limit)
        last = events[-1].place if events else place
        follows = await uow.driver.fetchval(_FOLLOWS, str(last.transaction), last.position)
        return Piece([self._shown(event) for event in events], is_last=follows is None)

    async def move(
        self, uow: PostgresUnitOfWork, place: str | None, as_of: datetime | None
    ) -> None:
        """Write the place and the instant down."""
        where = Place.parsed(place) if place else None
        await uow.driver.execute(
            _MOVE, self._reader, where and where.transaction, where and where.position, as_of
        )

    async def restart(self, uow: PostgresUnitOfWork) -> None:
        """Go back before everything."""
        await uow.driver.execute(
            "UPDATE feed_cursor SET transaction = 0, position = 0, as_of = NULL WHERE reader = $1",
            self._reader,
        )
