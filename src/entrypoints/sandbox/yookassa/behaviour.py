"""How the emulated YooKassa behaves: what the control API may change while it runs."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from entrypoints.sandbox.roads import Percent, Roads, Seconds
from entrypoints.sandbox.yookassa.cards import REASONS

EVENTS: Final = (
    "payment.waiting_for_capture",
    "payment.succeeded",
    "payment.canceled",
    "refund.succeeded",
    "payment_method.active",
)


class Notifications(Roads, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where notifications go, and how badly they travel there."""

    urls: tuple[str, ...] = ()
    events: tuple[str, ...] = EVENTS


_DECLINE_REASONS: Final = {
    "insufficient_funds": 7,
    "issuer_unavailable": 1,
    "general_decline": 1,
    "card_expired": 1,
}


class Behaviour(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything about the emulator that is not the state of its objects.

    `decline_percent` applies to charges of saved methods and is drawn from `seed` and the
    idempotence key, so a repeated request meets the same fate; `decline_reasons` are weights.
    `declined_wallets` are wallets that no payout reaches, each with the reason; `payout_seconds` is
    how long a payout that stays pending does so (business time, null: until a control call).
    `pending_seconds` is how long a card that stays pending does so (business time, null: until a
    control call). `confirmation_seconds` and `capture_seconds` are the lives of an unpaid and of
    an uncaptured card payment, `other_capture_seconds` that of every other method.
    """

    notifications: Notifications = Notifications()
    decline_percent: Percent = 0
    decline_reasons: dict[str, Annotated[int, Meta(ge=1)]] = msgspec.field(
        default_factory=_DECLINE_REASONS.copy
    )
    pending_seconds: Seconds | None = 600
    refunds: Literal["succeed", "stay_pending", "decline"] = "succeed"
    refund_decline_reason: str = "insufficient_funds"
    payouts: Literal["succeed", "stay_pending", "decline"] = "succeed"
    payout_decline_reason: str = "insufficient_funds"
    payout_seconds: Seconds | None = None
    declined_wallets: dict[str, str] = msgspec.field(default_factory=dict)
    recurring_allowed: bool = True
    receipts_required: bool = False
    test: bool = True
    confirmation_seconds: Annotated[int, Meta(ge=1)] = 3600
    capture_seconds: Annotated[int, Meta(ge=1)] = 7 * 86_400
    other_capture_seconds: Annotated[int, Meta(ge=1)] = 6 * 3600
    seed: int = 0

    def __post_init__(self) -> None:
        if unknown := set(self.decline_reasons) - REASONS:
            raise ValueError(f"decline_reasons: no such reason: {', '.join(sorted(unknown))}")
        if not self.decline_reasons:
            raise ValueError("decline_reasons: at least one reason is needed")
        if unknown := set(self.notifications.events) - set(EVENTS):
            raise ValueError(f"notifications.events: no such event: {', '.join(sorted(unknown))}")
