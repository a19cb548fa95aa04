"""The charge attempt: one try to collect one invoice through one gateway, under one key.

The key is the attempt's own id: it exists, committed, before the gateway is called and never
changes while the outcome is open. Each state carries exactly the data that exists in it.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from domain.payments import events
from domain.payments.asking import POLL_EVERY, RE_ASK_AFTER, RESERVED_IS_STALE_AFTER
from domain.payments.declines import Decline
from domain.payments.occasion import OF_CARDS, Occasion
from domain.payments.receipt import Receipt
from domain.shared.errors import DomainError
from domain.shared.ids import AttemptId, CustomerId, InvoiceId, MethodId
from domain.shared.money import Money
from domain.shared.names import snake


class IllegalMove(DomainError):
    """The attempt is not in a state from which this can happen."""

    code = "illegal_attempt_move"

    def __init__(self, attempt: "Attempt", move: str) -> None:
        super().__init__(f"attempt {attempt.id} is {status_of(attempt)} and cannot {move}")
        self.attempt_id, self.move = attempt.id, move


@dataclass(frozen=True, slots=True)
class Reserved:
    """Row and key are committed; the gateway was not called, or certainly did not hear."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The call is under way, or the process that made it died before it could tell."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Accepted:
    """The gateway knows it and works on it, or waits for the payer."""

    external_id: str
    since: datetime
    confirmation_url: str | None = None
    widget_token: str | None = None


@dataclass(frozen=True, slots=True)
class Authorized:
    """The money is held and waits for a capture."""

    external_id: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Succeeded:
    """The money was taken."""

    external_id: str
    captured: Money
    captured_at: datetime


@dataclass(frozen=True, slots=True)
class Declined:
    """The bank, the network or the payer said no."""

    decline: Decline
    at: datetime
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The gateway refused the request itself: nothing was executed, our side has to look."""

    why: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Unknown:
    """Money may have moved. Only evidence or a person ends this; no other key is used meanwhile."""

    since: datetime
    why: str
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class Canceled:
    """We let it go before any money was taken."""

    why: str
    at: datetime
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class Expired:
    """Nobody paid in time, and the gateway was asked before we gave up."""

    at: datetime
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """The gateway's picture differs from ours; a person decides."""

    external_id: str
    differences: tuple[str, ...]
    since: datetime


@dataclass(frozen=True, slots=True)
class PartiallyRefunded:
    """A part of the money went back."""

    external_id: str
    captured: Money
    captured_at: datetime
    refunded: Money


@dataclass(frozen=True, slots=True)
class Refunded:
    """All of the money went back."""

    external_id: str
    captured: Money
    captured_at: datetime


@dataclass(frozen=True, slots=True)
class Disputed:
    """The bank took the money back at the payer's demand (a chargeback)."""

    external_id: str
    captured: Money
    captured_at: datetime
    since: datetime


State = (
    Reserved
    | Sent
    | Accepted
    | Authorized
    | Succeeded
    | Declined
    | Refused
    | Unknown
    | Canceled
    | Expired
    | Review
    | PartiallyRefunded
    | Refunded
    | Disputed
)
Open = Reserved | Sent | Accepted | Authorized | Unknown | Review
Captured = Succeeded | PartiallyRefunded | Refunded | Disputed


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to charge; a checkout with the payer present has no `method_id` but a `return_url`.

    `asked` counts how often the gateway was asked for the outcome since the call.
    """

    id: AttemptId
    invoice_id: InvoiceId
    customer_id: CustomerId
    provider: str
    money: Money
    number: int
    occasion: Occasion
    method_id: MethodId | None
    saves_method: bool
    return_url: str | None
    state: State
    created_at: datetime
    asked: int = 0
    next_ask_at: datetime | None = None
    version: int = 1
    receipt: Receipt | None = None

    @property
    def is_of_card(self) -> bool:
        """Tell a card's charge from a number's, which no operator takes back."""
        return self.occasion in OF_CARDS

    @property
    def is_open(self) -> bool:
        """Tell whether money may still move under this key, as far as we know."""
        return isinstance(self.state, Open)

    @property
    def is_captured(self) -> bool:
        """Tell whether money was taken under this key."""
        return isinstance(self.state, Captured)


def status_of(attempt: Attempt) -> str:
    """Return the state's name in the trade's spelling: `partially_refunded`."""
    return snake(type(attempt.state))


def external_id_of(attempt: Attempt) -> str | None:
    """Return the gateway's own id, once we know it."""
    return getattr(attempt.state, "external_id", None)


