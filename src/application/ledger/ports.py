"""What the ledger's use cases ask of storage."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol
from uuid import UUID

from application.invariants import Violation
from application.ports import Page, UnitOfWork
from domain.ledger.chart import Account
from domain.ledger.errors import FloorBreached, KeyConflict
from domain.ledger.posting import Operation, Posting
from domain.shared.ids import AttemptId, OperationId, RefundId
from domain.shared.money import Currency, Money


@dataclass(frozen=True, slots=True)
class Posted:
    """A posting is on the books; `replayed` when it already was."""

    operation_id: OperationId
    posting_date: date
    replayed: bool = False


Refusal = KeyConflict | FloorBreached
"""Why one posting is refused though it is well formed."""


class Ledger(Protocol):
    """Writes to the books, inside a unit of work.

    Post last in a transaction: the balances of personal accounts stay locked until its end.
    """

    async def post_many(self, postings: Sequence[Posting]) -> Sequence[Posted]:
        """Enter postings in one round trip; answer once per posting, in order.

        A posting that is already on the books is answered as `replayed`; accounts are opened on
        first use. KeyConflict: a key belongs to other money. FloorBreached: the postings together
        take a limited account below its floor. After an error the unit of work must be left.
        """
        ...

    async def try_many(self, postings: Sequence[Posting]) -> Sequence[Posted | Refusal]:
        """Enter the postings that can be, refuse the others one by one; all answers in order.

        A refused posting leaves nothing behind and does not touch its neighbours.
        """
        ...

    async def operations(self, ids: Sequence[OperationId]) -> dict[OperationId, Operation]:
        """Return the operations that exist, by id."""
        ...

    async def limit(self, account: Account, floor_minor: int | None) -> None:
        """Set or lift an account's floor; FloorBreached if its balance is already below."""
        ...

    async def use_zone(self, zone: str) -> None:
        """Count business days in this time zone; ZoneFixed once anything was posted in another."""
        ...

    async def close_through(self, day: date) -> None:
        """Close every day up to this one; waits for open postings, and nothing enters them later.

        DayAlreadyClosed if it would go backwards; closing through the same day again is a no-op.
        """
        ...


class LedgerUnitOfWork(UnitOfWork, Protocol):
    """A unit of work that reaches the books."""

    @property
    def ledger(self) -> Ledger:
        """The books, in this transaction."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DayBalance:
    """What moved on an account on one business day, both sides as positive minor units."""

    day: date
    debit_minor: int
    credit_minor: int
    entries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """One entry of an account: a debit when positive; `entry` is its id, `{operation}/{seq}`."""

    operation_id: OperationId
    seq: int
    posting_date: date
    amount: Money
    key: str
    kind: str

    @property
    def entry(self) -> str:
        """Return the id of the entry."""
        return f"{self.operation_id}/{self.seq}"


@dataclass(frozen=True, slots=True)
class Statement:
    """One page of an account's entries, oldest first, and the cursor of the next."""

    lines: Sequence[StatementLine]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialLine:
    """The turnover and balance of one account code in one currency, owners taken together."""

    code: str
    currency: Currency
    debit_minor: int
    credit_minor: int
    accounts: int

    @property
    def balance_minor(self) -> int:
        """Return debits less credits."""
        return self.debit_minor - self.credit_minor


Progress = Callable[[int, int, str], None]
"""Told how many steps of a long reading are done, of how many, and which comes next."""


class Books(Protocol):
    """Reads the books; every answer is of one moment."""

    async def balance(self, account: Account) -> Money:
        """Return the balance on the account's normal side; zero if it was never used."""
        ...

    async def balances(self, accounts: Sequence[Account]) -> dict[UUID, Money]:
        """Return the balances on the normal sides, by account id."""
        ...

    async def day_balances(self, account: Account, first: date, last: date) -> list[DayBalance]:
        """Return the days with movements from `first` to `last`, both included."""
        ...

    async def statement(self, account: Account, page: Page) -> Statement:
        """Return an account's entries by posting date, then by time of recording."""
        ...

    async def trial_balance(self, *, through: date | None = None) -> list[TrialLine]:
        """Return turnover and balance per account code and currency, through a day if given."""
        ...

    async def operation(self, operation_id: OperationId) -> Operation | None:
        """Return one operation with its entries."""
        ...

    async def operation_by_key(self, key: str) -> Operation | None:
        """Return the operation posted under a key."""
        ...

    async def operations_of_attempt(self, attempt_id: AttemptId) -> list[Operation]:
        """Return what a charge attempt caused on the books, oldest first."""
        ...

    async def operations_of_refund(self, refund_id: RefundId) -> list[Operation]:
        """Return what a refund caused on the books, oldest first."""
        ...

    async def reversal_of(self, operation_id: OperationId) -> Operation | None:
        """Return the operation that reversed this one, if any did."""
        ...

    def check(self, progress: Progress) -> AsyncIterator[Violation]:
        """Recompute everything from the entries and yield whatever differs."""
        ...
