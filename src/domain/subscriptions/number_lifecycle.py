"""What a failed charge means for the subscription of a number."""

from dataclasses import replace
from datetime import datetime
from typing import assert_never

from domain.shared.calendar import Period, business_day, start_of_day
from domain.shared.ids import InvoiceId
from domain.subscriptions import events, number_renewal
from domain.subscriptions.model import (
    Active,
    Canceled,
    CarrierTerms,
    Created,
    Expired,
    PastDue,
    Paused,
    Refused,
    Subscription,
)
from domain.subscriptions.moves import IllegalSubscriptionMove, Moved, moved_to, without

# What an operator says of a number that nobody may charge again, for anything.
NEVER_CHARGED = frozenset({"postpaid", "blacklisted"})


def charge_failed(
    subscription: Subscription,
    invoice_id: InvoiceId | None,
    reason: str,
    *,
    retryable: bool,
    now: datetime,
) -> Moved:
    """Move to past due with the next try planned, or end it when there is none.

    A first charge that fails makes it past due too, with nothing paid so far. The operator plans
    its own tries, so what it manages waits for its next report.
    """
    terms = subscription.terms
    assert isinstance(terms, CarrierTerms), "numbers have carrier terms"
    if reason in NEVER_CHARGED and subscription.is_live:
        refused = events.Refused(subscription_id=subscription.id, why=reason)
        over = replace(subscription, charge=without(subscription, invoice_id))
        return moved_to(over, Refused(now, reason)), [refused]
    freed = replace(subscription, charge=without(subscription, invoice_id), not_before=None)
    asked_at = subscription.charge.since if subscription.charge else now
    paid: Period | None
    match subscription.state:
        case Created():
            paid, failures, since, owed_from = None, 1, now, asked_at
        case Active(paid):
            failures, since = 1, now
            asked_on = start_of_day(business_day(asked_at, terms.zone), terms.zone)
            owed_from = max(paid.end, asked_on)
        case PastDue(paid, before, _, was_since, was_owed):
            failures, since, owed_from = before + 1, was_since or now, was_owed or asked_at
        case Paused() | Canceled() | Expired() | Refused():
            return moved_to(freed, subscription.state), []
        case _:
            assert_never(subscription.state)
    at = None
    if retryable:
        at = number_renewal.retry_at(subscription, terms, since=since, now=now)
    failed = events.RenewalFailed(
        subscription_id=subscription.id, reason=reason, failures=failures, next_attempt_at=at
    )
    if at is None and not terms.managed:
        expired = events.Expired(subscription_id=subscription.id)
        return moved_to(freed, Expired(now)), [failed, expired]
    return moved_to(freed, PastDue(paid, failures, at, since, owed_from)), [failed]


def owe(
    subscription: Subscription, *, since: datetime, failures: int, retry_at: datetime
) -> Subscription:
    """Take over a retry that was planned elsewhere; the same one again changes nothing.

    Refuses where a charge is under way, and where the subscription is over.
    """
    if subscription.charge is not None:
        raise IllegalSubscriptionMove(subscription, "be retried while a charge is open")
    paid: Period | None
    match subscription.state:
        case Created(starts_at):
            paid, owed_from = None, starts_at
        case Active(paid):
            owed_from = paid.end
        case PastDue(paid, _, _, _, was_owed):
            owed_from = was_owed or since
        case _:
            raise IllegalSubscriptionMove(subscription, "be retried")
    owing = PastDue(paid, failures, retry_at, since, owed_from)
    return subscription if owing == subscription.state else moved_to(subscription, owing)
