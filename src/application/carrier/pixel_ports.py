"""What postbacks are made of, where their rows are kept, and who delivers them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from application.carrier.aftermath import PixelOrder
from application.ports import U_contra
from domain.carrier.postback import PixelSetting, Publisher
from domain.shared.ids import SubscriptionId
from domain.shared.msisdn import Msisdn


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """Somebody followed an advertisement towards an order that will come from elsewhere.

    `msisdn`, `tid` and `operator_token` are whatever is known by then of who it was.
    """

    id: UUID
    operator: str
    campaign_code: str
    pixel: str
    publisher: str | None
    tid: str | None
    msisdn: Msisdn | None
    operator_token: str | None
    clicked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPixel:
    """A postback that is owed to whoever `pixel` belongs to."""

    id: UUID
    subscription_id: SubscriptionId
    operator: str
    campaign_code: str | None
    pixel: str
    publisher: str | None
    paid: bool
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelRow(NewPixel):
    """A postback with what is known of its subscription; `url` is where it goes, once chosen."""

    status: str
    url: str | None
    timeout_seconds: float
    msisdn: str
    service_code: str


@dataclass(frozen=True, slots=True)
class Choice:
    """Where a postback goes; without an address it is skipped, for the reason given."""

    id: UUID
    publisher: str | None
    setting: PixelSetting | None
    url: str | None
    why: str | None


class PixelRows(Protocol[U_contra]):
    """The rows of postbacks, settings and clicks."""

    async def add_many(self, uow: U_contra, rows: Sequence[NewPixel]) -> set[UUID]:
        """Insert; return those whose subscription had none."""
        ...

    async def claim_click(self, uow: U_contra, wanted: PixelOrder, since: datetime) -> Click | None:
        """Give a subscription the click that led to it, if that is certain.

        Certain is one that names the same number, order or operator's transaction, else the only
        click without a name that waits for a campaign of its service.
        """
        ...

    async def load(self, uow: U_contra, ids: Sequence[UUID]) -> Sequence[PixelRow]:
        """Load for change those that are queued or chosen."""
        ...

    async def settings(self, uow: U_contra) -> Sequence[PixelSetting]:
        """Return all settings."""
        ...

    async def publishers(self, uow: U_contra) -> Sequence[Publisher]:
        """Return all publishers, in the order their patterns are tried in."""
        ...

    async def count(self, uow: U_contra, turns: Mapping[UUID, int]) -> Mapping[UUID, int]:
        """Count so many postbacks of settings; return what each stood at before."""
        ...

    async def choose(self, uow: U_contra, choices: Sequence[Choice]) -> None:
        """Write down where postbacks go, or that they are skipped."""
        ...

    async def tried(
        self, uow: U_contra, tries: Sequence[tuple[UUID, int | None, int | None, str | None]]
    ) -> None:
        """Write (id, response code, milliseconds, why) of tries; 200 makes it sent."""
        ...

    async def unsent(self, uow: U_contra, since: datetime, limit: int) -> Sequence[UUID]:
        """Return chosen ones that were not sent and have no message on its way, oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class Reply:
    """What a publisher's server answered; `final` where another try cannot help."""

    status: int | None
    milliseconds: int | None
    why: str | None
    final: bool = False


class Postman(Protocol):
    """Calls addresses of publishers, and no others."""

    async def deliver(self, url: str, timeout_seconds: float) -> Reply:
        """Make one call."""
        ...
