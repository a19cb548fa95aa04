"""Messages of a queue that a program of somebody else works on: what it let fall is taken over.

The handlers tell what that means: an operator's program that vanished with a charge leaves an
unknown outcome, or is handed the same charge again where it keeps keys.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from application.messaging.ports import MessageStore
from application.messaging.remote import RunRemote
from application.ports import Message
from application.queues import QueueSpec


@dataclass(frozen=True, slots=True)
class RunForeign:
    """Carry out what was leased from outside and not answered; never what waits to be leased."""

    store: MessageStore[Any]
    remote: RunRemote

    async def __call__(self, spec: QueueSpec, ids: Sequence[int]) -> Sequence[Message]:
        """Take over at most the queue's limit of these messages; answer with what was."""
        leased = await self.store.take_over(spec, ids)
        return await self.remote.carried_out(spec, leased) if leased.batch else ()
