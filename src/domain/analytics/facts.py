"""The facts that are counted, in the words of whoever counts them."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

_REVERSAL = "REVERSAL"


class Purpose(StrEnum):
    """What an operation on a person's account is to the company."""

    FEE = "ASSIGN_FEE"
    REWARD = "TASK_REWARD"
    ADJUSTMENT = "ADJUSTMENT"


_PURPOSES = {purpose.value: purpose for purpose in Purpose}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """An operation moved a person's wallet; `amount_minor` is signed from the person's view."""

    operation_id: UUID
    kind: str
    reverses_kind: str | None
    person_id: UUID
    amount_minor: int
    currency: str
    task_id: UUID | None
    value_date: date
    posting_date: date
    occurred_at: datetime
    wallet_seq: int
    balance_after_minor: int

    @property
    def is_reversal(self) -> bool:
        """Tell whether it takes another operation back."""
        return self.kind == _REVERSAL

    @property
    def purpose(self) -> Purpose | None:
        """What it is to the company, or takes back; None for payouts, which are no earnings."""
        kind = self.reverses_kind if self.is_reversal else self.kind
        return _PURPOSES.get(kind or "")


@dataclass(frozen=True, slots=True)
class DayEnded:
    """A day is closed, and everybody is paid what was due for it."""

    day: date


Fact = Moved | DayEnded
