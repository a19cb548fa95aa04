"""What every use case may ask of the world: time, chance, a unit of work, messages, facts."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar
from uuid import UUID

from application.envelope import Envelope
from domain.shared.facts import Cause, Event

JsonObject = Mapping[str, Any]
"""A JSON object of plain values; money inside is `amount_minor` and `currency`."""


class Clock(Protocol):
    """Business time: due dates, next attempts, days; leases and backoff use the database's."""

    def now(self) -> datetime:
        """Return the current business time, aware and in UTC."""
        ...


class Entropy(Protocol):
    """The only source of chance, so that a run can be repeated from a seed."""

    def new_id(self) -> UUID:
        """Return a fresh UUIDv7."""
        ...

    def token(self) -> str:
        """Return an unguessable URL-safe text of at least 128 bits."""
        ...

    def fraction(self) -> float:
        """Return a number from 0 (inclusive) to 1 (exclusive), for jitter and shuffles."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """Work to be done after the commit: a row beside the change that caused it.

    `name` is versioned (`payments.charge_attempt.v1`). Messages with the same `order_key` are
    handled one after another, all others in any order. A higher `priority` is claimed first.
    `delay_seconds` is machine time: what waits for business time is a row with a due date.
    """

    queue: str
    name: str
    payload: JsonObject
    order_key: str | None = None
    priority: int = 0
    delay_seconds: float = 0.0
    correlation_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Listener:
    """A context that hears of what another does: the queue and the name of its messages."""

    queue: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A claimed message, handed to its handler; `attempt` counts from 1."""

    id: int
    queue: str
    name: str
    payload: JsonObject
    attempt: int
    created_at: datetime
    order_key: str | None = None
    correlation_id: UUID | None = None


class Outbox(Protocol):
    """The messages of one unit of work; they exist when its commit does."""

    def add(self, messages: Iterable[NewMessage]) -> None:
        """Remember messages; they are written with the commit, in order."""
        ...


class Chronicle(Protocol):
    """The append-only table of events, written in the transaction of what they tell."""

    def record(self, cause: Cause, events: Iterable[Event]) -> None:
        """Remember events; they are written with the commit, in order."""
        ...

    def tell(self, cause: Cause, envelopes: Iterable[Envelope]) -> None:
        """Remember events that have an envelope already; their ids and instants stay."""
        ...


class UnitOfWork(Protocol):
    """One transaction: everything in it happens, or nothing.

    Contexts extend this with their own repositories; leaving the block without `commit()` rolls
    back. Messages and events are flushed by `commit()`, and bells are rung only after it.
    """

    @property
    def messages(self) -> Outbox:
        """What is to be done afterwards."""
        ...

    @property
    def events(self) -> Chronicle:
        """What happened."""
        ...

    async def commit(self) -> None:
        """Make everything durable, then ring for the messages."""
        ...


U_co = TypeVar("U_co", bound=UnitOfWork, covariant=True)
U_contra = TypeVar("U_contra", bound=UnitOfWork, contravariant=True)
A = TypeVar("A")

UnitsOfWork = Callable[[], AbstractAsyncContextManager[U_co]]
"""Opens a unit of work; made per call, never shared."""


class LocalHandler(Protocol[U_contra]):
    """Handles messages whose whole effect is in the database.

    It runs inside the transaction that claimed the rows: it never commits, it may be given the
    same message again after a rollback, and a batch that raises is tried again one by one.
    """

    async def __call__(self, uow: U_contra, batch: Sequence[Message]) -> None:
        """Apply the effect of every message of the batch."""
        ...


@dataclass(frozen=True, slots=True)
class Failed:
    """The answer of a remote message that must be tried again later; `why` is kept on the row.

    `final` sends it to the dead letters at once: another try cannot help.
    """

    why: str
    final: bool = False
    retry_after_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Later:
    """The answer of a remote message whose turn has not come: a throttle left no room for it.

    It waits so many seconds more, and the try does not count.
    """

    seconds: float


@dataclass(frozen=True, slots=True)
class Done:
    """The answer of a remote message that leaves nothing to record."""


class RemoteHandler(Protocol[U_contra, A]):
    """Handles messages that call the outside world; the rows are leased, no transaction is open.

    `call` may open short units of work of its own. Its answers, one per message and in order,
    are given to `record` in one transaction with the deletion of the rows under the lease token,
    so a worker that lost its lease changes nothing.
    """

    async def call(self, batch: Sequence[Message]) -> Sequence[A | Done | Failed | Later]:
        """Carry out the calls; answer once per message, in order; raise only for a bug."""
        ...

    async def record(self, uow: U_contra, batch: Sequence[tuple[Message, A]]) -> None:
        """Write down the answers that are neither Done, Failed nor Later; never commits."""
        ...


class Metrics(Protocol):
    """Counters and durations by name; adapters decide where they go."""

    def count(self, name: str, value: int = 1, **labels: str) -> None:
        """Add to a counter."""
        ...

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Record a duration in seconds."""
        ...


@dataclass(frozen=True, slots=True)
class Page:
    """Where a listing continues: at most `limit` rows after the opaque `cursor`."""

    limit: int = 50
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of rows as plain objects, and the cursor of the next, if there is one."""

    items: Sequence[JsonObject]
    next_cursor: str | None = None
