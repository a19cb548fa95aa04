"""The bodies of the routes of webhooks."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from entrypoints.api.shapes import Address, Body

Filter = Annotated[
    str,
    Meta(
        max_length=200,
        pattern=r"^(\*|[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*(\.\*)?)$(?!\n)",
        description="the name of an event, payment.* for all that begin so, or *",
    ),
]
Filters = Annotated[list[Filter], Meta(min_length=1, max_length=100)]
Description = Annotated[str, Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)")]


class NewEndpoint(Body, kw_only=True, frozen=True):
    """An address that is told of events from now on."""

    url: Address
    events: Filters
    description: Description = ""


class EndpointChange(Body, kw_only=True, frozen=True):
    """What is to change of an endpoint; what is left out or null stays as it is."""

    url: Address | None = None
    events: Filters | None = None
    description: Description | None = None
    is_enabled: bool | None = None


class ResendFailed(Body, kw_only=True, frozen=True):
    """Which failed deliveries of an endpoint to send again: those ordered since an instant."""

    since: datetime
    limit: Annotated[int, Meta(ge=1, le=10_000)] = 1000
