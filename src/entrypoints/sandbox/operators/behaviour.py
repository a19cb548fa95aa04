"""How an emulated operator behaves: what the control API may change while it runs."""

from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from entrypoints.sandbox.moments import to_ms

Standing = Literal[
    "prepaid",
    "postpaid",
    "blacklisted",
    "insufficient_funds",
    "inactive_number",
    "unknown_number",
    "barred",
    "frequency_exceeded",
    "operator_failure",
    "other",
]
Percent = Annotated[float, Meta(ge=0, le=100)]
Seconds = Annotated[float, Meta(ge=0)]

# Long enough that numbers drawn at random rarely meet one.
_ENDINGS: Final[dict[str, Standing]] = {
    "00001": "postpaid",
    "00002": "blacklisted",
    "00003": "insufficient_funds",
    "00004": "inactive_number",
    "00005": "unknown_number",
    "00006": "barred",
    "00007": "frequency_exceeded",
    "00008": "operator_failure",
    "00009": "other",
}


class Travel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How badly notifications travel.

    `delay_seconds` is business time (a notification days late); `shuffle_seconds` and
    `retry_seconds` are machine time. The n-th redelivery waits the n-th of `retry_seconds`, the
    last one repeats. `interim_percent` of charges are reported as "in progress" first.
    """

    lost_percent: Percent = 0
    duplicate_percent: Percent = 0
    interim_percent: Percent = 0
    shuffle_seconds: Seconds = 0
    delay_seconds: Seconds = 0
    retry_seconds: Annotated[tuple[Seconds, ...], Meta(min_length=1)] = (1, 5, 30, 120, 600)
    timeout_seconds: Annotated[float, Meta(gt=0)] = 10
    concurrency: Annotated[int, Meta(ge=0, le=256)] = 16


class Outage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from"}):
    """A stretch of business time, half open, in which the operator serves nobody.

    Connections are dropped unread, or answered 500 with nothing done; notifications wait.
    """

    start: datetime
    to: datetime
    kind: Literal["drop", "error_500"] = "drop"

    def covers(self, now_ms: int) -> bool:
        """Tell whether an instant is in it."""
        return to_ms(self.start) <= now_ms < to_ms(self.to)


class Behaviour(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything about a network that is not the state of its subscribers.

    `endings` says what numbers ending so are, the longest ending first; subscribers set one by one
    come before them. `decline_percent` of the other charges fail, drawn from `seed` and the token,
    for the reasons in `declines` by their weights. `balance_minor` is what a subscriber starts
    with; None never runs out. `requests_per_second` counts seconds of business time.
    """

    notifications: Travel = Travel()
    endings: dict[str, Standing] = msgspec.field(default_factory=_ENDINGS.copy)
    decline_percent: Percent = 0
    declines: dict[Standing, Annotated[int, Meta(ge=1)]] = msgspec.field(
        default_factory=lambda: {"insufficient_funds": 1}
    )
    balance_minor: Annotated[int, Meta(ge=0)] | None = None
    requests_per_second: Annotated[int, Meta(ge=1)] | None = None
    outages: tuple[Outage, ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.declines or "prepaid" in self.declines:
            raise ValueError("declines: at least one reason is needed, and prepaid is none")
        for outage in self.outages:
            if outage.start.tzinfo is None or outage.to.tzinfo is None:
                raise ValueError("outages: an instant without an offset names no instant")

    def outage_at(self, now_ms: int) -> Outage | None:
        """Return the outage of an instant."""
        return next((one for one in self.outages if one.covers(now_ms)), None)

    def standing_of(self, msisdn: str) -> Standing:
        """Return what the rules say of a number."""
        for length in range(len(msisdn), 0, -1):
            if found := self.endings.get(msisdn[-length:]):
                return found
        return "prepaid"
