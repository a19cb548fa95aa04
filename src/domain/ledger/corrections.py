"""Corrections by hand: one person proposes, another approves, and only then anything moves.

An adjustment gives or takes money for a reason; a reversal takes back what an operation moved.
What is on the books stays there: both are operations of their own, on the first open day.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.ledger.chart import company, wallet
from domain.ledger.posting import Posting, credit, debit
from domain.shared.errors import DomainError, InvalidValue
from domain.shared.facts import Cause
from domain.shared.ids import OperationId
from domain.shared.money import Money

REVERSIBLE = frozenset({"ASSIGN_FEE", "TASK_REWARD", "ADJUSTMENT"})
LARGEST_MINOR = 10**12


class OwnProposal(DomainError):
    """Whoever proposed a correction does not decide it."""

    code = "own_proposal"


class AlreadyDecided(DomainError):
    """A correction is decided once."""

    code = "already_decided"


class NotCorrectable(DomainError):
    """What the correction names cannot be taken back, or is being taken back already."""

    code = "not_correctable"


class CorrectionState(StrEnum):
    """What became of a proposal."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A proposal; `amount_minor` is signed from the person's view.

    `operation_id` and `reversed_kind` are there where an operation is taken back.
    """

    id: UUID
    person_id: UUID
    currency: str
    amount_minor: int
    operation_id: OperationId | None
    reversed_kind: str | None
    task_id: UUID | None
    reason: str
    proposed_by: str
    proposed_at: datetime
    state: CorrectionState = CorrectionState.PROPOSED
    decided_by: str | None = None
    decided_at: datetime | None = None
    note: str | None = None

    def __post_init__(self) -> None:
        if not self.amount_minor or abs(self.amount_minor) > LARGEST_MINOR:
            raise InvalidValue(f"a correction moves 1 to {LARGEST_MINOR} minor units, either way")
        if not self.reason.strip():
            raise InvalidValue("a correction has a reason")

    @property
    def kind(self) -> str:
        """What it is called in a wallet's log."""
        return "ADJUSTMENT" if self.operation_id is None else "REVERSAL"


def decided(
    correction: Correction, *, approves: bool, by: str, note: str, at: datetime
) -> Correction:
    """Decide a proposal; raises AlreadyDecided and OwnProposal."""
    if correction.state is not CorrectionState.PROPOSED:
        raise AlreadyDecided(f"this correction was {correction.state.value} already")
    if by.partition(":")[2] == correction.proposed_by.partition(":")[2]:
        raise OwnProposal("somebody else decides what you have proposed")
    return replace(
        correction,
        state=CorrectionState.APPROVED if approves else CorrectionState.REJECTED,
        decided_by=by,
        decided_at=at,
        note=note,
    )


def adjustment_posting(correction: Correction, occurred_at: datetime, cause: Cause) -> Posting:
    """Give money to a wallet at the company's cost, or take it back."""
    amount = Money.of(abs(correction.amount_minor), correction.currency)
    purse = wallet(correction.person_id, amount.currency)
    cost = company("adjustments", amount.currency)
    gives = correction.amount_minor > 0
    return Posting(
        key=f"adj:{correction.id}",
        kind="adjustment",
        entries=(
            (debit(cost, amount), credit(purse, amount))
            if gives
            else (debit(purse, amount), credit(cost, amount))
        ),
        occurred_at=occurred_at,
        cause=cause,
    )
