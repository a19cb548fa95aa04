"""Checks, caps and the purge policy: rules about numbers that no database is needed for."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.carrier.caps import Spent, allowed_from, day_and_month
from domain.carrier.checks import NumberList, Standing, refusal
from domain.carrier.correlation import Named, Unclear, choose
from domain.carrier.operator import SpendCaps
from domain.carrier.purge import Facts, purge_reason
from domain.carrier.service import ServicePolicy, Texts
from domain.shared.errors import InvalidValue
from domain.shared.msisdn import Msisdn

NOW = datetime(2026, 3, 15, 10, 0, tzinfo=UTC)
KARACHI = ZoneInfo("Asia/Karachi")
BOTH = frozenset(NumberList)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("lists", "has_live", "paid_hours_ago", "refused"),
    [
        (BOTH, True, 0, "blacklisted"),
        (frozenset({NumberList.POSTPAID}), True, 0, "postpaid"),
        (frozenset(), True, None, "rejected"),
        (frozenset(), False, 1, "rejected"),
        (frozenset(), False, 2, None),
        (frozenset(), False, None, None),
    ],
)
def test_the_blacklist_goes_before_postpaid_and_both_before_rejected(
    lists: frozenset[NumberList], has_live: bool, paid_hours_ago: int | None, refused: str | None
) -> None:
    paid_at = None if paid_hours_ago is None else NOW - timedelta(hours=paid_hours_ago)
    standing = Standing(lists=lists, has_live=has_live, paid_at=paid_at)
    assert refusal(standing, paid_hours=2, now=NOW) == refused


def test_without_paid_hours_a_payment_holds_nobody_back() -> None:
    standing = Standing(lists=frozenset(), has_live=False, paid_at=NOW)
    assert refusal(standing, paid_hours=0, now=NOW) is None


@pytest.mark.parametrize(
    ("caps", "spent", "expected"),
    [
        (SpendCaps(per_charge_minor=99), Spent(), None),
        (SpendCaps(per_day_minor=99), Spent(), None),
        (SpendCaps(per_day_charges=0), Spent(), None),
        (SpendCaps(per_day_minor=150), Spent(day_minor=50), NOW),
        (
            SpendCaps(per_day_minor=149),
            Spent(day_minor=50),
            datetime(2026, 3, 15, 19, 0, tzinfo=UTC),  # midnight in Karachi
        ),
        (SpendCaps(per_day_charges=1), Spent(day_charges=1), datetime(2026, 3, 15, 19, tzinfo=UTC)),
        (
            SpendCaps(per_month_charges=3, per_day_charges=1),
            Spent(month_charges=3, day_charges=1),
            datetime(2026, 3, 31, 19, 0, tzinfo=UTC),  # the first of April in Karachi
        ),
    ],
)
def test_a_cap_puts_a_charge_off_to_where_there_is_room(
    caps: SpendCaps, spent: Spent, expected: datetime | None
) -> None:
    assert allowed_from(caps, spent, 100, now=NOW, zone=KARACHI) == expected


def test_days_and_months_are_the_operators() -> None:
    last_evening_of_march = datetime(2026, 3, 31, 20, 0, tzinfo=UTC)
    day, month = day_and_month(last_evening_of_march, KARACHI)
    assert day == month == datetime(2026, 3, 31, 19, 0, tzinfo=UTC)


WEEK = ServicePolicy(retry_days=7, inactive_days=2, grace_days=2, minimal_touch_times=2)


def _facts(**changed: object) -> Facts:
    given_ = {"age": DAY, "this_failed": False, "failed_lately": 0, "downloads": 5, **changed}
    return Facts(**given_)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("facts", "goes"),
    [
        (_facts(failed_lately=2), False),
        (_facts(failed_lately=3), True),
        (_facts(age=5 * DAY, this_failed=True), False),
        (_facts(age=5 * DAY + timedelta(seconds=1), this_failed=True), True),
        (_facts(age=7 * DAY), False),
        (_facts(age=7 * DAY + timedelta(seconds=1)), True),
        (_facts(age=6 * DAY, downloads=1), True),
        (_facts(age=6 * DAY, downloads=2), False),
        (_facts(age=6 * DAY, downloads=None), False),
        (_facts(age=4 * DAY, downloads=0), False),
    ],
)
def test_each_purge_rule_alone_lets_a_number_go(facts: Facts, goes: bool) -> None:
    assert (purge_reason(WEEK, facts) is not None) == goes


def test_nobody_is_purged_before_the_policy_begins() -> None:
    late = ServicePolicy(retry_days=7, inactive_days=2, purge_after_days=30)
    assert purge_reason(late, _facts(age=29 * DAY, failed_lately=9)) is None
    assert purge_reason(late, _facts(age=30 * DAY, failed_lately=9)) is not None


def test_a_service_without_purge_rules_keeps_everybody() -> None:
    assert purge_reason(ServicePolicy(), _facts(age=900 * DAY, failed_lately=99)) is None


@pytest.mark.parametrize(
    "wrong",
    [{"delay_hours": 0}, {"retry_days": 0}, {"grace_days": -1}, {"trial_days": 10**6}],
)
def test_a_policy_that_cannot_be_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(InvalidValue):
        ServicePolicy(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["no place for the link", "%s and %s"])
def test_a_content_text_has_one_place_for_the_link(text: str) -> None:
    with pytest.raises(InvalidValue):
        Texts(on_content=text)


@given(exact=st.lists(st.integers(), max_size=3), others=st.lists(st.integers(), max_size=3))
def test_nobody_is_chosen_by_luck(exact: list[int], others: list[int]) -> None:
    match choose(exact, others):
        case Named(one):
            assert [one] == (exact or others)
        case Unclear(_, candidates):
            assert list(candidates) == (exact or others)
            assert len(candidates) != 1


@given(digits=st.from_regex(r"[1-9][0-9]{4,14}", fullmatch=True))
def test_a_number_never_shows_itself_whole(digits: str) -> None:
    number = Msisdn(digits)
    for shown in (str(number), repr(number), f"{number}", number.masked):
        assert digits not in shown
    assert number.masked.startswith(digits[:2])


@pytest.mark.parametrize("text", ["", "+923001234567", "0300", "92300123456789012", "٩٢٣٠٠١٢٣"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        Msisdn(text)
