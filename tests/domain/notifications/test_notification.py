"""A notification is tried for a day, sent once as far as is known, and given up in plain sight."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.notifications import notification as telling
from domain.notifications.events import NotificationFailed, NotificationSent, WhyFailed
from domain.notifications.notice import PayoutNotice
from domain.notifications.notification import (
    Failed,
    NotGivenUp,
    Notification,
    Sent,
    UnderWay,
    Waiting,
    next_try,
)
from domain.shared.errors import InvalidValue
from domain.shared.money import Money

NOW = datetime(2026, 3, 3, 0, 5, tzinfo=UTC)
LATER = WhyFailed.NOT_ACCEPTED


def notice(amount: int = 3500) -> PayoutNotice:
    return PayoutNotice(
        payout_id=UUID(int=1),
        person_id=UUID(int=2),
        amount=Money.of(amount, "USD"),
        run_date=date(2026, 3, 2),
        opening_carry=Money.of(-1200, "USD"),
        period_net=Money.of(4700, "USD"),
    )


def tried() -> Notification:
    return telling.begun(Notification(notice=notice(), created_at=NOW), NOW)


def test_it_waits_longer_each_time_up_to_six_hours_and_a_day_in_all() -> None:
    one, now, waits = tried(), NOW, []
    while True:
        one, _ = telling.put_off(one, "not now", LATER, now)
        if not isinstance(one.state, Waiting):
            break
        waits.append((one.state.due_at - now) // timedelta(minutes=1))
        now = one.state.due_at
        one = telling.begun(replace(one, state=UnderWay()), now)

    assert waits[:9] == [1, 2, 4, 8, 16, 32, 64, 128, 256]
    assert waits[9:11] == [360, 360]
    assert sum(waits) == 24 * 60
    assert one.state == Failed(NOW + timedelta(days=1), LATER)
    assert one.attempts == len(waits) + 1


@given(attempts=st.integers(1, 10_000), minutes=st.integers(0, 3_000))
def test_the_next_try_is_after_now_and_within_the_day_or_there_is_none(
    attempts: int, minutes: int
) -> None:
    now = NOW + timedelta(minutes=minutes)
    due = next_try(attempts, NOW, now)
    assert (due is None) == (minutes >= 24 * 60)
    assert due is None or now < due <= NOW + timedelta(days=1)


def test_what_was_sent_stays_sent_whatever_is_said_later() -> None:
    one, told = telling.sent(tried(), "<1@x>", NOW)
    assert [type(event) for event in told] == [NotificationSent]
    for again, events in (
        telling.sent(one, "<1@x>", NOW + timedelta(hours=1)),
        telling.put_off(one, "not now", LATER, NOW),
        telling.refused(one, "never", NOW),
    ):
        assert (again, events) == (one, [])


def test_what_was_thought_failed_and_was_sent_is_sent() -> None:
    failed, told = telling.refused(tried(), "never", NOW)
    assert [type(event) for event in told] == [NotificationFailed]
    one, told = telling.sent(failed, "<1@x>", NOW)
    assert isinstance(one.state, Sent)
    assert one.last_error is None
    assert [type(event) for event in told] == [NotificationSent]


def test_only_what_failed_is_sent_again_and_has_a_whole_day_then() -> None:
    failed, _ = telling.refused(tried(), "never", NOW)
    again, _ = telling.sent_again(failed)
    assert (again.state, again.attempts, again.first_try_at) == (UnderWay(), 0, None)
    for other in (tried(), telling.sent(tried(), "<1@x>", NOW)[0]):
        with pytest.raises(NotGivenUp):
            telling.sent_again(other)


def test_a_shelved_one_has_not_begun_its_day() -> None:
    one = telling.shelved(Notification(notice=notice(), created_at=NOW), NOW)
    assert (one.state, one.attempts, one.first_try_at) == (Waiting(NOW), 0, None)


@pytest.mark.parametrize("amount", [0, -1])
def test_nobody_is_told_of_nothing(amount: int) -> None:
    with pytest.raises(InvalidValue):
        notice(amount)


def test_a_notice_is_in_one_currency() -> None:
    with pytest.raises(InvalidValue):
        replace(notice(), period_net=Money.of(1, "RUB"))
