"""What happens on people's accounts, as the outside world reads it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar
from uuid import NAMESPACE_OID, UUID, uuid5

from domain.shared.ids import OperationId


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPriced:
    """A task has its prices, once and for all."""

    name: ClassVar[str] = "TaskPriced"
    version: ClassVar[int] = 1
    task_id: UUID
    assign_price_minor: int
    complete_price_minor: int
    currency: str
    pricing_version: int

    @property
    def aggregate_id(self) -> UUID:
        """The task."""
        return self.task_id


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationPosted:
    """Something moved a person's account; `amount_minor` is signed from their view.

    A reversal says what kind it takes back in `reverses_kind`, and of which task.
    """

    name: ClassVar[str] = "OperationPosted"
    version: ClassVar[int] = 1
    operation_id: OperationId
    kind: str
    person_id: UUID
    amount_minor: int
    currency: str
    task_id: UUID | None
    assignation_id: UUID | None
    value_date: date
    posting_date: date
    occurred_at: datetime
    late: bool
    wallet_seq: int
    balance_after_minor: int
    reverses: OperationId | None = None
    reverses_kind: str | None = None

    @property
    def aggregate_id(self) -> UUID:
        """The person."""
        return self.person_id


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutCreated:
    """A person is paid what is due for a day."""

    name: ClassVar[str] = "PayoutCreated"
    version: ClassVar[int] = 1
    payout_id: UUID
    person_id: UUID
    amount_minor: int
    currency: str
    run_date: date
    opening_carry_minor: int
    period_net_minor: int

    @property
    def aggregate_id(self) -> UUID:
        """The person."""
        return self.person_id


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutSettled:
    """A provider brought the money of a payout to the person."""

    name: ClassVar[str] = "PayoutSettled"
    version: ClassVar[int] = 1
    payout_id: UUID
    person_id: UUID
    amount_minor: int
    currency: str
    run_date: date

    @property
    def aggregate_id(self) -> UUID:
        """The person."""
        return self.person_id


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutReturned:
    """A provider refused a payout: its money is in the wallet again, and paid by a later run."""

    name: ClassVar[str] = "PayoutReturned"
    version: ClassVar[int] = 1
    payout_id: UUID
    person_id: UUID
    amount_minor: int
    currency: str
    run_date: date
    why: str

    @property
    def aggregate_id(self) -> UUID:
        """The person."""
        return self.person_id


@dataclass(frozen=True, slots=True, kw_only=True)
class DayClosed:
    """Every wallet of a day is settled."""

    name: ClassVar[str] = "DayClosed"
    version: ClassVar[int] = 1
    day: date

    @property
    def aggregate_id(self) -> UUID:
        """The day, by name."""
        return uuid5(NAMESPACE_OID, f"kazna:day:{self.day}")


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletHeld:
    """A wallet is kept back from payouts, or is so no more."""

    name: ClassVar[str] = "WalletHeld"
    version: ClassVar[int] = 1
    person_id: UUID
    currency: str
    is_held: bool

    @property
    def aggregate_id(self) -> UUID:
        """The person."""
        return self.person_id
