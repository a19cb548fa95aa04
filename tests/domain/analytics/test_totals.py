"""Facts may come in any order, in any pieces and twice: they come to the same sums."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.analytics.facts import Moved, Purpose
from domain.analytics.totals import Balance, Dated, Sums, Totals, fold, merge

MONDAY = date(2026, 3, 2)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
KINDS = st.sampled_from(
    [
        ("ASSIGN_FEE", None, -1),
        ("TASK_REWARD", None, 1),
        ("PAYOUT", None, -1),
        ("PAYOUT_RETURNED", None, 1),
        ("ADJUSTMENT", None, 1),
        ("REVERSAL", "ASSIGN_FEE", 1),
        ("REVERSAL", "TASK_REWARD", -1),
        ("REVERSAL", "ADJUSTMENT", -1),
        ("REVERSAL", "PAYOUT", 1),
    ]
)


@st.composite
def moved(draw: st.DrawFn) -> Moved:
    kind, reverses, sign = draw(KINDS)
    day = draw(st.integers(0, 3))
    number = draw(st.integers(1, 10**6))
    return Moved(
        operation_id=UUID(int=number),
        kind=kind,
        reverses_kind=reverses,
        person_id=UUID(int=draw(st.integers(1, 3))),
        amount_minor=sign * draw(st.integers(1, 50)),
        currency=draw(st.sampled_from(["USD", "RUB"])),
        task_id=UUID(int=draw(st.integers(1, 9))),
        value_date=MONDAY + timedelta(days=day),
        posting_date=MONDAY + timedelta(days=day + draw(st.integers(0, 2))),
        occurred_at=NOON + timedelta(days=day),
        wallet_seq=number,
        balance_after_minor=draw(st.integers(-100, 100)),
    )


FACTS = st.lists(moved(), max_size=25, unique_by=lambda one: one.operation_id)


def moving(kind: str, amount: int, reverses: str | None = None, **changes: object) -> Moved:
    given_: dict[str, object] = {
        "operation_id": UUID(int=abs(hash((kind, amount, reverses)))),
        "person_id": UUID(int=1),
        "currency": "USD",
        "task_id": UUID(int=7),
        "value_date": MONDAY,
        "posting_date": MONDAY,
        "occurred_at": NOON,
        "wallet_seq": 1,
        "balance_after_minor": 0,
    }
    return Moved(kind=kind, amount_minor=amount, reverses_kind=reverses, **(given_ | changes))  # type: ignore[arg-type]


@given(FACTS, st.randoms(use_true_random=False), st.integers(0, 25))
def test_order_repetition_and_pieces_change_nothing(
    facts: list[Moved], chance: object, cut: int
) -> None:
    whole = fold(facts)
    shuffled = list(facts)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert fold(shuffled) == whole
    assert fold([*facts, *shuffled]) == whole
    assert merge(fold(shuffled[:cut]), fold(shuffled[cut:])) == whole
    assert merge(whole, Totals()) == whole


@given(FACTS)
def test_what_the_company_earned_is_what_tasks_took_from_people(facts: list[Moved]) -> None:
    totals = fold(facts)
    people: Counter[tuple[date, str]] = Counter()
    for (_, currency, day), minor in totals.people.items():
        people[day, currency] += minor
    company = {
        (day, currency): sums.net_minor
        for (dated, day, currency), sums in totals.company.items()
        if dated is Dated.VALUE and sums.net_minor
    }
    assert company == {key: -minor for key, minor in people.items() if minor}


@given(FACTS)
def test_both_kinds_of_date_come_to_the_same_in_the_end(facts: list[Moved]) -> None:
    ends: dict[tuple[Dated, str], Sums] = {}
    for (dated, _, currency), sums in fold(facts).company.items():
        ends[dated, currency] = ends.get((dated, currency), Sums()) + sums
    for currency in ("USD", "RUB"):
        assert ends.get((Dated.VALUE, currency)) == ends.get((Dated.POSTING, currency))


@given(FACTS)
def test_payouts_and_returns_change_no_day_and_do_change_balances(facts: list[Moved]) -> None:
    without = fold(one for one in facts if not one.kind.startswith("PAYOUT"))
    assert fold(facts).company == without.company
    assert fold(facts).people == without.people
    for one in facts:
        stands = fold(facts).balances[one.person_id, one.currency]
        assert stands.seq >= one.wallet_seq


def test_a_reversal_takes_back_from_the_day_it_is_dated() -> None:
    tuesday = MONDAY + timedelta(days=1)
    reward, fee = moving("TASK_REWARD", 30), moving("ASSIGN_FEE", -12)
    back = moving("REVERSAL", -30, "TASK_REWARD", value_date=tuesday, posting_date=tuesday)
    totals = fold([back, reward, fee])
    assert totals.company[Dated.VALUE, MONDAY, "USD"] == Sums(fees_minor=12, rewards_minor=30)
    assert totals.company[Dated.VALUE, tuesday, "USD"] == Sums(rewards_minor=-30)
    assert totals.unrewarded == {UUID(int=7)}


def test_a_reversal_of_what_nobody_named_counts_for_the_balance_alone() -> None:
    totals = fold([moving("REVERSAL", 5, balance_after_minor=-3, wallet_seq=9)])
    assert totals.company == {}
    assert totals.balances == {(UUID(int=1), "USD"): Balance(9, -3)}


def test_corrections_by_hand_stand_beside_what_was_earned() -> None:
    totals = fold([moving("ADJUSTMENT", 40), moving("REVERSAL", -15, "ADJUSTMENT")])
    sums = totals.company[Dated.POSTING, MONDAY, "USD"]
    assert (sums.adjustments_minor, sums.net_minor) == (25, 0)
    assert totals.people == {}


def test_an_older_balance_never_replaces_a_newer_one() -> None:
    newer = moving("ASSIGN_FEE", -1, wallet_seq=5, balance_after_minor=-7)
    older = moving("TASK_REWARD", 2, wallet_seq=4, balance_after_minor=90)
    assert fold([newer, older]).balances[UUID(int=1), "USD"] == Balance(5, -7)


def test_purposes_are_those_that_the_company_counts() -> None:
    assert moving("PAYOUT", -1).purpose is None
    assert moving("REVERSAL", 1, "PAYOUT").purpose is None
    assert moving("REVERSAL", 1, "ASSIGN_FEE").purpose is Purpose.FEE
