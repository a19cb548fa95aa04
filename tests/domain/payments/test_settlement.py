"""What a gateway shows, held against what was agreed: settled, waited for, or given to a person."""

from datetime import timedelta

import pytest

from domain.payments import attempt as machine
from domain.payments.attempt import status_of
from domain.payments.declines import Decline, DeclineReason
from domain.payments.settlement import (
    Ended,
    Evidence,
    Held,
    Outcome,
    Strange,
    Taken,
    Waiting,
    differences,
    settle,
)
from domain.shared.money import Money
from tests.builders import NOON, PRICE, an_attempt

TAKEN = Taken(PRICE, NOON)
ENDED = Ended(Decline(DeclineReason.ISSUER_DECLINED, "general_decline"))
ACCEPTED = machine.Accepted("ext-1", NOON)
LESS = Money.of(49899, "RUB")
DOLLARS = Money.of(49900, "USD")


def shown(
    outcome: Outcome, *, money: Money = PRICE, external_id: str = "ext-1", test: bool = False
) -> Evidence:
    return Evidence(external_id=external_id, money=money, test=test, outcome=outcome)


@pytest.mark.parametrize(
    ("evidence", "named"),
    [
        (shown(TAKEN), []),
        (shown(Waiting("https://bank.test/")), []),
        (shown(Held()), []),
        (shown(ENDED), []),
        (shown(TAKEN, money=LESS), ["amount"]),
        (shown(TAKEN, money=DOLLARS), ["amount"]),
        (shown(Taken(LESS, NOON)), ["captured"]),
        (shown(Taken(DOLLARS, NOON)), ["captured"]),
        (shown(TAKEN, test=True), ["test payment in a live shop"]),
        (shown(TAKEN, external_id="ext-2"), ["gateway id"]),
        (shown(Strange("levitating")), ["unknown status"]),
        (shown(Taken(LESS, NOON), money=LESS, test=True), ["amount", "captured", "test payment"]),
    ],
)
def test_what_does_not_agree_is_named(evidence: Evidence, named: list[str]) -> None:
    attempt = an_attempt(state=ACCEPTED)
    found = differences(attempt, evidence, test_mode=False)
    assert len(found) == len(named)
    assert all(text.startswith(start) for text, start in zip(found, named, strict=True))

    moved, said = settle(attempt, evidence, test_mode=False, now=NOON)
    if named:
        assert moved.state == machine.Review(
            "ext-1" if "gateway id" not in named else "ext-2", found, NOON
        )
        assert [event.name for event in said] == ["payment.mismatched"]
    else:
        assert status_of(moved) != "review"


def test_a_live_payment_in_a_test_shop_is_named_too() -> None:
    found = differences(an_attempt(state=ACCEPTED), shown(TAKEN), test_mode=True)
    assert found == ("live payment in a test",)


def test_an_attempt_whose_gateway_id_is_not_known_yet_takes_the_one_shown() -> None:
    """A process died between the call and its record: the look-up binds the id."""
    attempt = an_attempt(state=machine.Sent(NOON))
    moved, _ = settle(attempt, shown(TAKEN, external_id="ext-9"), test_mode=False, now=NOON)
    assert moved.state == machine.Succeeded("ext-9", PRICE, NOON)


@pytest.mark.parametrize(
    "state",
    [
        machine.Succeeded("ext-1", PRICE, NOON),
        machine.PartiallyRefunded("ext-1", PRICE, NOON, Money.of(1, "RUB")),
        machine.Refunded("ext-1", PRICE, NOON),
        machine.Disputed("ext-1", PRICE, NOON, NOON),
        machine.Review("ext-1", ("amount",), NOON),
    ],
)
@pytest.mark.parametrize(
    "outcome", [TAKEN, ENDED, Waiting(), Held(), Strange("x"), Taken(LESS, NOON)]
)
def test_money_taken_and_a_review_are_past_all_evidence(
    state: machine.State, outcome: Outcome
) -> None:
    attempt = an_attempt(state=state)
    assert settle(attempt, shown(outcome), test_mode=False, now=NOON) == (attempt, [])


@pytest.mark.parametrize(
    "state",
    [
        machine.Declined(ENDED.decline, NOON, "ext-1"),
        machine.Refused("bad request", NOON),
        machine.Canceled("let go", NOON, "ext-1"),
        machine.Expired(NOON, "ext-1"),
    ],
)
def test_money_wins_over_our_own_timers_and_declines(state: machine.State) -> None:
    captured_at = NOON + timedelta(days=3)
    evidence = shown(Taken(PRICE, captured_at))
    moved, (told,) = settle(an_attempt(state=state), evidence, test_mode=False, now=NOON)
    assert moved.state == machine.Succeeded("ext-1", PRICE, captured_at)
    assert told.name == "payment.succeeded"
    again, said = settle(moved, evidence, test_mode=False, now=NOON)
    assert (again, said) == (moved, [])


@pytest.mark.parametrize("first", [TAKEN, ENDED])
@pytest.mark.parametrize("then", [Waiting(), Held(), ENDED])
def test_older_news_that_comes_later_changes_nothing(first: Outcome, then: Outcome) -> None:
    settled, _ = settle(an_attempt(state=ACCEPTED), shown(first), test_mode=False, now=NOON)
    assert settle(settled, shown(then), test_mode=False, now=NOON) == (settled, [])
