"""A gateway's answers in the terms of the domain."""

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from application.payments.provider import (
    Accepted,
    Authorized,
    ChargeOutcome,
    Declined,
    Found,
    LookUp,
    Missing,
    NotSent,
    OutcomeUnknown,
    PaymentSnapshot,
    PaymentStatus,
    Rejected,
    Succeeded,
    Unreachable,
)
from domain.payments import attempt as attempts
from domain.payments.attempt import Attempt, Moved, Reserved, Review, Sent, Unknown
from domain.payments.declines import Decline, DeclineReason
from domain.payments.settlement import (
    Ended,
    Evidence,
    Held,
    Outcome,
    Strange,
    Taken,
    Waiting,
    settle,
)
from domain.shared.facts import Cause
from domain.shared.ids import AttemptId


@dataclass(frozen=True, slots=True)
class TakenByHand:
    """A person looked at what the gateway holds and takes it as it is."""

    snapshot: PaymentSnapshot


@dataclass(frozen=True, slots=True)
class ReturnedByHand:
    """A person looked at what the gateway holds and does not want it.

    Money that was captured is booked and goes back; without any the payment is let go.
    """

    snapshot: PaymentSnapshot


GatewayAnswer = ChargeOutcome | LookUp | TakenByHand | ReturnedByHand


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a gateway said of one attempt, to which question, and who asked."""

    attempt_id: AttemptId
    answer: GatewayAnswer
    question: str
    cause: Cause


def evidence(snapshot: PaymentSnapshot) -> Evidence:
    """Read a snapshot as evidence."""
    return Evidence(
        external_id=snapshot.external_id,
        money=snapshot.money,
        test=snapshot.test,
        outcome=_outcome(snapshot),
    )


def _outcome(snapshot: PaymentSnapshot) -> Outcome:
    match snapshot.status:
        case PaymentStatus.PENDING:
            return Waiting(snapshot.confirmation_url, snapshot.widget_token)
        case PaymentStatus.AUTHORIZED:
            return Held()
        case PaymentStatus.SUCCEEDED:
            return Taken(snapshot.captured, snapshot.captured_at or snapshot.created_at)
        case PaymentStatus.CANCELED:
            no_reason = Decline(DeclineReason.UNRECOGNIZED, "canceled without a reason")
            return Ended(snapshot.decline or no_reason)
        case PaymentStatus.UNRECOGNIZED:
            return Strange(str(snapshot.raw.get("status", "?")))
        case _:
            assert_never(snapshot.status)


def snapshot_of(answer: GatewayAnswer) -> PaymentSnapshot | None:
    """Return the payment an answer shows, if it shows one."""
    match answer:
        case Succeeded(snapshot) | Accepted(snapshot) | Authorized(snapshot) | Found(snapshot):
            return snapshot
        case TakenByHand(snapshot) | ReturnedByHand(snapshot):
            return snapshot
        case Declined(_, snapshot):
            return snapshot
        case Rejected() | NotSent() | OutcomeUnknown() | Missing() | Unreachable():
            return None
        case _:
            assert_never(answer)


def move(attempt: Attempt, answer: GatewayAnswer, *, test_mode: bool, now: datetime) -> Moved:
    """Move an attempt by an answer; what proves nothing moves nothing."""
    match answer:
        case Succeeded(snapshot) | Accepted(snapshot) | Authorized(snapshot) | Found(snapshot):
            return settle(attempt, evidence(snapshot), test_mode=test_mode, now=now)
        case TakenByHand(snapshot) | ReturnedByHand(snapshot):
            return _decided(attempt, snapshot, now=now)
        case Declined(decline, snapshot):
            if attempt.is_captured:
                return attempt, []
            external_id = snapshot.external_id if snapshot else None
            return attempts.decline(attempt, decline, external_id=external_id, now=now)
        case Rejected():
            return _rejected(attempt, answer, now=now)
        case OutcomeUnknown(why):
            return attempts.lose_sight(attempt, why, now=now)
        case Missing():
            return _missing(attempt, now=now)
        case NotSent() | Unreachable():
            return attempt, []
        case _:
            assert_never(answer)


def _decided(attempt: Attempt, snapshot: PaymentSnapshot, *, now: datetime) -> Moved:
    """End a review the way a person decided, on what the gateway holds."""
    if not isinstance(attempt.state, Review):
        return attempt, []
    if not snapshot.captured.is_positive:
        return attempts.let_go_of_review(attempt, "nothing was captured", now=now)
    at = snapshot.captured_at or snapshot.created_at
    return attempts.succeed(attempt, snapshot.external_id, snapshot.captured, captured_at=at)


def _rejected(attempt: Attempt, answer: Rejected, *, now: datetime) -> Moved:
    """Refuse, unless the refusal says nothing about what an earlier call with this key did."""
    match attempt.state:
        case _ if answer.access_denied:
            return attempt, []
        case Unknown() if answer.key_conflict:
            return attempt, []
        case Sent() if answer.key_conflict:
            return attempts.lose_sight(attempt, "the key was used for another request", now=now)
        case Sent() | Reserved() | Unknown():
            return attempts.refuse(attempt, f"{answer.code}: {answer.description}", now=now)
        case _:
            return attempt, []


def _missing(attempt: Attempt, *, now: datetime) -> Moved:
    match attempt.state:
        case Sent() | Unknown(external_id=None):
            return attempts.refuse(attempt, "the gateway has never heard of it", now=now)
        case _:
            return attempt, []


def describe(answer: GatewayAnswer) -> str:
    """Say an answer in one line, for the story of a payment; no secrets are in any field used."""
    match answer:
        case Succeeded(snapshot) | Accepted(snapshot) | Authorized(snapshot) | Found(snapshot):
            return f"{type(answer).__name__.lower()}: {snapshot.status}"
        case TakenByHand(snapshot) | ReturnedByHand(snapshot):
            return f"{type(answer).__name__}: {snapshot.captured}"
        case Declined(decline, _):
            return f"declined: {decline.reason} ({decline.raw_code})"
        case Rejected(code, description):
            return f"rejected: {code}: {description}"[:500]
        case NotSent(why) | OutcomeUnknown(why) | Unreachable(why):
            return f"{type(answer).__name__}: {why}"[:500]
        case Missing():
            return "missing"
        case _:
            assert_never(answer)
