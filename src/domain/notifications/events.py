"""What became of telling people, as the outside world reads it; no address is in it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar
from uuid import UUID


class WhyFailed(StrEnum):
    """Why nobody could be told."""

    NO_ADDRESS = "no_address"
    REFUSED = "refused"
    NOT_ACCEPTED = "not_accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationSent:
    """A mail server took a letter; whether it was read is not known."""

    name: ClassVar[str] = "NotificationSent"
    version: ClassVar[int] = 1
    payout_id: UUID
    person_id: UUID
    kind: str
    message_id: str

    @property
    def aggregate_id(self) -> UUID:
        """The payout."""
        return self.payout_id


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationFailed:
    """Nobody tries any more to tell a person; the money is theirs all the same."""

    name: ClassVar[str] = "NotificationFailed"
    version: ClassVar[int] = 1
    payout_id: UUID
    person_id: UUID
    kind: str
    reason: WhyFailed

    @property
    def aggregate_id(self) -> UUID:
        """The payout."""
        return self.payout_id


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationResent:
    """Somebody asked for another day of tries."""

    name: ClassVar[str] = "NotificationResent"
    version: ClassVar[int] = 1
    payout_id: UUID
    person_id: UUID
    kind: str

    @property
    def aggregate_id(self) -> UUID:
        """The payout."""
        return self.payout_id
