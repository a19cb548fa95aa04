"""Every state of a subscription and every verb: what follows, or that it is refused."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, get_args
from uuid import UUID, uuid4

import pytest

from domain.shared.calendar import Period
from domain.shared.errors import InvalidValue
from domain.shared.ids import InvoiceId, MethodId
from domain.subscriptions import lifecycle, model, pauses
from domain.subscriptions.model import (
    OpenCharge,
    Renewal,
    Subscription,
    access_until,
    has_access,
    status_of,
)
from domain.subscriptions.moves import IllegalSubscriptionMove
from domain.subscriptions.renewal import expires_at, next_period, renew_at
from tests.builders import FIRST, MOSCOW, NOON, a_subscription
from tests.domain import tables

OPEN, LATE = InvoiceId(uuid4()), InvoiceId(uuid4())
DAY = timedelta(days=1)
IN_THE_PERIOD, LAST_DAY = NOON + DAY, FIRST.end - timedelta(hours=3)
PAUSED = Period(FIRST.start, FIRST.end + 7 * DAY)

STATES: dict[str, model.State] = {
    "created": model.Created(NOON),
    "active": model.Active(FIRST),
    "past_due": model.PastDue(FIRST, 1, FIRST.end + DAY),
    "paused": model.Paused(PAUSED, NOON, NOON + 7 * DAY),
    "canceled": model.Canceled(NOON, "asked for"),
    "given_up": model.Canceled(NOON, "never paid for", reopens=True),
    "expired": model.Expired(NOON),
    "refused": model.Refused(NOON, "rejected"),
}

# `stop` and `resume` speak of the renewal, `pause` and `unpause` of access.
BY_PEOPLE = """
          trial   pay     stop      stop_late  resume  pause   unpause  cancel
created   active  open    canceled  canceled   !       !       !        canceled
active    !       open    stopping  canceled   .       paused  !        canceled
past_due  !       open    stopping  canceled   .       !       !        canceled
paused    !       !       stopping  stopping   .       !       active   canceled
canceled  !       !       .         .          !       !       !        .
given_up  !       !       .         .          !       !       !        .
expired   !       !       .         .          !       !       !        .
refused   !       !       .         .          !       !       !        .
"""
# On the last day of the period: by then the renewal is being charged. `late` answers are those
# to a charge that is not open any more.
BY_THE_GATEWAY = """
          paid         declined  declined_late  abandoned  abandoned_late
created   active       freed     .              freed      .
active    active       past_due  .              freed      .
past_due  active       past_due  .              freed      .
paused    paused       freed     .              freed      .
canceled  turned_away  freed     .              freed      .
given_up  active       freed     .              freed      .
expired   active       freed     .              freed      .
refused   turned_away  freed     .              freed      .
"""
BY_THE_CLOCK = """
          in_time  after_the_period  after_grace  after_grace_stopping  invoice_expires
