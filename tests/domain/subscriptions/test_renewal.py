"""When a subscription is charged, tried again and ended; days are those of the billing zone."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from domain.shared.calendar import Interval, Period, Unit, business_day
from domain.shared.errors import InvalidValue
from domain.shared.ids import InvoiceId
from domain.shared.money import Money
from domain.subscriptions import lifecycle, pauses
from domain.subscriptions.model import (
    Active,
    Canceled,
    Created,
    Expired,
    OpenCharge,
    PastDue,
    Paused,
    Renewal,
    Subscription,
    has_access,
)
from domain.subscriptions.renewal import (
    Blocked,
    Due,
    NotDue,
    due,
    expires_at,
    next_period,
    renew_at,
    retry_at,
)
from tests.builders import FIRST, MOSCOW, NOON, a_subscription, an_active_subscription

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")


def at(*parts: int, zone: ZoneInfo = MOSCOW) -> datetime:
    return datetime(*parts, tzinfo=zone).astimezone(UTC)  # type: ignore[arg-type, misc]


def is_due(subscription: Subscription, now: datetime, zone: ZoneInfo = MOSCOW) -> bool:
    return isinstance(due(subscription, now=now, zone=zone), Due)


def charged(subscription: Subscription, now: datetime) -> tuple[Subscription, InvoiceId]:
    invoice = InvoiceId(uuid4())
    return lifecycle.open_charge(subscription, invoice, now=now)[0], invoice


def paid(
    subscription: Subscription, now: datetime, *, asked_at: datetime | None = None
) -> tuple[Subscription, Period]:
    opened, invoice = charged(subscription, asked_at or now)
    moved, period, _ = lifecycle.grant(opened, invoice, method_id=None, now=now, zone=MOSCOW)
    assert period is not None
    return moved, period


def declined(
    subscription: Subscription,
    now: datetime,
    *,
    retryable: bool = True,
    not_before: datetime | None = None,
    zone: ZoneInfo = MOSCOW,
) -> Subscription:
    opened, invoice = charged(subscription, now)
    return lifecycle.charge_failed(
        opened, invoice, "no", retryable=retryable, not_before=not_before, now=now, zone=zone
    )[0]


# The period ends on February 28 at 15:00 in Moscow.
@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (at(2026, 2, 27, 23, 59), False),
        (at(2026, 2, 28, 0, 0), True),
        (at(2026, 2, 28, 0, 1), True),
        (at(2026, 2, 28, 23, 59), True),
        (at(2026, 3, 2, 0, 1), True),
    ],
)
def test_it_is_due_from_the_first_minute_of_the_local_day_on(now: datetime, expected: bool) -> None:
    assert is_due(an_active_subscription(), now) is expected


@pytest.mark.parametrize(
    ("zone", "end", "eve", "day"),
    [
        # The hour that is skipped, the hour that comes twice, and the last minute of the day.
        (BERLIN, at(2026, 3, 29, 3, 30, zone=BERLIN), (2026, 3, 28), (2026, 3, 29)),
        (BERLIN, at(2026, 10, 25, 2, 30, zone=BERLIN), (2026, 10, 24), (2026, 10, 25)),
        (NEW_YORK, at(2026, 3, 8, 3, 30, zone=NEW_YORK), (2026, 3, 7), (2026, 3, 8)),
        (NEW_YORK, at(2026, 11, 1, 23, 59, zone=NEW_YORK), (2026, 10, 31), (2026, 11, 1)),
    ],
)
def test_the_local_day_counts_when_clocks_change(
    zone: ZoneInfo, end: datetime, eve: tuple[int, ...], day: tuple[int, ...]
) -> None:
    subscription = an_active_subscription(Period(end - 28 * DAY, end))
    assert not is_due(subscription, at(*eve, 23, 59, zone=zone), zone)
    assert is_due(subscription, at(*day, 0, 1, zone=zone), zone)


def test_what_is_due_is_the_period_after_the_paid_one() -> None:
    answer = due(an_active_subscription(), now=FIRST.end, zone=MOSCOW)
    assert answer == Due(Period(FIRST.end, at(2026, 3, 31, 15)))


@pytest.mark.parametrize("renewal", [Renewal.MANUAL, Renewal.STOPPING])
@pytest.mark.parametrize("state", [Active(FIRST), PastDue(FIRST, 1, FIRST.end)])
def test_nobody_is_charged_who_did_not_ask_for_renewal(
    renewal: Renewal, state: Active | PastDue
) -> None:
    subscription = a_subscription(state=state, renewal=renewal)
    assert renew_at(subscription) is None
    assert due(subscription, now=FIRST.end, zone=MOSCOW) == NotDue()


def test_nobody_is_charged_while_a_charge_is_open() -> None:
    opened, _ = charged(an_active_subscription(), FIRST.end)
    assert due(opened, now=FIRST.end + DAY, zone=MOSCOW) == NotDue()


def test_without_a_card_it_is_blocked_unless_it_costs_nothing() -> None:
    subscription = an_active_subscription()
    without = replace(subscription, terms=replace(subscription.terms, method_id=None))
    free = replace(without, money=Money.of(0, "RUB"))
    assert due(without, now=FIRST.end, zone=MOSCOW) == Blocked("no saved payment method")
    assert is_due(free, FIRST.end)


def test_a_declined_renewal_is_tried_on_four_days_and_no_more() -> None:
    subscription, tried = an_active_subscription(), []
    now = at(2026, 2, 27, 3)
    for _ in range(24 * 12):
        now += HOUR
        if is_due(subscription, now):
            tried.append(business_day(now, MOSCOW))
            subscription = declined(subscription, now)
    days = [date(2026, 2, 28), *(date(2026, 3, day) for day in (1, 2, 3))]
    assert tried == days
    assert isinstance(subscription.state, PastDue)
    assert (subscription.state.failures, subscription.state.retry_at) == (4, None)


def test_missed_days_are_not_made_up_for_by_tries_in_a_row() -> None:
    late = FIRST.end + 2 * DAY
    subscription = declined(an_active_subscription(), late)
    assert not is_due(subscription, late)
    assert is_due(subscription, late + DAY)
    last = declined(subscription, late + DAY)
    assert renew_at(last) is None, "the next day would come after grace"


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (at(2026, 3, 3, 0, 1), Due),
        # Grace ends on March 3 at 15:00; that day's run may come at any hour.
        (at(2026, 3, 3, 23, 59), Due),
        (at(2026, 3, 4, 0, 1), Blocked),
        (at(2026, 4, 1), Blocked),
    ],
)
def test_a_decline_is_not_tried_again_after_the_day_grace_ends(
    now: datetime, expected: type
) -> None:
    waiting = a_subscription(state=PastDue(FIRST, 3, FIRST.end + 3 * DAY))
    assert type(due(waiting, now=now, zone=MOSCOW)) is expected


def test_a_hard_decline_is_the_last_try() -> None:
    assert renew_at(declined(an_active_subscription(), FIRST.end, retryable=False)) is None


@pytest.mark.parametrize(
    ("not_before", "expected"),
    [
        (FIRST.end, FIRST.end + DAY),
        (FIRST.end + 2 * DAY, FIRST.end + 2 * DAY),
        (FIRST.end + 3 * DAY, FIRST.end + 3 * DAY),
        (FIRST.end + 3 * DAY + timedelta(seconds=1), None),
    ],
)
def test_the_card_schemes_caps_put_a_try_off_and_never_past_grace(
    not_before: datetime, expected: datetime | None
) -> None:
    waiting = declined(an_active_subscription(), FIRST.end, not_before=not_before)
    assert renew_at(waiting) == expected


@pytest.mark.parametrize("zone", [MOSCOW, BERLIN, NEW_YORK])
@pytest.mark.parametrize("month", [3, 10, 11])
def test_a_try_is_never_on_a_day_that_had_one_whatever_the_clocks_do(
    zone: ZoneInfo, month: int
) -> None:
    for day in range(1, 30):
        for hour in (0, 2, 23):
            end = at(2026, month, day, hour, 30, zone=zone)
            subscription = an_active_subscription(Period(end - 28 * DAY, end))
            again = retry_at(subscription, 1, now=end, zone=zone)
            assert again is not None
            assert business_day(again, zone) > business_day(end, zone)


def test_only_what_runs_has_another_try() -> None:
    assert retry_at(a_subscription(), 1, now=NOON, zone=MOSCOW) is None


def test_a_decline_of_money_that_is_not_due_makes_nobody_past_due() -> None:
    """Somebody pays the next month ahead, and the bank says no."""
    subscription = declined(an_active_subscription(), NOON + 5 * DAY)
    assert subscription.state == Active(FIRST)
    assert renew_at(subscription) == FIRST.end


def test_a_decline_that_comes_after_the_period_was_paid_changes_nothing() -> None:
    """A late success paid the period; then the second try of it is declined."""
    opened, invoice = charged(an_active_subscription(), FIRST.end)
    renewed, _, _ = lifecycle.grant(opened, invoice, method_id=None, now=FIRST.end, zone=MOSCOW)
    assert lifecycle.charge_failed(
        renewed, invoice, "no", retryable=True, now=FIRST.end + HOUR, zone=MOSCOW
    ) == (renewed, [])


@pytest.mark.parametrize("hours_before_the_end", [0, 3, 12])
def test_a_renewal_in_the_morning_takes_no_access_away(hours_before_the_end: int) -> None:
    """The due day's run comes before the hour at which the paid period ends."""
    morning = FIRST.end - hours_before_the_end * HOUR
    subscription, period = paid(an_active_subscription(), morning)
    assert period.start == FIRST.end
    now = morning
    while now < period.end:
        assert has_access(subscription, now)
        now += 7 * HOUR


