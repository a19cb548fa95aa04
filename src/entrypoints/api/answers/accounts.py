"""What the routes of accounts answer."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from entrypoints.api.answers.shapes import Answer, PageOf


class Wallet(Answer, frozen=True):
    """A wallet: its balance, what of it was carried over, and what today has brought so far."""

    currency: str
    balance_minor: int
    carry_minor: int
    rewards_today_minor: int
    fees_today_minor: int
    net_today_minor: int


class PersonAccount(Answer, frozen=True):
    """A person's wallets on a day."""

    person_id: UUID
    day: date
    wallets: list[Wallet]


class WalletEntry(Answer, frozen=True):
    """What moved a wallet, with its task; `amount_minor` is signed from the person's view."""

    currency: str
    seq: int
    operation_id: UUID
    kind: str
    amount_minor: int
    balance_minor: int
    value_date: date
    posting_date: date
    occurred_at: datetime
    task_id: UUID | None
    payout_id: UUID | None
    title: str | None
    jira_id: str | None
    description: str | None


class WalletLog(PageOf[WalletEntry], frozen=True):
    """A page of what moved a wallet."""


class Payout(Answer, frozen=True):
    """What a person was paid for a business day, and where the money is."""

    id: UUID
    person_id: UUID
    currency: str
    run: date
    amount_minor: int
    state: Literal["pending", "settled", "returned"]
    created_at: datetime
    decided_at: datetime | None


class Payouts(PageOf[Payout], frozen=True):
    """A page of payouts."""


class RunAsked(Answer, frozen=True):
    """A run of a job is under way; its row is among the runs of jobs."""

    job: str


class PayoutRun(Answer, frozen=True):
    """A closed day, and what was paid for it."""

    day: date
    status: Literal["closed", "done"]
    closed_at: datetime
    done_at: datetime | None
    payouts: int


class PayoutRuns(PageOf[PayoutRun], frozen=True):
    """A page of closed days."""


class Correction(Answer, frozen=True):
    """A correction by hand; `amount_minor` is signed from the person's view."""

    id: UUID
    person_id: UUID
    currency: str
    amount_minor: int
    operation_id: UUID | None
    reversed_kind: str | None
    task_id: UUID | None
    reason: str
    proposed_by: str
    proposed_at: datetime
    state: Literal["proposed", "approved", "rejected"]
    decided_by: str | None
    decided_at: datetime | None
    note: str | None


class CorrectionShown(Correction, frozen=True):
    """A correction, with the operation it led to."""

    posted_id: UUID | None


class Corrections(PageOf[CorrectionShown], frozen=True):
    """A page of corrections."""


class WalletHold(Answer, frozen=True):
    """Whether a wallet is kept back from payouts."""

    person_id: UUID
    currency: str
    is_held: bool


class DeadFact(Answer, frozen=True):
    """A fact that waits for a person, as it came."""

    event_id: UUID
    task_id: UUID | None
    why: str
    envelope: dict[str, Any]
    died_at: datetime


class DeadFacts(PageOf[DeadFact], frozen=True):
    """A page of facts that wait for a person."""


class FactReplayed(Answer, frozen=True):
    """A fact is digested again."""

    event_id: UUID
