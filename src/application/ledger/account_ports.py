"""What the accounting of tasks keeps: tasks, facts that wait, wallets and their days."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from application.ledger.envelopes import DayOver, Heard, Unreadable
from application.ports import JsonObject, U_contra
from domain.ledger.payout import Settled
from domain.ledger.task_accounts import TaskAccount
from domain.shared.ids import OperationId
from domain.shared.money import Currency, Money

Purse = tuple[UUID, str]
"""A person and a currency."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """What an operation does to a wallet; `amount_minor` is signed from the person's view."""

    person_id: UUID
    currency: str
    operation_id: OperationId
    kind: str
    amount_minor: int
    value_date: date
    posting_date: date
    occurred_at: datetime
    task_id: UUID | None = None
    assignation_id: UUID | None = None
    payout_id: UUID | None = None
    reverses: OperationId | None = None
    reverses_kind: str | None = None

    @property
    def purse(self) -> Purse:
        """Whose wallet it moves."""
        return self.person_id, self.currency


@dataclass(frozen=True, slots=True)
class Entered:
    """A movement with its place in the wallet and the balance after it."""

    movement: Movement
    seq: int
    balance_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A wallet that a day's run may pay out: what it carries, and what its days brought since."""

    person_id: UUID
    currency: Currency
    carry_minor: int
    net_minor: int
    is_held: bool


class TaskBooks(Protocol[U_contra]):
    """Tasks as the books know them, and facts that wait or contradict."""

    async def lock(
        self, uow: U_contra, new: Sequence[TaskAccount]
    ) -> Mapping[UUID, TaskAccount | None]:
        """Lock the rows of tasks, made with these prices where there are none; None for a task no
        fact has said the existence of."""
        ...

    async def save(self, uow: U_contra, accounts: Sequence[TaskAccount]) -> None:
        """Write tasks down; their rows are locked."""
        ...

    async def parked(self, uow: U_contra, task_ids: Collection[UUID]) -> Sequence[Heard]:
        """Return completions that wait for these tasks, in the order of their versions.

        Those that were given up, because nobody said for a day that the task exists, are among
        them: what was late by days is late, not wrong.
        """
        ...

    async def park(self, uow: U_contra, facts: Sequence[tuple[Heard, str]]) -> None:
        """Keep facts that wait, each once."""
        ...

    async def unpark(self, uow: U_contra, ids: Collection[UUID]) -> None:
        """Let go of facts that wait no more."""
        ...

    async def bury(self, uow: U_contra, facts: Sequence[Unreadable]) -> int:
        """Keep facts for a person, each once; return how many were not kept before."""
        ...

    async def exhume(self, uow: U_contra, event_id: UUID) -> JsonObject | None:
        """Take a fact from the dead; None when it is not there."""
        ...

    async def ripe(
        self, uow: U_contra, now: datetime, given_up: datetime, limit: int
    ) -> Sequence[tuple[UUID, UUID, str, JsonObject]]:
        """Take facts whose instant has come, and unknown ones parked before `given_up`.

        Each as (event, task, why, envelope).
        """
        ...


class Wallets(Protocol[U_contra]):
    """People's wallets; a wallet is locked before anything is posted to it."""

    async def lock(self, uow: U_contra, purses: Collection[Purse]) -> None:
        """Lock wallets in order, made where there are none."""
        ...

    async def move(self, uow: U_contra, movements: Sequence[Movement]) -> Sequence[Entered]:
        """Enter movements in order: balance, sequence, log and day; payouts stay out of days."""
        ...

    async def claim_due(self, uow: U_contra, day: date, limit: int) -> Sequence[Due]:
        """Lock wallets a run has to settle, leaving out those of another runner."""
        ...

    async def count_due(self, uow: U_contra, day: date) -> int:
        """Count the wallets a run still has to settle."""
        ...

    async def settle(
        self, uow: U_contra, day: date, settled: Sequence[tuple[Due, Settled]]
    ) -> None:
        """Write settlements, mark the days they took, and set what is carried."""
        ...

    async def add_payouts(
        self, uow: U_contra, day: date, payouts: Sequence[tuple[UUID, UUID, Money]], now: datetime
    ) -> None:
        """Insert (payout, person, amount), paid at once."""
        ...


class Days(Protocol[U_contra]):
    """The runs of days."""

    async def closed_through(self, uow: U_contra) -> date | None:
        """Return the last closed day."""
        ...

    async def first_unsettled(self, uow: U_contra) -> date | None:
        """Return the first day with movements that no run has taken."""
        ...

    async def carries(self, uow: U_contra) -> bool:
        """Tell whether anybody carries money that could be paid."""
        ...

    async def open_run(self, uow: U_contra) -> date | None:
        """Return the run that was begun and not ended."""
        ...

    async def begin(self, uow: U_contra, first: date, last: date, now: datetime) -> None:
        """Write runs of days down; all but the last have nothing to settle and are done."""
        ...

    async def end(self, uow: U_contra, day: date, now: datetime) -> bool:
        """End a run; False when somebody else did."""
        ...

    async def waiting(self, uow: U_contra, until: datetime) -> int:
        """Count facts that are parked and happened before an instant."""
        ...

    async def mark(self, uow: U_contra, over: Sequence[tuple[DayOver, int]]) -> None:
        """Keep that days are over, each with the id of the message that said so."""
        ...

    async def unmarked(self, uow: U_contra, day: date) -> Sequence[str]:
        """Name the trackers that mark their days, and have not told everything of this one.

        One that never marked a day is not waited for.
        """
        ...
