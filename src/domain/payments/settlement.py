"""Settlement: what a gateway shows, held against what was agreed, decides what an attempt becomes.

This is the rule behind the one door. Webhooks, matching, autopayments and the manual button all
bring the same kind of evidence, and the same evidence brought twice changes nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from domain.payments import attempt as attempts
from domain.payments.attempt import Attempt, Moved
from domain.payments.declines import Decline
from domain.shared.money import Money


@dataclass(frozen=True, slots=True)
class Waiting:
    """The gateway works on it, or waits for the payer at the address or in its widget."""

    confirmation_url: str | None = None
    widget_token: str | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """The money is authorized and not yet captured."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The money was captured."""

    captured: Money
    at: datetime


@dataclass(frozen=True, slots=True)
class Ended:
    """The payment is over and brought nothing."""

    decline: Decline


@dataclass(frozen=True, slots=True)
class Strange:
    """The gateway tells a status nobody has taught us."""

    status: str


Outcome = Waiting | Held | Taken | Ended | Strange


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A payment as the gateway shows it, in the terms of the domain."""

    external_id: str
    money: Money
    test: bool
    outcome: Outcome


def differences(attempt: Attempt, evidence: Evidence, *, test_mode: bool) -> tuple[str, ...]:
    """Name what does not agree with the attempt; nothing named means it may settle."""
    found = []
    if evidence.money != attempt.money:
        found.append(f"amount: agreed {attempt.money}, gateway shows {evidence.money}")
    if isinstance(evidence.outcome, Taken) and evidence.outcome.captured != attempt.money:
        found.append(f"captured: agreed {attempt.money}, taken {evidence.outcome.captured}")
    if evidence.test != test_mode:
        found.append("test payment in a live shop" if evidence.test else "live payment in a test")
    known = attempts.external_id_of(attempt)
    if known is not None and known != evidence.external_id:
        found.append(f"gateway id: known {known}, shown {evidence.external_id}")
    if isinstance(evidence.outcome, Strange):
        found.append(f"unknown status: {evidence.outcome.status}")
    return tuple(found)


def settle(attempt: Attempt, evidence: Evidence, *, test_mode: bool, now: datetime) -> Moved:
    """Move an attempt to where the evidence puts it, or to review where the two disagree.

    A review is ended by a person: the same evidence brought again must not settle it.
    """
    if attempt.is_captured or isinstance(attempt.state, attempts.Review):
        return attempt, []
    wrong = differences(attempt, evidence, test_mode=test_mode)
    if wrong:
        return attempts.review(attempt, evidence.external_id, wrong, now=now)
    match evidence.outcome:
        case Waiting(confirmation_url, widget_token):
            return attempts.accept(
                attempt,
                evidence.external_id,
                confirmation_url=confirmation_url,
                widget_token=widget_token,
                now=now,
            )
        case Held():
            return attempts.authorize(attempt, evidence.external_id, now=now)
        case Taken(captured, at):
            return attempts.succeed(attempt, evidence.external_id, captured, captured_at=at)
        case Ended(decline):
            return attempts.decline(attempt, decline, external_id=evidence.external_id, now=now)
        case Strange():
            raise AssertionError("a strange status is a difference")
        case _:
            assert_never(evidence.outcome)
