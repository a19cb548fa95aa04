"""What managers do by hand: no paid time is lost or made, and what cannot be is refused."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.shared.calendar import Interval, Period, Unit
from domain.shared.errors import DomainError, InvalidValue
from domain.shared.ids import InvoiceId, PlanId, PriceId
from domain.shared.money import Money
from domain.subscriptions import by_hand, lifecycle, pauses, plan_changes
from domain.subscriptions.agreement import AtOnce, PlanChange
from domain.subscriptions.by_hand import PaidTimeLost
from domain.subscriptions.granted import Cut, Granted, PaidAhead
from domain.subscriptions.model import (
    Active,
    Canceled,
    Expired,
    OpenCharge,
    PastDue,
    Paused,
    Renewal,
    Subscription,
    awake,
    has_access,
)
from domain.subscriptions.moves import IllegalSubscriptionMove
from tests.builders import FIRST, MOSCOW, NOON, PRICE, a_subscription, an_active_subscription

DAY = timedelta(days=1)
OPEN = OpenCharge(InvoiceId(uuid4()), NOON)


def granted(period: Period = FIRST, worth: Money = PRICE) -> Granted:
    return Granted(period=period, kind="initial", invoice_id=InvoiceId(uuid4()), worth=worth)


def another(amount_minor: int = 99900, **changed: Any) -> PlanChange:
    made = PlanChange(
        plan_id=PlanId(uuid4()),
        price_id=PriceId(uuid4()),
        money=Money.of(amount_minor, "RUB"),
        interval=Interval(1, Unit.MONTH),
        retry_days=(0,),
        grace_seconds=0,
        is_recurring=True,
    )
    return replace(made, **changed)


@given(
    st.lists(
        st.tuples(st.integers(0, 400_000), st.integers(1, 30), st.integers(0, 3_000_000)),
        max_size=8,
    )
)
def test_pausing_and_resuming_at_any_instants_keeps_every_second_that_is_paid(
    told: list[tuple[int, int, int]],
) -> None:
    """Each turn: watch for a while, pause for days, resume after seconds, early or by the clock."""
    subscription = an_active_subscription(renewal=Renewal.MANUAL)
    now, watched = NOON, timedelta()
    whole = FIRST.end - FIRST.start
    for watching, days, asleep in told:
        end = subscription.state.period.end  # type: ignore[union-attr]
        if now + timedelta(seconds=watching) >= end:
            break
        watched += timedelta(seconds=watching)
        now += timedelta(seconds=watching)
        subscription, _ = pauses.pause(subscription, days, now=now)
        until = now + days * DAY
        assert not has_access(subscription, now)
        now += timedelta(seconds=asleep)
        # A pause that is over gives access again before anybody has noted its end.
        over = max(now - until, timedelta())
        if over and watched + over >= whole:
            assert not has_access(subscription, now)
            break
        assert has_access(subscription, now) == (now >= until)
        watched += over
        subscription, _ = pauses.resume(subscription, now=now)
        left = subscription.state.period.end - now  # type: ignore[union-attr]
        assert watched + left == whole
        assert has_access(subscription, now)


def test_a_pause_that_is_over_reads_as_active() -> None:
    paused, _ = pauses.pause(an_active_subscription(), 7, now=NOON + DAY)
    assert isinstance(awake(paused, NOON + 8 * DAY - timedelta(seconds=1)).state, Paused)
    resumed, _ = lifecycle.lapse(paused, now=NOON + 9 * DAY)
    assert awake(paused, NOON + 8 * DAY).state == resumed.state


def end_at(subscription: Subscription, days: float, **more: Any) -> Any:
    return by_hand.move_end(
        subscription, FIRST.end + days * DAY, [granted()], now=NOON + DAY, **more
    )


def test_an_end_moves_forward_by_a_free_period() -> None:
    moved, gift, said = end_at(an_active_subscription(), 10)
    assert gift == Period(FIRST.end, FIRST.end + 10 * DAY)
    assert moved.state == Active(Period(FIRST.start, gift.end))
    assert [event.name for event in said] == ["subscription.end_moved"]
    late = by_hand.move_end(
        a_subscription(state=PastDue(FIRST, 1, None)),
        FIRST.end + 3 * DAY,
        [granted()],
        now=FIRST.end + DAY,
    )
    assert late[0].state == Active(Period(FIRST.start, FIRST.end + 3 * DAY))


def test_paid_time_is_only_taken_when_that_is_said() -> None:
    with pytest.raises(PaidTimeLost):
        end_at(an_active_subscription(), -14)
    moved, cut, _ = end_at(an_active_subscription(), -14, gives_up_paid_time=True)
    assert moved.state == Active(Period(FIRST.start, FIRST.end - 14 * DAY))
    assert isinstance(cut, Cut)
    assert cut.credit == Money.of(24950, "RUB")
    free = granted(worth=Money.of(0, "RUB"))
    by_hand.move_end(an_active_subscription(), FIRST.end - DAY, [free], now=NOON + DAY)


NOT_NOW: dict[str, Subscription] = {
    "created": a_subscription(),
    "being charged": an_active_subscription(charge=OPEN),
    "canceled": a_subscription(state=Canceled(NOON, "why")),
    "expired": a_subscription(state=Expired(NOON)),
}
BY_HAND: dict[str, Callable[[Subscription], Any]] = {
    "pause": lambda s: pauses.pause(s, 7, now=NOON + DAY),
    "move the end": lambda s: end_at(s, 10),
    "agree on a plan": lambda s: plan_changes.agree(s, another()),
    "change the plan at once": lambda s: plan_changes.quote(
        s, another(), [granted()], now=NOON + DAY, zone=MOSCOW
    ),
}


@pytest.mark.parametrize("move", BY_HAND)
@pytest.mark.parametrize("state", NOT_NOW)
def test_what_is_not_running_or_is_being_charged_is_left_alone(state: str, move: str) -> None:
    with pytest.raises(IllegalSubscriptionMove):
        BY_HAND[move](NOT_NOW[state])
    BY_HAND[move](an_active_subscription())


def test_the_end_is_ahead_and_a_running_pause_is_ended_first() -> None:
    for days in (-28, -27, 4000):
        with pytest.raises(InvalidValue):
            end_at(an_active_subscription(), days)
    paused, _ = pauses.pause(an_active_subscription(), 7, now=NOON + timedelta(hours=1))
    with pytest.raises(IllegalSubscriptionMove):
        end_at(paused, 10)


def test_another_plan_follows_with_the_next_period() -> None:
    change = another()
    before = an_active_subscription()
    agreed, said = plan_changes.agree(before, change)
    assert agreed.money == before.money
    assert [event.name for event in said] == ["subscription.plan_change_agreed"]
    after, told = plan_changes.take_effect(agreed)
    assert (after.plan_id, after.price_id, after.money) == (
        change.plan_id,
        change.price_id,
        change.money,
    )
    assert after.change is None
    assert [event.name for event in told] == ["subscription.plan_changed"]
    kept, dropped = plan_changes.drop(agreed, "no")
    assert (kept.change, kept.plan_id) == (None, before.plan_id)
    assert [event.name for event in dropped] == ["subscription.plan_change_dropped"]


def test_an_agreement_that_cannot_be_kept_is_refused() -> None:
    for change in (another(money=Money.of(1, "USD")), another(is_recurring=False)):
        with pytest.raises(InvalidValue):
            plan_changes.agree(an_active_subscription(), change)
    same = an_active_subscription()
    with pytest.raises(IllegalSubscriptionMove):
        plan_changes.agree(same, another(price_id=same.price_id))
    with pytest.raises(IllegalSubscriptionMove):
        plan_changes.agree(an_active_subscription(renewal=Renewal.STOPPING), another())
    with pytest.raises(IllegalSubscriptionMove):
        plan_changes.agree(a_subscription(state=PastDue(FIRST, 1, None)), another())


def quoted(subscription: Subscription, amount_minor: int, *rows: Granted, days: float = 14) -> Any:
    return plan_changes.quote(
        subscription, another(amount_minor), rows, now=NOON + days * DAY, zone=MOSCOW
    )


def test_half_a_month_is_half_the_price_as_credit() -> None:
    prorated, period, cut = quoted(an_active_subscription(), 99900, granted())
    assert prorated.credit == Money.of(24950, "RUB")
    assert prorated.due == Money.of(74950, "RUB")
    assert (period.start, cut.trimmed.period.end) == (NOON + 14 * DAY, NOON + 14 * DAY)
    assert period.end == NOON + 14 * DAY + timedelta(days=28)

    prorated, period, _ = quoted(an_active_subscription(), 10000, granted())
    assert prorated.due.is_zero
    # 149.50 of 100.00 a month of 28 days: a month, and as much again.
    assert period.end == NOON + 14 * DAY + 28 * DAY + prorated.extra
    assert prorated.extra == timedelta(seconds=round(14950 * 28 * 86400 / 10000))


def test_a_pause_before_the_change_costs_no_credit() -> None:
    paused, _ = pauses.pause(an_active_subscription(), 10, now=NOON + 4 * DAY)
    resumed, _ = pauses.resume(paused, now=NOON + 14 * DAY)
    prorated, _, cut = quoted(resumed, 99900, granted(), days=24)
    assert prorated.credit == Money.of(24950, "RUB")
    assert cut.trimmed.length == 14 * DAY


def test_time_paid_ahead_is_used_up_first() -> None:
    ahead = Period(FIRST.end, FIRST.end + 31 * DAY)
    both = a_subscription(state=Active(ahead, FIRST.start))
    with pytest.raises(PaidAhead):
        quoted(both, 99900, granted(), granted(ahead))


def test_a_change_at_once_waits_for_its_money_and_fails_without_trace() -> None:
    invoice = InvoiceId(uuid4())
    before, change = an_active_subscription(), another()
    now = NOON + 14 * DAY
    at_once = AtOnce(now, Money.of(24950, "RUB"), invoice)
    waiting, _ = plan_changes.await_payment(before, change, at_once, now=now)
    assert plan_changes.waits_for(waiting, invoice)
    assert waiting.plan_id == before.plan_id
    assert plan_changes.upcoming(waiting) is waiting
    for move in BY_HAND.values():
        with pytest.raises(DomainError):
            move(waiting)
    with pytest.raises(IllegalSubscriptionMove):
        plan_changes.drop(waiting, "no")

    failed, said = plan_changes.fail(waiting, invoice, "declined")
    assert replace(failed, version=before.version) == before
    assert [event.name for event in said] == ["subscription.plan_change_dropped"]

    done = plan_changes.complete(waiting, [granted()], zone=MOSCOW)
    assert done is not None
    after, period, cut, _ = done
    assert (after.state, after.charge, after.change) == (Active(period), None, None)
    assert period.start == now == cut.trimmed.period.end  # type: ignore[union-attr]
    over, _ = lifecycle.cancel(waiting, "no", now=now)
    assert plan_changes.complete(over, [granted()], zone=MOSCOW) is None


def test_what_is_left_unused_is_told_whatever_state_it_is_in() -> None:
    running = an_active_subscription()
    assert by_hand.unused_worth(running, [granted()], NOON + 14 * DAY) == Money.of(24950, "RUB")
    paused, _ = pauses.pause(running, 10, now=NOON + 14 * DAY)
    for hours in (0, 100):
        at = NOON + 14 * DAY + timedelta(hours=hours)
        assert by_hand.unused_worth(paused, [granted()], at) == Money.of(24950, "RUB")
    assert by_hand.unused_worth(a_subscription(), [], NOON).is_zero
