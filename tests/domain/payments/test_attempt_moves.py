"""Every state of a charge attempt and every verb: what follows, or that it is refused.

Money that is proven counts from anywhere; nothing undoes a capture but a refund or a dispute;
what is closed absorbs late answers; an unknown outcome neither expires nor is let go.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, get_args

import pytest

from domain.payments import attempt as machine
from domain.payments.asking import POLL_EVERY, RE_ASK_AFTER
from domain.payments.attempt import Attempt, IllegalMove, status_of
from domain.payments.declines import Decline, DeclineReason
from domain.shared.errors import DomainError
from domain.shared.money import CurrencyMismatch, Money
from tests.builders import NOON, PRICE, an_attempt
from tests.domain import tables

NO_FUNDS = Decline(DeclineReason.INSUFFICIENT_FUNDS, "51")
SOME = Money.of(10000, "RUB")
LATER = NOON + timedelta(minutes=1)

STATES: dict[str, machine.State] = {
    "reserved": machine.Reserved(),
    "sent": machine.Sent(NOON),
    "accepted": machine.Accepted("ext-1", NOON),
    "authorized": machine.Authorized("ext-1", NOON),
    "unknown": machine.Unknown(NOON, "read timeout"),
    "review": machine.Review("ext-1", ("amount",), NOON),
    "declined": machine.Declined(NO_FUNDS, NOON),
    "refused": machine.Refused("bad request", NOON),
    "canceled": machine.Canceled("let go", NOON),
    "expired": machine.Expired(NOON),
    "succeeded": machine.Succeeded("ext-1", PRICE, NOON),
    "partially_refunded": machine.PartiallyRefunded("ext-1", PRICE, NOON, SOME),
    "refunded": machine.Refunded("ext-1", PRICE, NOON),
    "disputed": machine.Disputed("ext-1", PRICE, NOON, NOON),
}

# What a gateway's answer does.
ANSWERS = """
                    accept    authorize   succeed    decline   refuse   lose_sight  review
reserved            accepted  authorized  succeeded  declined  refused  unknown     review
sent                accepted  authorized  succeeded  declined  refused  unknown     review
accepted            .         authorized  succeeded  declined  !        .           review
authorized          .         .           succeeded  declined  !        .           review
unknown             accepted  authorized  succeeded  declined  refused  .           review
review              .         .           succeeded  .         !        .           .
declined            .         .           succeeded  .         .        .           review
refused             .         .           succeeded  .         .        .           review
canceled            .         .           succeeded  .         .        .           review
expired             .         .           succeeded  .         .        .           review
succeeded           .         .           .          !         !        .           .
partially_refunded  .         .           .          !         !        .           .
refunded            .         .           .          !         !        .           .
disputed            .         .           .          !         !        .           .
"""
# What we do ourselves, and what a bank does to money taken.
OWN_MOVES = """
                    send  not_sent  expire   cancel    refund    dispute
