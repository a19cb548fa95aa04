"""How the emulated CloudPayments behaves: what the control API may change while it runs."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from entrypoints.sandbox.roads import Percent, Roads

KINDS: Final = ("check", "pay", "fail", "confirm", "refund", "cancel", "recurrent")


class Notifications(Roads, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where notifications go: each kind to `{url}/{kind}`, as the terminal's settings would say.

    Check is a question with the payer waiting; without it nothing is asked. `as_json` sends what
    is a form by default.
    """

    url: str | None = None
    kinds: tuple[str, ...] = ("pay", "fail", "confirm", "refund", "cancel", "recurrent")
    as_json: bool = False


class Behaviour(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything about the emulator that is not the state of its objects.

    `decline_percent` applies to charges of tokens and is drawn from `seed` and the request's key,
    so a repeated request meets the same fate; `decline_reasons` are reason codes with weights.
    `initiator_required` refuses token charges without `TrInitiatorCode`, as CloudPayments has done
    since August 2023; its own Python client does not send it.
    """

    notifications: Notifications = Notifications()
    decline_percent: Percent = 0
    decline_reasons: dict[str, Annotated[int, Meta(ge=1)]] = msgspec.field(
        default_factory=lambda: {"5051": 7, "5091": 1, "5005": 1, "5054": 1}
    )
    initiator_required: bool = True
    test: bool = True
    page_size: Annotated[int, Meta(ge=1, le=1000)] = 100
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.decline_reasons or not all(code.isdigit() for code in self.decline_reasons):
            raise ValueError("decline_reasons: reason codes with weights, at least one")
        if unknown := set(self.notifications.kinds) - set(KINDS):
            raise ValueError(f"notifications.kinds: no such kind: {', '.join(sorted(unknown))}")
