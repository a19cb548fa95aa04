"""What the routes of notifications answer."""

from datetime import date, datetime
from uuid import UUID

from entrypoints.api.answers.shapes import Answer, PageOf


class Notification(Answer, frozen=True):
    """How far a person was told of a payout; one that is pending without a next try is under way.

    `reason` is `no_address`, `refused` or `not_accepted`; `last_error` is what the mail
    server said.
    """

    kind: str
    payout_id: UUID
    person_id: UUID
    amount_minor: int
    currency: str
    run_date: date
    state: str
    attempts: int
    created_at: datetime
    first_try_at: datetime | None
    next_try_at: datetime | None
    sent_at: datetime | None
    failed_at: datetime | None
    message_id: str | None
    reason: str | None
    last_error: str | None


class Notifications(PageOf[Notification], frozen=True):
    """A page of notifications."""


class NotificationResent(Answer, frozen=True):
    """A notification is under way again."""

    payout_id: UUID
    state: str