def test_paying_years_ahead_takes_no_access_away() -> None:
    subscription = an_active_subscription()
    for _ in range(3):
        subscription, period = paid(subscription, NOON + DAY)
    assert all(has_access(subscription, NOON + days * DAY) for days in range(1, 110))
    assert not has_access(subscription, NOON - timedelta(seconds=1))
    assert period.end == at(2026, 5, 31, 15)


def test_what_begins_later_is_not_watched_before() -> None:
    subscription, period = paid(a_subscription(state=Created(NOON + 20 * DAY)), NOON)
    assert period.start == NOON + 20 * DAY
    assert not has_access(subscription, NOON + 19 * DAY)
    assert has_access(subscription, period.start)


@pytest.mark.parametrize(
    ("asked_at", "now", "begins"),
    [
        (FIRST.end, FIRST.end, FIRST.end),
        (FIRST.end + 3 * DAY, FIRST.end + 3 * DAY, FIRST.end),
        # Asked for within grace, answered after it: it pays for the days that were watched.
        (FIRST.end + 3 * DAY, FIRST.end + 3 * DAY + 20 * HOUR, FIRST.end),
        (FIRST.end + 3 * DAY + HOUR, FIRST.end + 3 * DAY + HOUR, FIRST.end + 3 * DAY + HOUR),
        (FIRST.end + 40 * DAY, FIRST.end + 40 * DAY, FIRST.end + 40 * DAY),
    ],
)
def test_within_grace_nobody_gains_or_loses_days_and_later_nobody_pays_for_the_past(
    asked_at: datetime, now: datetime, begins: datetime
) -> None:
    subscription, period = paid(an_active_subscription(), now, asked_at=asked_at)
    assert period.start == begins
    assert not is_due(subscription, now), "charged again the same day"