Moved = tuple[Attempt, list[events.PaymentEvent]]


def _to(attempt: Attempt, state: State, *, next_ask_at: datetime | None = None) -> Attempt:
    return replace(attempt, state=state, next_ask_at=next_ask_at, version=attempt.version + 1)


def send(attempt: Attempt, *, now: datetime) -> Attempt:
    """Note that the call is about to leave; from here on silence means unknown."""
    match attempt.state:
        case Reserved():
            return _to(attempt, Sent(at=now), next_ask_at=now + RE_ASK_AFTER[2])
        case _:
            raise IllegalMove(attempt, "be sent")


def not_sent(attempt: Attempt, *, now: datetime) -> Attempt:
    """Return to reserved: the gateway certainly did not hear us; the key stays the same."""
    match attempt.state:
        case Sent():
            return _to(attempt, Reserved(), next_ask_at=now + RESERVED_IS_STALE_AFTER)
        case _:
            raise IllegalMove(attempt, "be taken back")


def lose_sight(attempt: Attempt, why: str, *, now: datetime) -> Moved:
    """Record that nobody knows whether money moved, since the call left, and when to ask."""
    match attempt.state:
        case Reserved() | Sent() as before:
            # Taken back meanwhile, it may have been heard by this call all the same.
            since = before.at if isinstance(before, Sent) else now
            lost = _to(attempt, Unknown(since=since, why=why), next_ask_at=now + RE_ASK_AFTER[0])
            return lost, [events.OutcomeUnknown(payment_id=attempt.id, why=why)]
        case _:
            return attempt, []


def ask_again(attempt: Attempt, *, now: datetime) -> Attempt:
    """Plan the next question to the gateway, further away each time; it never ends by itself.

    What is decided, or waits for a person, is not asked for any more.
    """
    asked = attempt.asked + 1
    match attempt.state:
        case Accepted(since=since) | Authorized(since=since):
            wait = next(wait for age, wait in POLL_EVERY if now - since < age)
        case Reserved() | Sent() | Unknown():
            wait = RE_ASK_AFTER[min(asked, len(RE_ASK_AFTER) - 1)]
        case _:
            return attempt
    return replace(attempt, asked=asked, next_ask_at=now + wait, version=attempt.version + 1)


def accept(
    attempt: Attempt,
    external_id: str,
    *,
    confirmation_url: str | None,
    widget_token: str | None = None,
    now: datetime,
) -> Moved:
    """Record that the gateway knows the payment and it is not decided yet."""
    match attempt.state:
        case Sent() | Unknown() | Reserved():
            accepted = Accepted(external_id, now, confirmation_url, widget_token)
            moved = _to(attempt, accepted, next_ask_at=now + RE_ASK_AFTER[2])
            return moved, [events.PaymentAccepted(payment_id=attempt.id, external_id=external_id)]
        case _:
            return attempt, []


def authorize(attempt: Attempt, external_id: str, *, now: datetime) -> Moved:
    """Record that the money is held."""
    match attempt.state:
        case Sent() | Unknown() | Reserved() | Accepted():
            moved = _to(attempt, Authorized(external_id, now), next_ask_at=now + RE_ASK_AFTER[3])
            return moved, [events.PaymentAuthorized(payment_id=attempt.id, external_id=external_id)]
        case _:
            return attempt, []


def succeed(attempt: Attempt, external_id: str, captured: Money, *, captured_at: datetime) -> Moved:
    """Record that the money was taken; a fetched success beats our own timers and declines."""
    match attempt.state:
        case Succeeded() | PartiallyRefunded() | Refunded() | Disputed():
            return attempt, []
        case (
            Reserved()
            | Sent()
            | Accepted()
            | Authorized()
            | Unknown()
            | Review()
            | Declined()
            | Refused()
            | Canceled()
            | Expired()
        ):
            moved = _to(attempt, Succeeded(external_id, captured, captured_at))
            event = events.PaymentSucceeded(
                payment_id=attempt.id,
                invoice_id=attempt.invoice_id,
                external_id=external_id,
                captured=captured,
                captured_at=captured_at,
            )
            return moved, [event]
        case _:
            assert_never(attempt.state)


