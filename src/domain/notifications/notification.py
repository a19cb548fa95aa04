"""One telling of one payout: under way, waiting for the next try, sent, or given up.

It is sent at least once. What a mail server took before a crash is sent again under the same
Message-ID, so a later state only ever learns that it was sent.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never
from uuid import UUID

from domain.notifications.events import (
    NotificationFailed,
    NotificationResent,
    NotificationSent,
    WhyFailed,
)
from domain.notifications.notice import PAYOUT, PayoutNotice
from domain.shared.errors import DomainError

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)
PATIENCE = timedelta(hours=24)
# Past so many doublings every wait is the longest one.
_DOUBLINGS = 16


class NotGivenUp(DomainError):
    """Only a notification that nobody tries to send any more is sent again by hand."""

    code = "not_given_up"

    def __init__(self, payout_id: UUID) -> None:
        super().__init__(f"the notification of payout {payout_id} was not given up")
        self.payout_id = payout_id


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A message carries it; nobody else takes it up."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing carries it until `due_at`."""

    due_at: datetime


@dataclass(frozen=True, slots=True)
class Sent:
    """A mail server took it."""

    at: datetime
    message_id: str


@dataclass(frozen=True, slots=True)
class Failed:
    """It was refused for good, or tried for a whole day."""

    at: datetime
    reason: WhyFailed


State = UnderWay | Waiting | Sent | Failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """A payout's notice and how far the telling is; `attempts` counts tries that were begun."""

    notice: PayoutNotice
    created_at: datetime
    attempts: int = 0
    first_try_at: datetime | None = None
    last_error: str | None = None
    state: State = UnderWay()


Events = list[NotificationSent | NotificationFailed | NotificationResent]


def next_try(attempts: int, first_try_at: datetime, now: datetime) -> datetime | None:
    """Return when to try again after so many tries; None once a day of them is over.

    A minute after the first try, then twice as long each time, up to six hours; the last try is
    made a day after the first.
    """
    last = first_try_at + PATIENCE
    if now >= last:
        return None
    wait = FIRST_WAIT * (1 << min(attempts - 1, _DOUBLINGS))
    return min(now + min(wait, LONGEST_WAIT), last)


def begun(one: Notification, now: datetime) -> Notification:
    """Count a try before it is made."""
    assert isinstance(one.state, UnderWay), "only what is under way is tried"
    return replace(one, attempts=one.attempts + 1, first_try_at=one.first_try_at or now)


def shelved(one: Notification, now: datetime) -> Notification:
    """Let it wait untried: there is nobody to give it to; its day of tries has not begun."""
    assert isinstance(one.state, UnderWay), "only what is under way is shelved"
    return replace(one, state=Waiting(now))


def sent(one: Notification, message_id: str, now: datetime) -> tuple[Notification, Events]:
    """Say that a mail server took it, which is true whatever was thought before."""
    match one.state:
        case UnderWay() | Waiting() | Failed():
            told = NotificationSent(
                payout_id=one.notice.payout_id,
                person_id=one.notice.person_id,
                kind=PAYOUT,
                message_id=message_id,
            )
            return replace(one, state=Sent(now, message_id), last_error=None), [told]
        case Sent():
            return one, []
        case _:
            assert_never(one.state)


def put_off(
    one: Notification, why: str, reason: WhyFailed, now: datetime
) -> tuple[Notification, Events]:
    """Wait for the next try, or give up once a day of tries is over; a late answer is nothing."""
    match one.state:
        case UnderWay():
            due_at = next_try(one.attempts, one.first_try_at or now, now)
            if due_at is None:
                return _failed(one, why, reason, now)
            return replace(one, state=Waiting(due_at), last_error=why), []
        case Waiting() | Sent() | Failed():
            return one, []
        case _:
            assert_never(one.state)


def refused(one: Notification, why: str, now: datetime) -> tuple[Notification, Events]:
    """Give up at once: no other try can help; a late answer is nothing."""
    match one.state:
        case UnderWay():
            return _failed(one, why, WhyFailed.REFUSED, now)
        case Waiting() | Sent() | Failed():
            return one, []
        case _:
            assert_never(one.state)


def sent_again(one: Notification) -> tuple[Notification, Events]:
    """Begin another day of tries; raises NotGivenUp for what did not fail."""
    if not isinstance(one.state, Failed):
        raise NotGivenUp(one.notice.payout_id)
    told = NotificationResent(
        payout_id=one.notice.payout_id, person_id=one.notice.person_id, kind=PAYOUT
    )
    return replace(one, state=UnderWay(), attempts=0, first_try_at=None), [told]


def _failed(
    one: Notification, why: str, reason: WhyFailed, now: datetime
) -> tuple[Notification, Events]:
    told = NotificationFailed(
        payout_id=one.notice.payout_id,
        person_id=one.notice.person_id,
        kind=PAYOUT,
        reason=reason,
    )
    return replace(one, state=Failed(now, reason), last_error=why), [told]