def test_missed_days_of_a_daily_plan_are_paid_once_not_one_by_one() -> None:
    daily = an_active_subscription(Period(NOON, NOON + DAY), interval=Interval(1, Unit.DAY))
    now = NOON + 3 * DAY
    subscription, period = paid(daily, now)
    assert period == Period(now, now + DAY)
    assert not is_due(subscription, now)
    assert is_due(subscription, now + DAY)


@pytest.mark.parametrize("state", [Expired(FIRST.end + 3 * DAY), Canceled(NOON, "", reopens=True)])
def test_late_money_begins_a_new_life_on_the_day_it_came(state: Expired | Canceled) -> None:
    late = at(2026, 5, 16, 9)
    subscription, period, _ = lifecycle.grant(
        a_subscription(state=state), InvoiceId(uuid4()), method_id=None, now=late, zone=MOSCOW
    )
    assert period == Period(late, at(2026, 6, 16, 9))
    assert subscription.anchor_day == 16
    assert next_period(subscription, MOSCOW) == Period(at(2026, 6, 16, 9), at(2026, 7, 16, 9))


def test_the_anchor_outlives_short_months() -> None:
    subscription, ends = an_active_subscription(), []
    for _ in range(5):
        end = expires_at(subscription)
        assert end is not None
        subscription, period = paid(subscription, end - 3 * DAY)
        ends.append(business_day(period.end, MOSCOW).day)
    assert ends == [31, 30, 31, 30, 31]


def test_the_anchor_is_the_day_the_first_period_begins_not_the_day_of_the_choice() -> None:
    """Chosen on January 31, paid on February 28."""
    subscription, period = paid(a_subscription(anchor_day=31), FIRST.end)
    assert period == Period(FIRST.end, at(2026, 3, 28, 15))
    assert subscription.anchor_day == 28


def test_a_month_after_a_trial_is_a_month() -> None:
    trial, _ = lifecycle.start_trial(a_subscription(), 14, now=NOON)
    subscription, period = paid(trial, NOON + 14 * DAY)
    assert period == Period(at(2026, 2, 14, 15), at(2026, 3, 14, 15))
    assert subscription.anchor_day == 14