reserved            sent  !         expired  canceled  !         !
sent                !     reserved  !        !         !         !
accepted            !     !         expired  canceled  !         !
authorized          !     !         expired  canceled  !         !
unknown             !     !         !        !         !         !
review              !     !         !        !         !         !
declined            !     !         !        !         !         !
refused             !     !         !        !         !         !
canceled            !     !         !        .         !         !
expired             !     !         .        !         !         !
succeeded           !     !         !        !         refunded  disputed
partially_refunded  !     !         !        !         !         !
refunded            !     !         !        !         !         !
disputed            !     !         !        !         !         .
"""
MOVES = tables.moves(ANSWERS, OWN_MOVES)

VERBS: dict[str, Callable[[Attempt], Any]] = {
    "send": lambda a: machine.send(a, now=LATER),
    "not_sent": lambda a: machine.not_sent(a, now=LATER),
    "lose_sight": lambda a: machine.lose_sight(a, "read timeout", now=LATER),
    "accept": lambda a: machine.accept(a, "ext-1", confirmation_url=None, now=LATER),
    "authorize": lambda a: machine.authorize(a, "ext-1", now=LATER),
    "succeed": lambda a: machine.succeed(a, "ext-1", PRICE, captured_at=LATER),
    "decline": lambda a: machine.decline(a, NO_FUNDS, external_id="ext-1", now=LATER),
    "refuse": lambda a: machine.refuse(a, "bad request", now=LATER),
    "expire": lambda a: machine.expire(a, now=LATER),
    "cancel": lambda a: machine.cancel(a, "let go", now=LATER),
    "dispute": lambda a: machine.dispute(a, now=LATER),
    "review": lambda a: machine.review(a, "ext-1", ("amount",), now=LATER),
    "refund": lambda a: machine.refund(a, PRICE),
}


def _moved(result: Any) -> tuple[Attempt, list[Any]]:
    return result if isinstance(result, tuple) else (result, [])


@pytest.mark.parametrize(("status", "verb", "follows"), MOVES, ids=tables.names(MOVES))
def test_a_move_is_in_the_table(status: str, verb: str, follows: str) -> None:
    attempt = an_attempt(state=STATES[status])

    if follows == tables.REFUSED:
        with pytest.raises(IllegalMove) as refused:
            VERBS[verb](attempt)
        assert refused.value.attempt_id == attempt.id
        assert status in str(refused.value)
        return
    moved, said = _moved(VERBS[verb](attempt))

    if follows == tables.UNCHANGED:
        assert moved is attempt
        assert said == []
        return
    assert status_of(moved) == follows
    assert moved.version == attempt.version + 1
    # Sending is told by what comes of it; every other change is a fact the world hears of.
    assert len(said) == (0 if verb in ("send", "not_sent") else 1)
    assert all(event.aggregate_id == attempt.id for event in said)


def test_the_table_speaks_of_every_state_and_verb() -> None:
    assert {status for status, _, _ in MOVES} == set(STATES)
    assert {verb for _, verb, _ in MOVES} == set(VERBS)
    assert {type(state) for state in STATES.values()} == set(get_args(machine.State))
    for status, state in STATES.items():
        assert status_of(an_attempt(state=state)) == status


def test_open_closed_and_captured_part_the_states() -> None:
    is_open = {s for s, state in STATES.items() if an_attempt(state=state).is_open}
    is_captured = {s for s, state in STATES.items() if an_attempt(state=state).is_captured}
    assert is_open == {"reserved", "sent", "accepted", "authorized", "unknown", "review"}
    assert is_captured == {"succeeded", "partially_refunded", "refunded", "disputed"}


@pytest.mark.parametrize(
    ("status", "returned", "follows"),
    [
        ("succeeded", 1, "partially_refunded"),
        ("succeeded", 49899, "partially_refunded"),
        ("succeeded", 49900, "refunded"),
        ("succeeded", 49901, tables.REFUSED),
        ("succeeded", 0, tables.REFUSED),
        ("succeeded", -1, tables.REFUSED),
        ("partially_refunded", 39899, "partially_refunded"),
        ("partially_refunded", 39900, "refunded"),
        ("partially_refunded", 39901, tables.REFUSED),
    ],
)
def test_no_more_goes_back_than_was_taken(status: str, returned: int, follows: str) -> None:
    attempt = an_attempt(state=STATES[status])
    money = Money.of(returned, "RUB")
    if follows == tables.REFUSED:
        with pytest.raises(IllegalMove):
            machine.refund(attempt, money)
        return
    moved, (told,) = machine.refund(attempt, money)
    before = 10000 if status == "partially_refunded" else 0
    assert status_of(moved) == follows
    assert told.total.amount_minor == before + returned


def test_other_money_than_was_taken_does_not_go_back() -> None:
    with pytest.raises(CurrencyMismatch):
        machine.refund(an_attempt(state=STATES["succeeded"]), Money.of(1, "USD"))


def test_a_refund_keeps_what_was_taken_and_when() -> None:
    moved, _ = machine.refund(an_attempt(state=STATES["succeeded"]), SOME)
    assert moved.state == machine.PartiallyRefunded("ext-1", PRICE, NOON, SOME)
    moved, _ = machine.refund(moved, PRICE - SOME)
    assert moved.state == machine.Refunded("ext-1", PRICE, NOON)


@pytest.mark.parametrize("status", ["accepted", "authorized"])
@pytest.mark.parametrize("verb", ["decline", "expire", "cancel"])
def test_the_gateways_id_is_kept_to_the_end(status: str, verb: str) -> None:
    attempt = an_attempt(state=STATES[status])
    ended = {
        "decline": lambda: machine.decline(attempt, NO_FUNDS, external_id=None, now=LATER),
        "expire": lambda: machine.expire(attempt, now=LATER),
        "cancel": lambda: machine.cancel(attempt, "let go", now=LATER),
    }[verb]()
    assert machine.external_id_of(ended[0]) == "ext-1"


def test_an_unknown_outcome_is_asked_for_ever_more_rarely_and_never_ends_by_itself() -> None:
    lost, _ = machine.lose_sight(an_attempt(state=machine.Sent(NOON)), "timeout", now=NOON)
    asked_after = []
    now = NOON
    for _ in range(9):
        assert lost.next_ask_at is not None
        asked_after.append(lost.next_ask_at - now)
        now = lost.next_ask_at
        lost = machine.ask_again(lost, now=now)
        assert status_of(lost) == "unknown"
    assert asked_after == [*RE_ASK_AFTER, RE_ASK_AFTER[-1], RE_ASK_AFTER[-1]]
    assert [wait.total_seconds() for wait in RE_ASK_AFTER] == [5, 30, 120, 600, 3600, 21600, 86400]


@pytest.mark.parametrize(
    ("age", "wait"),
    [
        (timedelta(minutes=59), timedelta(minutes=2)),
        (timedelta(hours=1), timedelta(minutes=10)),
        (timedelta(hours=23), timedelta(minutes=10)),
        (timedelta(hours=24), timedelta(hours=6)),
        (timedelta(days=400), timedelta(hours=6)),
    ],
)
@pytest.mark.parametrize("status", ["accepted", "authorized"])
def test_a_payment_the_gateway_knows_is_polled_by_its_age(
    status: str, age: timedelta, wait: timedelta
) -> None:
    asked = machine.ask_again(an_attempt(state=STATES[status]), now=NOON + age)
    assert asked.next_ask_at == NOON + age + wait
    assert asked.asked == 1
    assert POLL_EVERY[-1][0] == timedelta.max


@pytest.mark.parametrize("status", sorted(set(STATES) - {*"reserved sent accepted".split()}))
def test_what_is_decided_or_waits_for_a_person_is_not_asked_for(status: str) -> None:
    attempt = an_attempt(state=STATES[status])
    is_waited_for = status in ("authorized", "unknown")
    assert (machine.ask_again(attempt, now=NOON) is attempt) is not is_waited_for


@pytest.mark.parametrize("status", sorted(STATES))
def test_only_what_waits_for_an_answer_has_a_time_to_be_asked(status: str) -> None:
    """Whatever a verb leads to: open means a question is planned, closed means none is."""
    attempt = an_attempt(state=STATES[status])
    for verb in VERBS.values():
        try:
            moved, _ = _moved(verb(attempt))
        except DomainError:
            continue
        if moved is not attempt:
            waits = moved.is_open and status_of(moved) != "review"
            assert (moved.next_ask_at is not None) == waits
