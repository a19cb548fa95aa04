"""What analytics reads of the feed, and what it asks of storage for what that comes to."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from application.feed import Piece as FeedPiece
from application.ports import JsonObject, U_contra
from domain.analytics.facts import Moved
from domain.analytics.totals import Totals


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An event of the feed; `place` is opaque, and orders events as they are read.

    `recorded_at` is business time, and None where a partner told it: their clock is not ours, and
    nothing they tell is counted before the accounting has made something of it.
    """

    name: str
    version: int
    recorded_at: datetime | None
    data: JsonObject
    place: str


Piece = FeedPiece[Told]
"""What is read at a time."""


class Aggregates(Protocol[U_contra]):
    """What the events that were read come to."""

    async def keep(self, uow: U_contra, operations: Sequence[Moved]) -> Collection[UUID]:
        """Keep operations, each once for ever; return the ids that were not there before."""
        ...

    async def add(self, uow: U_contra, totals: Totals) -> None:
        """Add what operations come to, all of which are kept."""
        ...

    async def close(self, uow: U_contra, day: date) -> None:
        """Count who is in the red now that a day is closed; the first count stays."""
        ...

    async def empty(self, uow: U_contra) -> None:
        """Forget everything."""
        ...