@pytest.mark.parametrize("days", [0, -1])
def test_a_trial_of_no_days_is_refused(days: int) -> None:
    with pytest.raises(InvalidValue):
        lifecycle.start_trial(a_subscription(), days, now=NOON)


def test_a_month_after_a_pause_is_a_month() -> None:
    paused, _ = pauses.pause(an_active_subscription(), 7, now=NOON + DAY)
    resumed, _ = lifecycle.lapse(paused, now=NOON + 8 * DAY)
    assert resumed.state == Active(Period(NOON, at(2026, 3, 7, 15)))
    _, period = paid(resumed, at(2026, 3, 7, 15))
    assert period == Period(at(2026, 3, 7, 15), at(2026, 4, 7, 15))


@pytest.mark.parametrize("used", [0, 2, 7, 9])
def test_a_pause_costs_only_the_days_it_lasted(used: int) -> None:
    paused, _ = pauses.pause(an_active_subscription(), 7, now=NOON + DAY)
    assert not has_access(paused, NOON + 2 * DAY)
    resumed, _ = pauses.resume(paused, now=NOON + (1 + used) * DAY)
    assert resumed.state == Active(Period(NOON, FIRST.end + min(used, 7) * DAY))


def test_a_clock_that_went_back_takes_no_days_away() -> None:
    paused, _ = pauses.pause(an_active_subscription(), 7, now=NOON + 3 * DAY)
    resumed, _ = pauses.resume(paused, now=NOON + 2 * DAY)
    assert resumed.state == Active(FIRST)


@pytest.mark.parametrize("used", [0, 1, 29, 30, 40])
def test_what_is_paid_in_a_pause_overlaps_nothing_however_the_pause_ends(used: int) -> None:
    paused, _ = pauses.pause(an_active_subscription(), 30, now=NOON + DAY)
    assert next_period(paused, MOSCOW) == Period(FIRST.end, at(2026, 3, 31, 15))
    going_on, period, _ = lifecycle.grant(
        paused, InvoiceId(uuid4()), method_id=None, now=NOON + 2 * DAY, zone=MOSCOW
    )
    assert isinstance(going_on.state, Paused)
    assert period == Period(FIRST.end, at(2026, 3, 31, 15))

    resumed, _ = pauses.resume(going_on, now=NOON + (1 + used) * DAY)
    following = next_period(resumed, MOSCOW)
    assert following is not None
    assert following.start == period.end + min(used, 30) * DAY


@pytest.mark.parametrize(
    ("renewal", "hours", "expected"),
    [
        (Renewal.AUTOMATIC, 71, True),
        (Renewal.AUTOMATIC, 72, False),
        (Renewal.STOPPING, -1, True),
        (Renewal.STOPPING, 0, False),
        (Renewal.MANUAL, -1, True),
        (Renewal.MANUAL, 0, False),
    ],
)
@pytest.mark.parametrize("state", [Active(FIRST), PastDue(FIRST, 1, None)])
def test_grace_is_for_those_who_renew(
    state: Active | PastDue, renewal: Renewal, hours: int, expected: bool
) -> None:
    subscription = a_subscription(state=state, renewal=renewal)
    assert has_access(subscription, FIRST.end + hours * HOUR) is expected
    assert not has_access(subscription, FIRST.start - timedelta(seconds=1))


@pytest.mark.parametrize(("hours", "becomes"), [(23, Active), (24, Expired)])
def test_an_open_charge_holds_expiry_back_for_a_day(hours: int, becomes: type) -> None:
    over = FIRST.end + 10 * DAY
    opened = an_active_subscription(charge=OpenCharge(InvoiceId(uuid4()), over - hours * HOUR))
    moved, _ = lifecycle.lapse(opened, now=over)
    assert type(moved.state) is becomes


def test_a_stop_while_the_renewal_is_charged_waits_for_the_answer() -> None:
    now = FIRST.end + HOUR
    opened, invoice = charged(an_active_subscription(), now)
    stopped, (told,) = lifecycle.stop_renewal(opened, now=now)
    assert told.name == "subscription.renewal_stopped"
    refused, said = lifecycle.charge_failed(
        stopped, invoice, "no", retryable=True, now=now, zone=MOSCOW
    )
    assert (refused.state, said) == (Active(FIRST), []), "no dunning for who has left"
    ended, (canceled,) = lifecycle.lapse(refused, now=now)
    assert isinstance(ended.state, Canceled)
    assert canceled.name == "subscription.canceled"
    going_on, period, _ = lifecycle.grant(stopped, invoice, method_id=None, now=now, zone=MOSCOW)
    assert period is not None
    assert renew_at(going_on) is None
