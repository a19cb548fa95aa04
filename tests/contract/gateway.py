"""What the contract of card providers needs of a gateway, besides the adapter under test."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol

from adapters.clock import ManualClock
from application.payments.provider import EventKind, PaymentProvider, PaymentSnapshot, RawRequest
from domain.payments.declines import DeclineReason

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Mishap(StrEnum):
    """What may happen to a request that moves money, as its sender sees it."""

    LOST_ON_THE_WAY = "lost on the way"
    THROTTLED = "throttled"
    ANSWERED_TOO_LATE = "answered too late"
    UNFINISHED = "unfinished"
    FAILED_AFTER_COMMIT = "failed after commit"
    HUNG_UP_AFTER_COMMIT = "hung up after commit"
    CUT_SHORT = "cut short"
    NOT_ITS_WORDS = "not its words"


class Gateway(Protocol):
    """A provider, and everybody else at its gateway: payers, banks, and the network between."""

    provider: PaymentProvider
    clock: ManualClock

    async def pays(self, payment: PaymentSnapshot) -> None:
        """The payer pays with a card that can be saved."""
        ...

    async def declines(self, payment: PaymentSnapshot, reason: DeclineReason) -> None:
        """The payment of a present payer fails for this reason."""
        ...

    async def begins(self, payment: PaymentSnapshot) -> None:
        """The payer begins to pay, and is not done: from now on every gateway lists the payment."""
        ...

    async def declines_saved(self, reason: DeclineReason) -> None:
        """From now on charges of saved methods fail for this reason."""
        ...

    async def revokes(self, method_id: str) -> None:
        """The owner of a saved method takes the permission back."""
        ...

    async def suffers(self, mishap: Mishap) -> None:
        """Let something happen to the next request that moves money, and to no other."""
        ...

    async def executed(self, reference: str) -> int:
        """Count the payments the gateway itself has for one of our references."""
        ...

    async def notification(self, kind: EventKind, external_id: str) -> RawRequest:
        """Return the next notification the gateway sends of this object."""
        ...

    def forged(self, genuine: RawRequest) -> RawRequest:
        """Return what somebody who is not the gateway would send."""
        ...

    def unreachable(self) -> PaymentProvider:
        """Return the same adapter where nobody listens."""
        ...
