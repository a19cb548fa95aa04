"""Tell of tasks: into the chronicle, and to every context that listens, in the same commit."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from application.envelope import Envelope
from application.ports import Entropy, NewMessage, UnitOfWork
from application.tasks.ports import Listener
from domain.shared.facts import Cause, Event
from domain.tasks.events import TRACKER


@dataclass(frozen=True, slots=True)
class TellOfTasks:
    """Writes each event once, and one message per listener with the same envelope."""

    listeners: Sequence[Listener]
    entropy: Entropy

    def __call__(
        self, uow: UnitOfWork, told: Iterable[tuple[Event, int | None]], cause: Cause, now: datetime
    ) -> None:
        """Tell events, each with the version of its task after it; never commits."""
        envelopes = [
            Envelope.of(
                event,
                event_id=self.entropy.new_id(),
                occurred_at=now,
                producer=TRACKER,
                aggregate_version=version,
                cause=cause,
            )
            for event, version in told
        ]
        uow.events.tell(cause, envelopes)
        uow.messages.add(
            NewMessage(
                queue=listener.queue,
                name=listener.name,
                payload=envelope.as_json(),
                correlation_id=cause.correlation_id,
            )
            for envelope in envelopes
            for listener in self.listeners
        )
