"""The dearest task of any stretch is the dearest of its days, whatever is told twice or late."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.analytics.dearest import ClosedTask, dearer, dearest
from domain.analytics.periods import Length, around

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

# Few values, so that prices and instants tie often.
TASKS = st.builds(
    ClosedTask,
    price_minor=st.integers(1, 3),
    completed_at=st.integers(0, 2).map(lambda hours: NOON + timedelta(hours=hours)),
    task_id=st.integers(1, 4).map(lambda number: UUID(int=number)),
)
MAYBE = st.none() | TASKS


@given(MAYBE)
def test_a_task_told_twice_is_one(one: ClosedTask | None) -> None:
    assert dearer(one, one) == one


@given(MAYBE, MAYBE)
def test_order_does_not_matter(one: ClosedTask | None, other: ClosedTask | None) -> None:
    assert dearer(one, other) == dearer(other, one)


@given(MAYBE, MAYBE, MAYBE)
def test_grouping_does_not_matter(
    one: ClosedTask | None, two: ClosedTask | None, three: ClosedTask | None
) -> None:
    assert dearer(dearer(one, two), three) == dearer(one, dearer(two, three))


@given(st.lists(TASKS, min_size=1))
def test_it_has_the_highest_price_then_the_earliest_end_then_the_smallest_id(
    tasks: list[ClosedTask],
) -> None:
    found = dearest(tasks)
    price = max(one.price_minor for one in tasks)
    early = min(one.completed_at for one in tasks if one.price_minor == price)
    ids = [one.task_id for one in tasks if (one.price_minor, one.completed_at) == (price, early)]
    assert found == ClosedTask(price_minor=price, completed_at=early, task_id=min(ids))


@given(st.lists(st.lists(TASKS)))
def test_the_dearest_of_a_period_is_the_dearest_of_its_days(days: list[list[ClosedTask]]) -> None:
    by_day = [one for one in map(dearest, days) if one is not None]
    assert dearest(by_day) == dearest(task for tasks in days for task in tasks)


def test_the_example_of_three_days_of_march() -> None:
    prices = {date(2026, 3, 1): 23, date(2026, 3, 2): 38, date(2026, 3, 3): 28}
    tasks = {
        day: ClosedTask(price_minor=price, completed_at=NOON, task_id=UUID(int=price))
        for day, price in prices.items()
    }
    month = around(date(2026, 3, 3), Length.MONTH)
    found = dearest(task for day, task in tasks.items() if month.first <= day <= month.last)
    assert found == tasks[date(2026, 3, 2)]


def test_without_a_task_there_is_none() -> None:
    assert dearest([]) is None
