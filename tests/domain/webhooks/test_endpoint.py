"""An endpoint hears what it asks for, and is off after days of failures or one 410."""

from datetime import UTC, datetime, timedelta
from itertools import accumulate
from uuid import UUID

import pytest

from domain.shared.errors import InvalidValue
from domain.webhooks import endpoint as moves
from domain.webhooks.endpoint import FAILS_AT_MOST, Disabled, Enabled, Endpoint, Off
from domain.webhooks.events import EndpointDisabled
from domain.webhooks.tries import MOST_TRIES, wait_after

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def made(*events: str, url: str = "https://example.com/hooks") -> Endpoint:
    return Endpoint(id=UUID(int=1), url=url, events=events, description="", state=Enabled())


@pytest.mark.parametrize(
    ("asked", "name", "wanted"),
    [
        ("*", "anything.at_all", True),
        ("payment.*", "payment.succeeded", True),
        ("payment.*", "payments.succeeded", False),
        ("payment.*", "payment", False),
        ("payment.succeeded", "payment.succeeded", True),
        ("payment.succeeded", "payment.succeeded_twice", False),
        ("TaskPriced", "TaskPriced", True),
        ("webhooks.endpoint.*", "webhooks.endpoint_disabled", False),
    ],
)
def test_it_hears_what_it_asks_for(asked: str, name: str, wanted: bool) -> None:
    assert made(asked).wants(name) is wanted
    assert made("nothing.else", asked).wants(name) is wanted


@pytest.mark.parametrize(
    "asked", ["", "**", "*.paid", "pay*", "payment.", ".paid", "a b", "a\n", "a.*.b"]
)
def test_filters_that_are_none_are_refused(asked: str) -> None:
    with pytest.raises(InvalidValue):
        made(asked)


@pytest.mark.parametrize("url", ["https://example.com/\n", "https://пример.рф/", "x" * 2001])
def test_addresses_that_are_none_are_refused(url: str) -> None:
    with pytest.raises(InvalidValue):
        made("*", url=url)


def test_it_asks_for_something_and_not_for_too_much() -> None:
    with pytest.raises(InvalidValue):
        made()
    with pytest.raises(InvalidValue):
        made(*(f"a{number}" for number in range(101)))


def test_three_days_without_a_good_answer_switch_it_off_once() -> None:
    one, told = moves.failed(made("*"), NOW)
    assert (one.state, told) == (Enabled(failing_since=NOW), [])
    one, told = moves.failed(one, NOW + FAILS_AT_MOST - timedelta(seconds=1))
    assert (one.state, told) == (Enabled(failing_since=NOW), [])
    over = NOW + FAILS_AT_MOST
    one, told = moves.failed(one, over)
    assert one.state == Disabled(over, Off.FAILING)
    assert told == [EndpointDisabled(endpoint_id=one.id, why="failing", failing_since=NOW)]
    assert moves.failed(one, over) == (one, [])
    assert moves.gone(one, over) == (one, [])
    assert moves.answered(one) == one


def test_a_good_answer_begins_the_three_days_anew() -> None:
    one, _ = moves.failed(made("*"), NOW)
    one = moves.answered(one)
    assert one.state == Enabled()
    later = NOW + 2 * FAILS_AT_MOST
    one, told = moves.failed(one, later)
    assert (one.state, told) == (Enabled(failing_since=later), [])


def test_gone_is_off_at_once_and_a_person_switches_it_on_again() -> None:
    one, [told] = moves.gone(made("*"), NOW)
    assert one.state == Disabled(NOW, Off.GONE)
    assert isinstance(told, EndpointDisabled)
    assert moves.switched(one, NOW, on=False) == one
    one = moves.switched(one, NOW, on=True)
    assert one.state == Enabled()
    assert moves.switched(one, NOW, on=False).state == Disabled(NOW, Off.BY_HAND)


@pytest.mark.parametrize("fraction", [0.0, 0.5, 0.999])
def test_the_tries_grow_apart_and_span_more_than_three_days(fraction: float) -> None:
    waits = [wait_after(tries, fraction) for tries in range(1, MOST_TRIES)]
    known = [wait for wait in waits if wait is not None]
    assert len(known) == len(waits) == 9
    assert known == sorted(known)
    assert known[0] < timedelta(seconds=6)
    assert FAILS_AT_MOST < list(accumulate(known, initial=timedelta()))[-1] < timedelta(days=3.5)
    assert wait_after(MOST_TRIES, fraction) is None
