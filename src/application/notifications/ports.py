"""Whom a letter goes to, who carries it, and where it is written down how that went."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from application.ports import U_contra
from domain.notifications.notice import PayoutNotice
from domain.notifications.notification import Notification


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """Whom a letter goes to, and the language they read: `ru` or `en`."""

    name: str
    email: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A notice on its way to somebody; a repeat is written at the same instant."""

    notice: PayoutNotice
    addressee: Addressee
    written_at: datetime


@dataclass(frozen=True, slots=True)
class Delivered:
    """A mail server took the letter under this Message-ID."""

    message_id: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The letter is not taken, now or later: nobody has this address, or the text is not wanted."""

    why: str


@dataclass(frozen=True, slots=True)
class PutOff:
    """The letter was not taken now, or nobody knows whether it was."""

    why: str


Delivery = Delivered | Refused | PutOff


class Mailer(Protocol):
    """Hands letters to a mail server; the same letter always has the same Message-ID."""

    async def deliver(self, letters: Sequence[Letter]) -> Sequence[Delivery]:
        """Hand letters over; answer for each, in order; raise only for a bug."""
        ...


class Addressees(Protocol[U_contra]):
    """People and how they are reached."""

    async def find(self, uow: U_contra, people: Collection[UUID]) -> Mapping[UUID, Addressee]:
        """Return those who have an address."""
        ...


class Notifications(Protocol[U_contra]):
    """The rows of notifications, one per payout."""

    async def open(
        self, uow: U_contra, notices: Sequence[PayoutNotice], now: datetime
    ) -> Mapping[UUID, Notification]:
        """Write down those that are new, under way; lock and return all, by payout."""
        ...

    async def lock(self, uow: U_contra, payouts: Collection[UUID]) -> Mapping[UUID, Notification]:
        """Lock and return those that exist, by payout."""
        ...

    async def save(self, uow: U_contra, notifications: Sequence[Notification]) -> None:
        """Write down how far they are; they are locked."""
        ...

    async def take_due(self, uow: U_contra, now: datetime, limit: int) -> Sequence[PayoutNotice]:
        """Put those that are due under way, leaving out what others hold; return their notices."""
        ...

    async def count_due(self, uow: U_contra, now: datetime) -> int:
        """Count those that are due."""
        ...
