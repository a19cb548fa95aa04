"""The bodies that the routes of people, tasks and accounts take."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from entrypoints.api.shapes import Body, CurrencyCode, Line

Email = Annotated[str, Meta(max_length=254)]
RoleName = Literal["worker", "accountant", "manager", "admin"]
Language = Literal["en", "ru"]


class NewPersonBody(Body, kw_only=True, frozen=True):
    """Somebody who works for the company; `id` is for those another system knows already."""

    name: Line
    email: Email | None = None
    role: RoleName = "worker"
    language: Language = "en"
    id: UUID | None = None


class PersonChangeBody(Body, kw_only=True, frozen=True):
    """What of a person is another now; what is left out stays."""

    name: Line | None = None
    email: Email | None = None
    role: RoleName | None = None
    language: Language | None = None
    is_active: bool | None = None


class PayoutDestinationBody(Body, kw_only=True, frozen=True):
    """The wallet a person's payouts go to."""

    account: Annotated[str, Meta(pattern=r"^[0-9]{11,33}$(?!\n)", description="digits only")]


class NewTaskBody(Body, kw_only=True, frozen=True):
    """A task; the tracker's key has a field of its own, and brackets have no place in a title."""

    title: Annotated[str, Meta(min_length=1, max_length=500, pattern=r"^[^\x00]*$")]
    jira_id: Annotated[str, Meta(max_length=64)] | None = None
    description: Annotated[str, Meta(max_length=20_000, pattern=r"^[^\x00]*$")] | None = None


class NewAdjustment(Body, kw_only=True, frozen=True):
    """Money for a wallet, or from it; `amount_minor` is signed from the person's view."""

    amount_minor: Annotated[int, Meta(ge=-(10**12), le=10**12)]
    currency: CurrencyCode
    reason: Line


class NewReversal(Body, kw_only=True, frozen=True):
    """Take an operation back."""

    reason: Line


class NewHold(Body, kw_only=True, frozen=True):
    """Keep a wallet back from payouts, or let it go."""

    currency: CurrencyCode
    is_held: bool
    reason: Line
