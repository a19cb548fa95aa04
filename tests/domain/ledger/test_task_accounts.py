"""Facts of tasks mean the same to the books in whatever order and however often they come."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ledger.pricing import prices_of
from domain.ledger.task_accounts import (
    Applied,
    Assigned,
    Completed,
    Contradiction,
    Created,
    Details,
    Fact,
    Kind,
    Owed,
    TaskAccount,
    TaskState,
    TooEarly,
    apply,
)
from domain.shared.money import Currency

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TASK = UUID(int=7)
PRICES = prices_of(TASK, b"sixteen bytes...", Currency("USD"))
PEOPLE = [UUID(int=100 + number) for number in range(4)]


def details(version: int) -> Details:
    return Details(version=version, title=f"v{version}")


def created(version: int = 1) -> Created:
    return Created(task_id=TASK, details=details(version))


def assigned(number: int, person: int = 0, previous: int | None = None) -> Assigned:
    return Assigned(
        task_id=TASK,
        assignation_id=uuid5(TASK, str(number)),
        assignment_no=number,
        assignee_id=PEOPLE[person],
        previous_assignee_id=None if previous is None else PEOPLE[previous],
        occurred_at=NOON + timedelta(hours=number),
        details=details(1 + number),
    )


def completed(number: int, person: int = 0) -> Completed:
    return Completed(
        task_id=TASK,
        completed_by=PEOPLE[person],
        assignment_no=number,
        occurred_at=NOON + timedelta(hours=100),
        details=details(50),
    )


def booked(facts: list[Fact]) -> tuple[TaskAccount | None, dict[str, Owed], list[Fact]]:
    """Apply facts as the books do: keys once, what is early again when the task is known."""
    account: TaskAccount | None = None
    operations: dict[str, Owed] = {}
    parked: list[Fact] = []
    wrong: list[Fact] = []

    def one(fact: Fact) -> None:
        nonlocal account
        match apply(account, fact, PRICES):
            case TooEarly():
                parked.append(fact)
            case Contradiction():
                wrong.append(fact)
            case Applied(after, owed):
                first = account is None
                account = after
                if owed is not None:
                    operations.setdefault(owed.key, owed)
                if first:
                    waiting, parked[:] = list(parked), []
                    for each in waiting:
                        one(each)

    for fact in facts:
        one(fact)
    assert not parked or account is None
    return account, operations, wrong


def history(draws: list[int]) -> list[Fact]:
    """The whole life of a task: assigned to these people in turn, completed by the last."""
    facts: list[Fact] = [created()]
    for number, person in enumerate(draws, start=1):
        facts.append(assigned(number, person, draws[number - 2] if number > 1 else None))
    return [*facts, completed(len(draws), draws[-1])]


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=6),
    st.randoms(use_true_random=False),
)
def test_any_order_and_any_repeats_end_in_the_same_books(
    draws: list[int], chance: random.Random
) -> None:
    facts = history(draws)
    expected_account, expected, _ = booked(facts)
    mixed = facts + chance.choices(facts, k=chance.randint(0, 10))
    chance.shuffle(mixed)

    account, operations, wrong = booked(mixed)

    # An earlier completion may make a later assignment of the same life look late, never wrong.
    assert wrong == []
    assert operations == expected
    assert account == expected_account
    assert sum(one.kind is Kind.FEE for one in operations.values()) == len(draws)
    rewards = [one for one in operations.values() if one.kind is Kind.REWARD]
    assert [one.person_id for one in rewards] == [PEOPLE[draws[-1]]]


def test_a_completion_of_a_task_nobody_knows_waits() -> None:
    assert apply(None, completed(1), PRICES) == TooEarly()


def test_prices_are_the_tasks_whatever_comes_first() -> None:
    for fact in (created(), assigned(1)):
        told = apply(None, fact, PRICES)
        assert isinstance(told, Applied)
        assert told.account.prices == PRICES
    known = TaskAccount(task_id=TASK, prices=PRICES)
    other = prices_of(UUID(int=8), b"sixteen bytes...", Currency("USD"))
    told = apply(known, assigned(1), other)
    assert isinstance(told, Applied)
    assert told.owed is not None
    assert told.owed.amount == PRICES.fee


def test_the_newest_details_win() -> None:
    account, _, _ = booked([created(5), created(3), assigned(1)])
    assert account is not None
    assert account.details.title == "v5"


@pytest.mark.parametrize(
    ("facts", "wrong"),
    [
        ([created(), assigned(1), completed(1), assigned(2, 1)], assigned(2, 1)),
        ([created(), assigned(1), completed(1), completed(1, 1)], completed(1, 1)),
        ([created(), assigned(2), completed(2), completed(3)], completed(3)),
        ([created(), assigned(2, 1), completed(1)], completed(1)),
    ],
)
def test_what_contradicts_moves_nothing(facts: list[Fact], wrong: Fact) -> None:
    account, operations, contradicted = booked(facts)
    before, same, _ = booked([fact for fact in facts if fact != wrong])
    assert contradicted == [wrong]
    assert operations == same
    assert account == before


def test_a_late_assignment_before_the_completion_is_charged() -> None:
    account, operations, wrong = booked([created(), assigned(2, 1), completed(2, 1), assigned(1)])
    assert wrong == []
    assert account is not None
    assert (account.state, account.assignee_id) == (TaskState.COMPLETED, PEOPLE[1])
    assert len(operations) == 3


def test_the_same_person_again_is_charged_unless_the_policy_says_otherwise() -> None:
    again = assigned(2, 0, previous=0)
    known = TaskAccount(task_id=TASK, prices=PRICES, state=TaskState.ASSIGNED, last_no=1)
    charged = apply(known, again, PRICES)
    free = apply(known, again, PRICES, charge_same_assignee=False)
    other = apply(
        known, replace(again, previous_assignee_id=PEOPLE[1]), PRICES, charge_same_assignee=False
    )
    assert isinstance(charged, Applied)
    assert isinstance(free, Applied)
    assert isinstance(other, Applied)
    assert (charged.owed is None, free.owed is None, other.owed is None) == (False, True, False)


def test_a_fee_takes_and_a_reward_gives() -> None:
    _, operations, _ = booked(history([0]))
    deltas = {one.kind: one.delta_minor for one in operations.values()}
    assert deltas == {
        Kind.FEE: -PRICES.fee.amount_minor,
        Kind.REWARD: PRICES.reward.amount_minor,
    }
