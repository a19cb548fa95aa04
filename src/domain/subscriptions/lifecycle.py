"""The one lifecycle: `verb(subscription, …, now) -> (subscription, events)`.

Closed subscriptions absorb late answers: money is always recorded by the payment side, and these
functions decide only whether a period is granted for it.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never
from zoneinfo import ZoneInfo

from domain.shared.calendar import Period, anchor_from, start_of_tomorrow
from domain.shared.errors import InvalidValue
from domain.shared.ids import InvoiceId, MethodId
from domain.subscriptions import events, number_lifecycle, pauses
from domain.subscriptions import renewal as rules
from domain.subscriptions.model import (
    Active,
    Canceled,
    CardTerms,
    CarrierTerms,
    Created,
    Expired,
    OpenCharge,
    PastDue,
    Paused,
    Refused,
    Renewal,
    State,
    Subscription,
    Terms,
    access_from,
)
from domain.subscriptions.moves import IllegalSubscriptionMove, Moved, moved_to, without

_BY_CUSTOMER = "stopped by the customer"


def start_trial(subscription: Subscription, days: int, *, now: datetime) -> Moved:
    """Begin with a free period; what is due is due at its end."""
    match subscription.state:
        case Created(starts_at):
            start = max(starts_at, now)
            trial = Period(start, start + timedelta(days=days))
            event = events.TrialStarted(subscription_id=subscription.id, period=trial)
            return moved_to(subscription, Active(trial)), [event]
        case _:
            raise IllegalSubscriptionMove(subscription, "start a trial")


def open_charge(subscription: Subscription, invoice_id: InvoiceId, *, now: datetime) -> Moved:
    """Note that an invoice for the next period is being collected; refuses a second one."""
    if subscription.charge is not None:
        raise IllegalSubscriptionMove(subscription, "be charged while a charge is open")
    match subscription.state:
        case Created() | Active() | PastDue():
            charge = OpenCharge(invoice_id, now)
            return replace(subscription, charge=charge, version=subscription.version + 1), []
        case _:
            raise IllegalSubscriptionMove(subscription, "be charged")


def grant(
    subscription: Subscription,
    invoice_id: InvoiceId,
    *,
    method_id: MethodId | None,
    now: datetime,
    zone: ZoneInfo,
) -> tuple[Subscription, Period | None, list[events.SubscriptionEvent]]:
    """Grant the period that a payment was for, and return it; None where the money must go back.

    Within grace the new period begins where the old one ended: nobody gains or loses days. After
    expiry it begins with the payment, and so it does where nobody had paid in time. After a cancel
    that somebody asked for nothing is granted. Paid during a pause, it follows what was paid
    before, and the days of the pause follow both.
    """
    begun: type[events.Activated | events.Renewed | events.Reactivated]
    match subscription.state:
        case Created(starts_at):
            start, begun = max(starts_at, now), events.Activated
        case PastDue(period=None):
            start, begun = rules.first_from(subscription, now=now), events.Activated
        case Active(paid) | PastDue(paid) if paid is not None:
            start, begun = rules.paid_from(subscription, paid, now=now, zone=zone), events.Renewed
        case Paused(paid, since, until):
            start, begun = paid.end - (until - since), events.Renewed
        case Canceled(reopens=True):
            start, begun = now, events.Activated
        case Expired():
            start, begun = now, events.Reactivated
        case Canceled() | Refused():
            moved, said = turn_away(subscription, invoice_id)
            return moved, None, said
        case Active() | PastDue():
            raise AssertionError("what is active has a period")
        case _:
            assert_never(subscription.state)
    anchor_day = start.astimezone(zone).day
    if begun is events.Renewed:
        anchor_day = anchor_from(start, subscription.anchor_day, zone)
    settled = replace(
        subscription,
        charge=without(subscription, invoice_id),
        terms=_with_method(subscription.terms, method_id),
        anchor_day=anchor_day,
        not_before=None,
    )
    period = rules.period_from(settled, start, zone)
    event = begun(subscription_id=subscription.id, period=period, invoice_id=invoice_id)
    after: State
    match subscription.state:
        case Paused(paid, since, until):
            after = Paused(Period(paid.start, period.end + (until - since)), since, until)
        case Active() | PastDue() as before if now < start:
            after = Active(period, access_from(before))
        case _:
            after = Active(period)
    return moved_to(settled, after), period, [event]


def _with_method(terms: Terms, method_id: MethodId | None) -> Terms:
    match terms:
        case CardTerms():
            return replace(terms, method_id=method_id or terms.method_id)
        case CarrierTerms():
            return terms
        case _:
            assert_never(terms)


def turn_away(subscription: Subscription, invoice_id: InvoiceId) -> Moved:
    """Tell that money came for what is over; nothing is granted, so it has to go back."""
    late = events.PaidAfterCancel(subscription_id=subscription.id, invoice_id=invoice_id)
    freed = replace(subscription, charge=without(subscription, invoice_id))
    return moved_to(freed, subscription.state), [late]


def release_charge(subscription: Subscription, invoice_id: InvoiceId) -> Subscription:
    """Forget an open charge that ended without a verdict on the saved method."""
    charge = without(subscription, invoice_id)
    if charge is subscription.charge:
        return subscription
    return replace(subscription, charge=charge, version=subscription.version + 1)


def charge_failed(
    subscription: Subscription,
    invoice_id: InvoiceId | None,
    reason: str,
    *,
    retryable: bool,
    not_before: datetime | None = None,
    now: datetime,
    zone: ZoneInfo,
) -> Moved:
    """Record that a charge brought nothing; plan the next one where the terms allow it.

    Only the open charge counts: the answer to another one is late, and its period may be paid by
    now. A decline of money that is not due yet, asked for by the customer, makes nobody past due.
    Without an `invoice_id` there was no charge at all: something made it impossible.
    `retryable` is false when the bank said never, or wants the customer; `not_before` is the
    first instant the card schemes' caps leave open.
    """
    freed = replace(subscription, charge=without(subscription, invoice_id))
    if invoice_id is not None and freed.charge is subscription.charge:
        return subscription, []
    if isinstance(subscription.terms, CarrierTerms):
        return number_lifecycle.charge_failed(
            subscription, invoice_id, reason, retryable=retryable, now=now
        )
    grace = subscription.terms.grace
    match subscription.state:
        case _ if subscription.renewal is Renewal.STOPPING:
            return moved_to(freed, subscription.state), []
        case Active(period) if period.end >= start_of_tomorrow(now, zone):
            return moved_to(freed, subscription.state), []
        case Active(period):
            failures = 1
        case PastDue(period, before) if period is not None:
            failures = before + 1
        case Created() | PastDue() | Paused() | Canceled() | Expired() | Refused():
            return moved_to(freed, subscription.state), []
        case _:
            assert_never(subscription.state)
    at = rules.retry_at(subscription, failures, now=now, zone=zone) if retryable else None
    if at is not None and not_before is not None and at < not_before:
        at = not_before if not_before <= period.end + grace else None
    failed = events.RenewalFailed(
        subscription_id=subscription.id, reason=reason, failures=failures, next_attempt_at=at
    )
    return moved_to(freed, PastDue(period, failures, at)), [failed]


def stop_renewal(subscription: Subscription, *, now: datetime) -> Moved:
    """Stop at the end of what is paid; what was never paid for ends at once.

    A charge that is under way is awaited: the gateway may have taken the money already. A number
    that said stop is out at once.
    """
    match subscription.state:
        case _ if isinstance(subscription.terms, CarrierTerms):
            return cancel(subscription, "unsubscribed", now=now)
        case Active() | PastDue() | Paused() if subscription.renewal is Renewal.STOPPING:
            return subscription, []
        case PastDue(period=None):
            return cancel(subscription, _BY_CUSTOMER, now=now)
        case Active(period) | PastDue(period) if (
            period is not None and period.end <= now and subscription.charge is None
        ):
            return cancel(subscription, _BY_CUSTOMER, now=now)
        case Active(period) | PastDue(period) | Paused(period) if period is not None:
            stopping = replace(subscription, renewal=Renewal.STOPPING)
            stopped = events.RenewalStopped(
                subscription_id=subscription.id, access_until=period.end
            )
            return moved_to(stopping, subscription.state), [stopped]
        case Created():
            return cancel(subscription, _BY_CUSTOMER, now=now)
        case Active() | PastDue() | Paused() | Canceled() | Expired() | Refused():
            return subscription, []
        case _:
            assert_never(subscription.state)


def resume_renewal(subscription: Subscription, *, now: datetime) -> Moved:
    """Take a stop back while the paid period lasts."""
    match subscription.state:
        case Active(period) | PastDue(period) | Paused(period) if (
            period is not None and now < period.end
        ):
            if subscription.renewal is Renewal.AUTOMATIC:
                return subscription, []
            if subscription.terms.method_id is None:
                raise InvalidValue("renewal needs a saved payment method")
            resumed = replace(subscription, renewal=Renewal.AUTOMATIC)
            event = events.RenewalResumed(subscription_id=subscription.id)
            return moved_to(resumed, subscription.state), [event]
        case _:
            raise IllegalSubscriptionMove(subscription, "resume its renewal")


def cancel(subscription: Subscription, why: str, *, now: datetime) -> Moved:
    """End it now; access ends with it, and what is over already stays as it is."""
    if not subscription.is_live:
        return subscription, []
    event = events.Canceled(subscription_id=subscription.id, why=why)
    return moved_to(subscription, Canceled(now, why)), [event]


def take_back(subscription: Subscription, earlier: Period | None, *, now: datetime) -> Moved:
    """Undo the last paid period, whose money went back: the one before counts, or it is over."""
    match subscription.state:
        case Active() if earlier is not None and earlier.end > now:
            return moved_to(subscription, Active(earlier)), []
        case _:
            return cancel(subscription, "refunded", now=now)


def give_up(subscription: Subscription, *, now: datetime) -> Moved:
    """End what nobody paid for in time; money that comes after all begins it nevertheless."""
    match subscription.state:
        case Created():
            given_up = Canceled(now, "never paid for", reopens=True)
            event = events.Canceled(subscription_id=subscription.id, why=given_up.why)
            return moved_to(subscription, given_up), [event]
        case _:
            raise IllegalSubscriptionMove(subscription, "be given up")


def refuse(subscription: Subscription, why: str, *, now: datetime) -> Moved:
    """End it because a check or the gateway said that it must never be charged."""
    if not subscription.is_live:
        return subscription, []
    event = events.Refused(subscription_id=subscription.id, why=why)
    return moved_to(subscription, Refused(now, why)), [event]


def defer(subscription: Subscription, until: datetime) -> Subscription:
    """Put a due charge off: its window is closed, or a cap leaves no room before then."""
    return replace(subscription, not_before=until, version=subscription.version + 1)


def lapse(subscription: Subscription, *, now: datetime) -> Moved:
    """Do what the clock asks for: end what is over, resume what was paused; else nothing.

    An open charge holds this back, because its answer may be a payment.
    """
    at = rules.expires_at(subscription)
    if at is None or at > now:
        return subscription, []
    charge = subscription.charge
    if charge is not None and now - charge.since < rules.OPEN_CHARGE_HOLDS:
        return subscription, []
    match subscription.state:
        case Paused():
            return pauses.resume(subscription, now=now)
        case Active() | PastDue() if subscription.renewal is Renewal.STOPPING:
            return cancel(subscription, _BY_CUSTOMER, now=now)
        case Active() | PastDue():
            event = events.Expired(subscription_id=subscription.id)
            return moved_to(subscription, Expired(now)), [event]
        case _:
            raise AssertionError("only these states have an end to wait for")
