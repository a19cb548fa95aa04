"""How the emulated Stripe behaves: what the control API may change while it runs."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from entrypoints.sandbox.roads import Percent, Roads


class Webhooks(Roads, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where events go, and signed with what.

    Every event is signed with each of `secrets`, as while one of them is being rolled. An empty
    `events` means all.
    """

    urls: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    events: tuple[str, ...] = ()


class Behaviour(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything about the emulator that is not the state of its objects.

    `decline_percent` applies to charges of saved methods and is drawn from `seed` and the
    idempotency key; `decline_codes` are weights. `amount_limits` holds amounts to Stripe's rules:
    at least about half a dollar, at most eight digits, and no last digit in three-decimal
    currencies. `replays_server_errors` lets a 500 be the answer to every repeat of its key, as it
    is at Stripe.
    """

    notifications: Webhooks = Webhooks()
    decline_percent: Percent = 0
    decline_codes: dict[str, Annotated[int, Meta(ge=1)]] = msgspec.field(
        default_factory=lambda: {"insufficient_funds": 7, "generic_decline": 2, "expired_card": 1}
    )
    refunds: Literal["succeed", "stay_pending", "fail"] = "succeed"
    refund_failure_reason: str = "expired_or_canceled_card"
    amount_limits: bool = True
    replays_server_errors: bool = False
    session_seconds: Annotated[int, Meta(ge=1)] = 86_400
    capture_seconds: Annotated[int, Meta(ge=1)] = 7 * 86_400
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.decline_codes:
            raise ValueError("decline_codes: at least one code is needed")
        if self.notifications.urls and not self.notifications.secrets:
            raise ValueError("notifications.secrets: events are signed with at least one secret")
