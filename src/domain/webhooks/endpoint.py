"""An endpoint: an address that is told of events, until it is switched off or fails for days."""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from domain.shared.errors import InvalidValue
from domain.shared.facts import Event
from domain.webhooks.events import EndpointDisabled

EVERYTHING = "*"
MOST_FILTERS = 100
FAILS_AT_MOST = timedelta(days=3)
"""An endpoint that gave no good answer for so long is switched off."""
_LONGEST_ADDRESS = 2000
_FILTER = re.compile(r"\*|[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*(\.\*)?")


class Off(StrEnum):
    """Why an endpoint is told nothing."""

    BY_HAND = "by_hand"
    FAILING = "failing"
    GONE = "gone"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Enabled:
    """It is told; `failing_since` is the first failure that no good answer has followed."""

    failing_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Disabled:
    """It is told nothing."""

    at: datetime
    why: Off


State = Enabled | Disabled


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An address and the events it asks for.

    A filter is the name of an event, `payment.*` for all whose names begin so, or `*`. Refuses with
    `InvalidValue` an address or a filter that is none.
    """

    id: UUID
    url: str
    events: tuple[str, ...]
    description: str
    state: State

    def __post_init__(self) -> None:
        if len(self.url) > _LONGEST_ADDRESS or not self.url.isascii() or not self.url.isprintable():
            raise InvalidValue(
                f"an address is visible ASCII text of at most {_LONGEST_ADDRESS} characters"
            )
        if not 1 <= len(self.events) <= MOST_FILTERS:
            raise InvalidValue(f"an endpoint asks for 1 to {MOST_FILTERS} events, or for *")
        for one in self.events:
            if not _FILTER.fullmatch(one):
                raise InvalidValue(f"{one!r} is no event's name, no payment.* and no *")

    def wants(self, name: str) -> bool:
        """Tell whether it asks for events of this name."""
        return any(_fits(one, name) for one in self.events)


def _fits(wanted: str, name: str) -> bool:
    if wanted.endswith("*"):
        return name.startswith(wanted[:-1])
    return name == wanted


def answered(endpoint: Endpoint) -> Endpoint:
    """Forget earlier failures: it gave a good answer."""
    match endpoint.state:
        case Enabled(failing_since=None) | Disabled():
            return endpoint
        case Enabled():
            return replace(endpoint, state=Enabled())
        case _:
            assert_never(endpoint.state)


def failed(endpoint: Endpoint, now: datetime) -> tuple[Endpoint, list[Event]]:
    """Note a failure; switch off what has had nothing but failures for three days."""
    match endpoint.state:
        case Enabled(failing_since=None):
            return replace(endpoint, state=Enabled(failing_since=now)), []
        case Enabled(failing_since=since) if since is not None and now - since < FAILS_AT_MOST:
            return endpoint, []
        case Enabled():
            return _switched_off(endpoint, Off.FAILING, now)
        case Disabled():
            return endpoint, []
        case _:
            assert_never(endpoint.state)


def gone(endpoint: Endpoint, now: datetime) -> tuple[Endpoint, list[Event]]:
    """Switch it off: it answered 410, which says that nobody wants to hear any more."""
    match endpoint.state:
        case Enabled():
            return _switched_off(endpoint, Off.GONE, now)
        case Disabled():
            return endpoint, []
        case _:
            assert_never(endpoint.state)


def _switched_off(endpoint: Endpoint, why: Off, now: datetime) -> tuple[Endpoint, list[Event]]:
    since = endpoint.state.failing_since if isinstance(endpoint.state, Enabled) else None
    told = EndpointDisabled(endpoint_id=endpoint.id, why=str(why), failing_since=since)
    return replace(endpoint, state=Disabled(now, why)), [told]


def switched(endpoint: Endpoint, now: datetime, *, on: bool) -> Endpoint:
    """Switch it on or off by hand; what is so already stays as it is."""
    match endpoint.state:
        case Enabled() if not on:
            return replace(endpoint, state=Disabled(now, Off.BY_HAND))
        case Disabled() if on:
            return replace(endpoint, state=Enabled())
        case Enabled() | Disabled():
            return endpoint
        case _:
            assert_never(endpoint.state)