def decline(attempt: Attempt, why: Decline, *, external_id: str | None, now: datetime) -> Moved:
    """Record a refusal of the charge; one that is closed already stays as it is."""
    match attempt.state:
        case Reserved() | Sent() | Accepted() | Authorized() | Unknown():
            moved = _to(attempt, Declined(why, now, external_id or external_id_of(attempt)))
            event = events.PaymentDeclined(
                payment_id=attempt.id,
                invoice_id=attempt.invoice_id,
                reason=why.reason,
                raw_code=why.raw_code,
            )
            return moved, [event]
        case Declined() | Refused() | Canceled() | Expired() | Review():
            return attempt, []
        case Succeeded() | PartiallyRefunded() | Refunded() | Disputed():
            raise IllegalMove(attempt, "be declined")
        case _:
            assert_never(attempt.state)


def refuse(attempt: Attempt, why: str, *, now: datetime) -> Moved:
    """Record that the gateway refused the request itself; what is closed already stays so."""
    match attempt.state:
        case Sent() | Reserved() | Unknown():
            event = events.PaymentRefused(
                payment_id=attempt.id, invoice_id=attempt.invoice_id, why=why
            )
            return _to(attempt, Refused(why, now)), [event]
        case Declined() | Refused() | Canceled() | Expired():
            return attempt, []
        case _:
            raise IllegalMove(attempt, "be refused")


def expire(attempt: Attempt, *, now: datetime) -> Moved:
    """Give up on an attempt that the gateway says nobody paid; unknown outcomes never expire."""
    match attempt.state:
        case Reserved() | Accepted() | Authorized():
            moved = _to(attempt, Expired(now, external_id_of(attempt)))
            event = events.PaymentExpired(payment_id=attempt.id, invoice_id=attempt.invoice_id)
            return moved, [event]
        case Expired():
            return attempt, []
        case _:
            raise IllegalMove(attempt, "expire")


def cancel(attempt: Attempt, why: str, *, now: datetime) -> Moved:
    """Let an attempt go that certainly took no money."""
    match attempt.state:
        case Reserved() | Accepted() | Authorized():
            moved = _to(attempt, Canceled(why, now, external_id_of(attempt)))
            event = events.PaymentCanceled(
                payment_id=attempt.id, invoice_id=attempt.invoice_id, why=why
            )
            return moved, [event]
        case Canceled():
            return attempt, []
        case _:
            raise IllegalMove(attempt, "be canceled")


def let_go_of_review(attempt: Attempt, why: str, *, now: datetime) -> Moved:
    """End a review of a payment that took no money."""
    match attempt.state:
        case Review(external_id):
            event = events.PaymentCanceled(
                payment_id=attempt.id, invoice_id=attempt.invoice_id, why=why
            )
            return _to(attempt, Canceled(why, now, external_id)), [event]
        case _:
            raise IllegalMove(attempt, "be let go of")


def dispute(attempt: Attempt, *, now: datetime) -> Moved:
    """Record that the bank took the money back."""
    match attempt.state:
        case Succeeded(external_id, captured, captured_at):
            moved = _to(attempt, Disputed(external_id, captured, captured_at, now))
            return moved, [events.PaymentDisputed(payment_id=attempt.id, disputed=captured)]
        case Disputed():
            return attempt, []
        case _:
            raise IllegalMove(attempt, "be disputed")


def review(
    attempt: Attempt, external_id: str, differences: tuple[str, ...], *, now: datetime
) -> Moved:
    """Stop and ask a person: what the gateway holds is not what was agreed."""
    match attempt.state:
        case Review() | Succeeded() | PartiallyRefunded() | Refunded() | Disputed():
            return attempt, []
        case _:
            event = events.PaymentMismatched(payment_id=attempt.id, differences=differences)
            return _to(attempt, Review(external_id, differences, now)), [event]


def refund(attempt: Attempt, returned: Money) -> Moved:
    """Record that money went back; refuses more than was captured."""
    match attempt.state:
        case Succeeded(external_id, captured, captured_at):
            before = Money.zero(captured.currency)
        case PartiallyRefunded(external_id, captured, captured_at, before):
            pass
        case _:
            raise IllegalMove(attempt, "be refunded")
    refunded = before + returned
    if refunded > captured or not returned.is_positive:
        raise IllegalMove(attempt, f"be refunded by {returned}")
    event = events.PaymentRefunded(payment_id=attempt.id, refunded=returned, total=refunded)
    if refunded == captured:
        return _to(attempt, Refunded(external_id, captured, captured_at)), [event]
    return _to(attempt, PartiallyRefunded(external_id, captured, captured_at, refunded)), [event]
