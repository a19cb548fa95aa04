"""Take in events of tasks that a partner's tracker has sent: each once, the wrong ones named."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from application.envelope import Envelope
from application.ledger.envelopes import DayOver, Heard, Unreadable, Upcast, read_envelope
from application.ledger.task_events import TASK_EVENT
from application.ports import JsonObject, NewMessage, U_contra, UnitOfWork
from domain.shared.facts import Cause


class Inbox(Protocol[U_contra]):
    """The inbox of notifications, whoever they come from."""

    async def receive_many(self, uow: U_contra, source: str, ids: Sequence[str]) -> set[str]:
        """Keep event ids; return those that are new."""
        ...


@dataclass(frozen=True, slots=True)
class Refused:
    """An event that was not taken, by its place among those that came."""

    place: int
    event_id: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Taken:
    """How many events are kept now, were kept before, and were not taken."""

    accepted: int
    repeated: int
    refused: Sequence[Refused]


@dataclass(frozen=True, slots=True)
class TakeEvents:
    """Write messages for events; one that is wrong does not keep the others out."""

    inbox: Inbox[Any]
    upcast: Upcast

    async def within(self, uow: UnitOfWork, partner: str, envelopes: Sequence[JsonObject]) -> Taken:
        """Add a message per new event inside the caller's transaction; never commits."""
        sound: dict[str, Heard | DayOver] = {}
        refused: list[Refused] = []
        repeated = 0
        for place, envelope in enumerate(envelopes):
            read = read_envelope(envelope, UUID(int=0), self.upcast)
            if isinstance(read, Unreadable):
                named = None if read.event_id.int == 0 else str(read.event_id)
                refused.append(Refused(place, named, read.why))
                continue
            repeated += str(read.event_id) in sound
            sound.setdefault(str(read.event_id), read)
        new = await self.inbox.receive_many(uow, f"events:{partner}", list(sound))
        for key, one in sound.items():
            if key in new:
                told = Envelope.read(one.envelope, producer=partner)
                uow.events.tell(_cause(partner, told), [told])
        uow.messages.add(
            NewMessage(
                queue="ledger",
                name=TASK_EVENT,
                # Whoever signed has told it, whatever the event says of itself.
                payload={**one.envelope, "producer": partner},
                correlation_id=one.event_id,
            )
            for key, one in sound.items()
            if key in new
        )
        return Taken(len(new), repeated + len(sound) - len(new), refused)


def _cause(partner: str, told: Envelope) -> Cause:
    return Cause(
        actor=f"partner:{partner}",
        reason="told by a partner",
        correlation_id=told.correlation_id,
        causation_id=told.causation_id,
    )
