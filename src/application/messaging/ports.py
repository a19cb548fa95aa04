"""What carrying out messages asks of the database and of the bell."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol, TypeVar
from uuid import UUID

from application.ports import (
    Entropy,
    LocalHandler,
    Message,
    Metrics,
    RemoteHandler,
    UnitOfWork,
    UnitsOfWork,
)
from application.queues import QueueSpec

Handlers = Mapping[str, LocalHandler[Any] | RemoteHandler[Any, Any]]
"""The handler of each message name; the kind of the handler is that of the queue."""

U_contra = TypeVar("U_contra", bound=UnitOfWork, contravariant=True)


class Verdict(Enum):
    """What an error says about the message that met it."""

    LOST = "the database went away: nothing is known about the message"
    CONTENDED = "another transaction was in the way: the message did nothing wrong"
    FAILED = "the message or its handler failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setback:
    """What is kept of a try that came to nothing.

    `tries` is the number of tries counted so far. `delay_seconds` is when the next may begin;
    `None` makes the message dead.
    """

    message: Message
    why: str
    tries: int
    delay_seconds: float | None


@dataclass(frozen=True, slots=True)
class Leased:
    """A batch under lease; whoever does not name the token can no longer change it."""

    token: UUID
    batch: Sequence[Message]


@dataclass(frozen=True, slots=True)
class Overdue:
    """Messages of a queue that should have been claimed a while ago."""

    queue: str
    ids: Sequence[int]
    oldest_seconds: float


class MessageStore(Protocol[U_contra]):
    """The rows of messages; times in it are the database's own."""

    async def take(
        self, uow: U_contra, queue: str, ids: Sequence[int], limit: int
    ) -> list[Message]:
        """Claim due messages and remove them, both taking effect with the commit.

        Urgent messages come first, then those named in `ids`, then others of the queue.
        """
        ...

    async def retake(self, uow: U_contra, queue: str, ids: Sequence[int]) -> list[Message]:
        """Claim and remove exactly these, as far as they are still due and free."""
        ...

    async def lease(self, spec: QueueSpec, ids: Sequence[int], token: UUID | None = None) -> Leased:
        """Lease a batch, count the try, and commit; expired leases in `ids` are taken over.

        The token is random, unless the caller knows a better one.
        """
        ...

    async def take_over(self, spec: QueueSpec, ids: Sequence[int]) -> Leased:
        """Lease of these what somebody else leased and let fall, count the try, and commit."""
        ...

    async def renew(self, leased: UUID, ids: Collection[int], lease_seconds: float) -> set[int]:
        """Prolong the lease of these messages; return those that are still held."""
        ...

    async def finish(self, uow: U_contra, leased: UUID, ids: Collection[int]) -> set[int]:
        """Remove messages that are done; return those that were still held under the token."""
        ...

    async def set_back(
        self, uow: U_contra, setbacks: Sequence[Setback], leased: UUID | None = None
    ) -> set[int]:
        """Put messages back or bury them; return those that nobody else had moved on."""
        ...

    async def overdue(self, queues: Collection[str], older_than_seconds: float) -> list[Overdue]:
        """Return what is due or was leased by a process that died, at most 500 a queue."""
        ...

    async def fallen(self, queues: Collection[str]) -> list[Overdue]:
        """Return what was leased and let fall, at most 500 a queue."""
        ...

    async def bury_exhausted(self, spec: QueueSpec) -> int:
        """Bury messages whose last allowed try ended with its process; return how many."""
        ...

    def judge(self, error: BaseException) -> Verdict:
        """Tell an error of the database from one of the message."""
        ...


class Bell(Protocol):
    """Wakes workers up; everything it says may be lost."""

    def ring(self, rung: Sequence[tuple[str, int]]) -> None:
        """Ring for `(queue, message id)` without waiting; drop when there is no room."""
        ...

    async def reach(self, rung: Sequence[tuple[str, int]]) -> bool:
        """Ring and wait for the answer; tell whether the bell was heard."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """What every executor of messages works with."""

    units_of_work: UnitsOfWork[Any]
    store: MessageStore[Any]
    handlers: Handlers
    entropy: Entropy
    metrics: Metrics
