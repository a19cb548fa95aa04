"""Dead messages: seen by people, sent back to work or given up, never without a trace."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeVar
from uuid import UUID

from application.messaging.ports import Bell
from application.ports import JsonObject, Listing, Page, UnitOfWork, UnitsOfWork
from domain.shared.facts import Cause

U_contra = TypeVar("U_contra", bound=UnitOfWork, contravariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadMessage:
    """A message that was tried often enough, or that no try can help."""

    id: int
    queue: str
    name: str
    payload: JsonObject
    attempt: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReplayed:
    """Somebody sent a dead message back to work."""

    name: ClassVar[str] = "messages.replayed"
    version: ClassVar[int] = 1

    message_id: int
    queue: str
    message_name: str
    why_dead: str

    @property
    def aggregate_id(self) -> UUID:
        """The message, whose number is small enough to be read as an id."""
        return UUID(int=self.message_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDiscarded:
    """Somebody gave a dead message up; what it said is kept here."""

    name: ClassVar[str] = "messages.discarded"
    version: ClassVar[int] = 1

    message_id: int
    queue: str
    message_name: str
    why_dead: str
    payload: JsonObject

    @property
    def aggregate_id(self) -> UUID:
        """The message, whose number is small enough to be read as an id."""
        return UUID(int=self.message_id)


class DeadLetters(Protocol[U_contra]):
    """The rows of dead messages."""

    async def listed(self, queue: str | None, page: Page) -> Listing:
        """Return dead messages, newest first, of one queue or of all."""
        ...

    async def revive(self, uow: U_contra, ids: Sequence[int]) -> list[DeadMessage]:
        """Make those that are dead due again, with all their tries before them."""
        ...

    async def remove(self, uow: U_contra, ids: Sequence[int]) -> list[DeadMessage]:
        """Remove those that are dead."""
        ...


@dataclass(frozen=True, slots=True)
class SettleDead:
    """Decide about dead messages; ids that are not dead, or not any more, are passed over.

    A replayed message keeps its number, so it goes before what waits behind it under the same
    order key; what has passed it while it was dead stays done.
    """

    units_of_work: UnitsOfWork[Any]
    dead: DeadLetters[Any]
    bell: Bell

    async def replay(self, ids: Sequence[int], cause: Cause) -> Sequence[int]:
        """Send messages back to work; return which were."""
        async with self.units_of_work() as uow:
            revived = await self.dead.revive(uow, ids)
            uow.events.record(
                cause,
                [
                    MessageReplayed(
                        message_id=one.id, queue=one.queue, message_name=one.name, why_dead=one.why
                    )
                    for one in revived
                ],
            )
            await uow.commit()
        self.bell.ring([(one.queue, one.id) for one in revived])
        return [one.id for one in revived]

    async def discard(self, ids: Sequence[int], cause: Cause) -> Sequence[int]:
        """Give messages up; return which were."""
        async with self.units_of_work() as uow:
            removed = await self.dead.remove(uow, ids)
            uow.events.record(
                cause,
                [
                    MessageDiscarded(
                        message_id=one.id,
                        queue=one.queue,
                        message_name=one.name,
                        why_dead=one.why,
                        payload=one.payload,
                    )
                    for one in removed
                ],
            )
            await uow.commit()
        return [one.id for one in removed]
