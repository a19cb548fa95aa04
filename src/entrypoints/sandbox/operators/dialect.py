"""What a protocol adds to a network: its routes, and its notifications in its own words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from litestar import Router
from litestar.handlers import HTTPRouteHandler


class Charge(NamedTuple):
    """A charge as the network has it; `final_ms` is None while nobody has decided it.

    Until business time reaches `final_ms` the partner is told "accepted", and afterwards the
    `verdict`. `code` is what the protocol answers instead of its own code for the verdict.
    """

    number: int
    token: str
    msisdn: str
    amount_minor: int
    currency: str
    service: str
    keyword: str
    verdict: str
    code: str
    created_ms: int
    final_ms: int | None

    @property
    def is_billed(self) -> bool:
        """Tell whether the subscriber paid."""
        return self.verdict == "billed"

    def is_final(self, now_ms: int) -> bool:
        """Tell whether the partner may know the verdict by now."""
        return self.final_ms is not None and self.final_ms <= now_ms


class Draft(NamedTuple):
    """A notification before it leaves."""

    method: str
    url: str
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a charge ended; an interim one says only that it is being worked on."""

    charge: Charge
    is_interim: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Something a subscriber did at the network: an order, a stop, a new number.

    `id` is the network's own for the event, the same on every repeat.
    """

    kind: Literal["mo", "subscribe", "unsubscribe", "purge", "number_change"]
    id: str
    msisdn: str
    text: str = ""
    keyword: str = ""
    service: str = ""
    new_msisdn: str = ""
    at_ms: int = 0


Told = Outcome | Said


class CannotTell(Exception):
    """This protocol has no notification for that."""


class Dialect:
    """The base of all dialects: what most operators do."""

    def routes(self) -> Sequence[Router | HTTPRouteHandler]:
        """Return the protocol's routes, whole paths included."""
        return ()

    def compose(self, told: Told) -> Draft:
        """Write a notification; raise CannotTell where the protocol has none."""
        raise CannotTell(f"this operator reports no {type(told).__name__}")

    def sign(self, draft: Draft, now_ms: int) -> Mapping[str, str]:
        """Return the headers that a notification leaves with at this instant."""
        return {}

    def is_delivered(self, status: int) -> bool:
        """Tell whether the partner's answer takes a notification."""
        return 200 <= status < 300

    def advance(self, now_ms: int) -> None:
        """Do by itself what business time has made due; runs on every beat, inside no transaction.

        Must cost next to nothing when nothing is due.
        """
