"""The feed of events as its readers have it: a cursor of their own, and pieces that follow it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from application.ports import U_contra

E_co = TypeVar("E_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Piece(Generic[E_co]):
    """Events that follow the last one read; `is_last` when no other was recorded by then."""

    events: Sequence[E_co]
    is_last: bool


class Reading(Protocol[U_contra, E_co]):
    """Where a reader of the feed stopped; whoever holds it is alone until the commit."""

    async def hold(self, uow: U_contra) -> None:
        """Take the cursor, waiting for whoever has it."""
        ...

    async def next(self, uow: U_contra, limit: int) -> Piece[E_co]:
        """Return the events after the cursor, in an order that never changes."""
        ...

    async def move(self, uow: U_contra, place: str | None, as_of: datetime | None) -> None:
        """Move the cursor; what is None stays as it is."""
        ...

    async def restart(self, uow: U_contra) -> None:
        """Put the cursor before everything, as of nothing."""
        ...
