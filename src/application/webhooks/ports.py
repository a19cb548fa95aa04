"""What deliveries are made of, where they and endpoints are kept, and who carries them out."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from application.errors import ApplicationError
from application.ports import NewMessage, U_contra
from domain.webhooks.endpoint import Endpoint

DELIVER = "webhooks.deliver.v1"
QUEUE = "webhooks"
# What comes in by the same queue concerns money, and goes first.
_PRIORITY = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """An event of the feed; `recorded_at` is machine time, `place` orders events as read."""

    event_id: UUID
    name: str
    aggregate_id: UUID
    recorded_at: datetime
    place: str


@dataclass(frozen=True, slots=True)
class Listener:
    """An endpoint that is told of what was recorded since; machine time."""

    endpoint: Endpoint
    since: datetime


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """An event that an endpoint is to be told of."""

    id: UUID
    endpoint_id: UUID
    event: Happened


@dataclass(frozen=True, slots=True)
class Ordered:
    """A delivery that needs a message to be carried out."""

    id: UUID
    endpoint_id: UUID
    aggregate_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A delivery on its way out.

    `is_behind` when an earlier event of its aggregate has not reached the endpoint yet, `is_wanted`
    while the endpoint is on. `body` is the published envelope; None where the event is gone.
    """

    id: UUID
    endpoint_id: UUID
    event_id: UUID
    url: str
    tries: int
    is_behind: bool
    is_wanted: bool
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Answered:
    """The endpoint's server answered; `text` is how its answer begins."""

    code: int
    milliseconds: int
    text: str


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Nothing was sent, or no complete answer came; it may have been heard."""

    why: str
    milliseconds: int | None = None


@dataclass(frozen=True, slots=True)
class Resting:
    """Nothing was sent: nobody answered there lately, and who asks again waits so long."""

    seconds: float


Reply = Answered | NoAnswer | Resting


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a delivery stands after a message was carried out; `reply` where it was tried."""

    id: UUID
    status: Literal["waiting", "held", "delivered", "failed"]
    reply: Answered | NoAnswer | None = None
    next_try_at: datetime | None = None
    why: str | None = None


class SecretUnreadable(ApplicationError):
    """A secret was sealed with a key that this deployment does not have any more."""

    code = "secret_unreadable"


class SecretBox(Protocol):
    """Seals what the database keeps and must not show."""

    def seal(self, text: str) -> str:
        """Return a text that says nothing."""
        ...

    def open(self, sealed: str) -> str:
        """Return what was sealed; raise SecretUnreadable."""
        ...


class Courier(Protocol):
    """Calls endpoints, and nothing of our own network."""

    async def deliver(
        self, endpoint_id: UUID, url: str, headers: Mapping[str, str], body: bytes
    ) -> Reply:
        """Make one call."""
        ...


class Endpoints(Protocol[U_contra]):
    """The rows of endpoints and of their secrets, which stay sealed."""

    async def listeners(self, uow: U_contra) -> Sequence[Listener]:
        """Return those that are on."""
        ...

    async def lock(self, uow: U_contra, ids: Collection[UUID]) -> Mapping[UUID, Endpoint]:
        """Load for change, in an order that cannot deadlock."""
        ...

    async def add(self, uow: U_contra, endpoint: Endpoint) -> None:
        """Insert; it listens from now on."""
        ...

    async def save(self, uow: U_contra, endpoints: Sequence[Endpoint]) -> None:
        """Write changes; one that is switched on listens from now on."""
        ...

    async def secrets(
        self, uow: U_contra, ids: Collection[UUID], now: datetime
    ) -> Mapping[UUID, Sequence[str]]:
        """Return the sealed secrets that are valid, newest first."""
        ...

    async def put_secret(
        self, uow: U_contra, key: UUID, endpoint_id: UUID, sealed: str, old_until: datetime
    ) -> None:
        """Make it the secret; the one before is valid until then, what has ended goes."""
        ...

    async def drop_secrets(self, uow: U_contra, endpoint_id: UUID) -> None:
        """Delete them all."""
        ...


class Deliveries(Protocol[U_contra]):
    """The rows of deliveries."""

    async def add_many(self, uow: U_contra, rows: Sequence[NewDelivery]) -> Sequence[Ordered]:
        """Insert; return, in the feed's order, those whose endpoint had no such event."""
        ...

    async def take_due(self, uow: U_contra, now: datetime, limit: int) -> Sequence[Ordered]:
        """Take those whose next try has come, oldest first; they are on their way then."""
        ...

    async def load(self, uow: U_contra, ids: Collection[UUID]) -> Sequence[Outgoing]:
        """Return those of these that are on their way."""
        ...

    async def write(self, uow: U_contra, results: Sequence[Result]) -> None:
        """Write down what came of those that were on their way."""
        ...

    async def release(self, uow: U_contra, settled: Collection[UUID]) -> Sequence[Ordered]:
        """Send on their way those that were held behind deliveries that have come to an end."""
        ...

    async def give_up(self, uow: U_contra, endpoint_id: UUID, why: str) -> None:
        """End whatever is open of an endpoint."""
        ...

    async def endpoint_of(self, uow: U_contra, key: UUID) -> UUID | None:
        """Return whose a delivery is."""
        ...

    async def again(self, uow: U_contra, key: UUID) -> Ordered | None:
        """Begin a delivery anew, unless it is on its way; None then."""
        ...

    async def again_failed(
        self, uow: U_contra, endpoint_id: UUID, since: datetime, limit: int
    ) -> Sequence[Ordered]:
        """Begin anew what failed since then, in the feed's order."""
        ...


def message_of(ordered: Ordered) -> NewMessage:
    """Return the message that carries a delivery out.

    Its order key keeps the events of one aggregate in line on their way to one endpoint, and
    nothing else.
    """
    return NewMessage(
        queue=QUEUE,
        name=DELIVER,
        payload={"delivery_id": str(ordered.id)},
        order_key=f"webhook:{ordered.endpoint_id}:{ordered.aggregate_id}",
        priority=_PRIORITY,
    )
