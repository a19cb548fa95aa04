"""How payouts leave: at once on the books alone, or carried out by a provider.

What a provider says is one of four things. `Paid` and `Refused` end a payout, `Working` means to
ask again, and everything else is a failed try: it was not heard, or it cannot be believed. A
failed try is repeated under the same key, and never read as a refusal.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from application.ledger.ports import LedgerUnitOfWork
from application.ports import Failed, NewMessage, U_contra
from domain.ledger.destination import Destination
from domain.ledger.payout import PayoutState
from domain.shared.facts import Cause
from domain.shared.money import Money

SEND = "payouts.send.v1"
LEDGER_ONLY = "ledger"
Places = Mapping[UUID, Destination]
"""Where the payouts of people go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutOrder:
    """What a provider is asked to pay, word for word the same each time; its id is the key."""

    payout_id: UUID
    money: Money
    destination: Destination
    run_date: date


@dataclass(frozen=True, slots=True)
class Paid:
    """The money is with the person; `reference` is the provider's name of the payout."""

    reference: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider will not pay; `why` is a code of its own.

    With a `reference` it took the payout in and ended it without money. Without one it refused the
    request, which says nothing of an earlier request with the same key.
    """

    why: str
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Working:
    """The provider has the payout and has not decided."""

    reference: str


PayoutAnswer = Paid | Refused | Working | Failed


class PayoutProvider(Protocol):
    """Somebody who brings money to people; no method raises for what the network does."""

    @property
    def code(self) -> str:
        """Its name, the same for ever: payouts remember it."""
        ...

    @property
    def keys_kept(self) -> timedelta:
        """How long a repeat of a payout is answered with the first one."""
        ...

    async def pay(self, order: PayoutOrder) -> PayoutAnswer:
        """Pay, or answer how an earlier call with this payout's id stands."""
        ...

    async def look_up(self, order: PayoutOrder, reference: str) -> PayoutAnswer:
        """Answer how a payout stands, by the provider's name of it."""
        ...

    async def find(self, order: PayoutOrder, since: datetime) -> PayoutAnswer | None:
        """Look for a payout in the provider's list; None when the whole list is without it."""
        ...

    async def aclose(self) -> None:
        """Close connections."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPayout:
    """A payout that a provider has to carry out; where it goes is settled with it."""

    payout_id: UUID
    person_id: UUID
    money: Money
    destination: Destination


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPayout:
    """A payout as it stands."""

    order: PayoutOrder
    person_id: UUID
    method: str
    state: PayoutState
    reference: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """An open payout that is about to be asked for; `is_fresh` when it never was before."""

    payout: KeptPayout
    first_sent_at: datetime
    is_fresh: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """How a payout ended."""

    payout_id: UUID
    state: PayoutState
    reference: str | None
    why: str | None = None


class Payouts(Protocol[U_contra]):
    """Payouts that a provider carries out, and where people's payouts go."""

    async def destinations(self, uow: U_contra, people: AbstractSet[UUID]) -> Places:
        """Return where the payouts of these people go, of those who have said it."""
        ...

    async def set_destination(
        self, uow: U_contra, person_id: UUID, destination: Destination, now: datetime, by: str
    ) -> bool:
        """Write down where a person's payouts go; False for a person nobody knows."""
        ...

    async def add(
        self, uow: U_contra, day: date, payouts: Sequence[NewPayout], method: str, now: datetime
    ) -> None:
        """Insert payouts of a day's run that are on their way."""
        ...

    async def begin_sending(
        self, uow: U_contra, ids: Sequence[UUID], now: datetime
    ) -> Sequence[Sending]:
        """Mark open payouts as sent and return them; those that have ended are left out."""
        ...

    async def note_references(self, uow: U_contra, references: Mapping[UUID, str]) -> None:
        """Write down what the provider calls payouts."""
        ...

    async def lock(self, uow: U_contra, ids: Sequence[UUID]) -> Mapping[UUID, KeptPayout]:
        """Lock payouts, in order, and return them as they stand."""
        ...

    async def decide(self, uow: U_contra, decided: Sequence[Decided], now: datetime) -> None:
        """Write down how payouts ended; they are locked and open."""
        ...


@dataclass(frozen=True, slots=True)
class ThroughProvider:
    """How a run hands its payouts to a provider: rows on their way, and a message for each."""

    method: str
    payouts: Payouts[Any]

    async def hand_over(
        self,
        uow: LedgerUnitOfWork,
        day: date,
        payouts: Sequence[tuple[UUID, UUID, Money]],
        places: Places,
        now: datetime,
        cause: Cause,
    ) -> None:
        """Insert (payout, person, amount) and what sends them, in the run's own transaction."""
        new = [
            NewPayout(payout_id=key, person_id=who, money=money, destination=places[who])
            for key, who, money in payouts
        ]
        await self.payouts.add(uow, day, new, self.method, now)
        uow.messages.add(
            [
                NewMessage(
                    queue="payouts",
                    name=SEND,
                    payload={"payout_id": str(one.payout_id)},
                    correlation_id=cause.correlation_id,
                )
                for one in new
            ]
        )