created   .        .                 .            .                     given_up
active    .        .                 expired      canceled              !
past_due  .        .                 expired      canceled              !
paused    .        active            active       active                !
canceled  .        .                 .            .                     !
given_up  .        .                 .            .                     !
expired   .        .                 .            .                     !
refused   .        .                 .            .                     !
"""
MOVES = tables.moves(BY_PEOPLE, BY_THE_GATEWAY, BY_THE_CLOCK)


def _paid(subscription: Subscription) -> Any:
    moved, _, said = lifecycle.grant(subscription, OPEN, method_id=None, now=LAST_DAY, zone=MOSCOW)
    return moved, said


def _declined(subscription: Subscription, invoice: InvoiceId) -> Any:
    return lifecycle.charge_failed(
        subscription, invoice, "no", retryable=True, now=LAST_DAY, zone=MOSCOW
    )


def _stopping(subscription: Subscription) -> Subscription:
    return replace(subscription, renewal=Renewal.STOPPING)


AFTER_GRACE = FIRST.end + timedelta(hours=72)
VERBS: dict[str, Callable[[Subscription], Any]] = {
    "trial": lambda s: lifecycle.start_trial(s, 14, now=IN_THE_PERIOD),
    "pay": lambda s: lifecycle.open_charge(s, OPEN, now=IN_THE_PERIOD),
    "stop": lambda s: lifecycle.stop_renewal(s, now=IN_THE_PERIOD),
    "stop_late": lambda s: lifecycle.stop_renewal(s, now=FIRST.end),
    "resume": lambda s: lifecycle.resume_renewal(s, now=IN_THE_PERIOD),
    "pause": lambda s: pauses.pause(s, 7, now=IN_THE_PERIOD),
    "unpause": lambda s: pauses.resume(s, now=IN_THE_PERIOD),
    "cancel": lambda s: lifecycle.cancel(s, "asked for", now=IN_THE_PERIOD),
    "paid": _paid,
    "declined": lambda s: _declined(s, OPEN),
    "declined_late": lambda s: _declined(s, LATE),
    "abandoned": lambda s: lifecycle.release_charge(s, OPEN),
    "abandoned_late": lambda s: lifecycle.release_charge(s, LATE),
    "in_time": lambda s: lifecycle.lapse(s, now=IN_THE_PERIOD),
    "after_the_period": lambda s: lifecycle.lapse(s, now=FIRST.end),
    "after_grace": lambda s: lifecycle.lapse(s, now=AFTER_GRACE),
    "after_grace_stopping": lambda s: lifecycle.lapse(_stopping(s), now=AFTER_GRACE),
    "invoice_expires": lambda s: lifecycle.give_up(s, now=IN_THE_PERIOD),
}
TOLD = {
    "created": {"trial": "trial_started", "paid": "activated"},
    "given_up": {"paid": "activated"},
    "expired": {"paid": "reactivated"},
}
TOLD_OF = {
    "canceled": "canceled",
    "given_up": "canceled",
    "stopping": "renewal_stopped",
    "past_due": "renewal_failed",
    "turned_away": "paid_after_cancel",
    "expired": "expired",
}


def _name(subscription: Subscription) -> str:
    match subscription.state:
        case model.Canceled(reopens=True):
            return "given_up"
        case state:
            return status_of(state)


@pytest.mark.parametrize(("status", "verb", "follows"), MOVES, ids=tables.names(MOVES))
def test_a_move_is_in_the_table(status: str, verb: str, follows: str) -> None:
    answers = verb in BY_THE_GATEWAY.split()
    charge = OpenCharge(OPEN, LAST_DAY) if answers else None
    subscription = a_subscription(state=STATES[status], charge=charge)

    if follows == tables.REFUSED:
        with pytest.raises(IllegalSubscriptionMove) as refused:
            VERBS[verb](subscription)
        assert refused.value.subscription_id == subscription.id
        return
    result = VERBS[verb](subscription)
    moved, said = result if isinstance(result, tuple) else (result, [])

    if follows == tables.UNCHANGED:
        assert replace(moved, renewal=subscription.renewal) == subscription
        assert said == []
        return
    assert moved.version == subscription.version + 1
    told = [event.name.removeprefix("subscription.") for event in said]
    match follows:
        case "open":
            assert (moved.charge, told) == (OpenCharge(OPEN, IN_THE_PERIOD), [])
        case "freed":
            assert (moved.charge, moved.state, told) == (None, subscription.state, [])
        case "stopping":
            assert (moved.renewal, moved.state) == (Renewal.STOPPING, subscription.state)
        case "turned_away":
            assert (moved.charge, moved.state) == (None, subscription.state)
        case _:
            assert _name(moved) == follows
    if follows not in ("open", "freed"):
        usual = "resumed" if status == "paused" and follows == "active" else "renewed"
        usual = "paused" if verb == "pause" else usual
        assert told == [TOLD.get(status, {}).get(verb) or TOLD_OF.get(follows, usual)]
    assert all(event.aggregate_id == subscription.id for event in said)


def test_the_table_speaks_of_every_state_and_verb() -> None:
    assert {status for status, _, _ in MOVES} == set(STATES)
    assert {verb for _, verb, _ in MOVES} == set(VERBS)
    assert {type(state) for state in STATES.values()} == set(get_args(model.State))


@pytest.mark.parametrize("status", ["canceled", "given_up", "expired", "refused", "created"])
def test_what_is_not_running_is_neither_watched_nor_charged_nor_waited_for(status: str) -> None:
    subscription = a_subscription(state=STATES[status])
    assert access_until(subscription) is None
    assert not has_access(subscription, NOON)
    assert renew_at(subscription) is None
    assert expires_at(subscription) is None
    assert (next_period(subscription, MOSCOW) is None) == (status != "created")
    assert subscription.is_live == (status == "created")


@pytest.mark.parametrize("days", [-1, 0, 31])
def test_a_pause_lasts_from_one_to_thirty_days(days: int) -> None:
    with pytest.raises(InvalidValue):
        pauses.pause(a_subscription(state=STATES["active"]), days, now=IN_THE_PERIOD)


def test_a_pause_waits_for_an_open_charge() -> None:
    charged = a_subscription(state=STATES["active"], charge=OpenCharge(OPEN, NOON))
    with pytest.raises(IllegalSubscriptionMove):
        pauses.pause(charged, 7, now=IN_THE_PERIOD)


@pytest.mark.parametrize("status", ["created", "active", "past_due"])
def test_a_second_charge_is_refused_while_one_is_open(status: str) -> None:
    charged = a_subscription(state=STATES[status], charge=OpenCharge(OPEN, NOON))
    with pytest.raises(IllegalSubscriptionMove):
        lifecycle.open_charge(charged, LATE, now=NOON)


@pytest.mark.parametrize("status", ["active", "past_due", "paused"])
def test_renewal_is_not_resumed_without_anything_to_charge(status: str) -> None:
    stopped = _stopping(a_subscription(state=STATES[status]))
    without = replace(stopped, terms=replace(stopped.terms, method_id=None))
    with pytest.raises(InvalidValue):
        lifecycle.resume_renewal(without, now=IN_THE_PERIOD)
    resumed, (told,) = lifecycle.resume_renewal(stopped, now=IN_THE_PERIOD)
    assert (resumed.renewal, told.name) == (Renewal.AUTOMATIC, "subscription.renewal_resumed")


@pytest.mark.parametrize("status", ["active", "past_due", "paused"])
def test_a_stop_said_twice_is_told_once(status: str) -> None:
    stopped, _ = lifecycle.stop_renewal(a_subscription(state=STATES[status]), now=IN_THE_PERIOD)
    assert lifecycle.stop_renewal(stopped, now=IN_THE_PERIOD) == (stopped, [])


@pytest.mark.parametrize("status", ["created", "active", "past_due", "paused", "expired"])
def test_a_payment_may_bring_another_card_and_keeps_the_old_one_otherwise(status: str) -> None:
    subscription = a_subscription(state=STATES[status])
    new = MethodId(UUID(int=9))
    for brought, kept in ((new, new), (None, subscription.terms.method_id)):
        moved, _, _ = lifecycle.grant(
            subscription, OPEN, method_id=brought, now=LAST_DAY, zone=MOSCOW
        )
        assert moved.terms.method_id == kept
