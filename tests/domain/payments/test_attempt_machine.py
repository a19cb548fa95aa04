"""The charge attempt against a table written from the rules, answers in any order and number."""

from datetime import timedelta
from typing import ClassVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from domain.payments import attempt as machine
from domain.payments.attempt import IllegalMove, external_id_of, status_of
from domain.payments.declines import Decline, DeclineReason
from domain.payments.settlement import Ended, Evidence, Held, Strange, Taken, Waiting, settle
from domain.shared.money import Money
from tests.builders import NOON, PRICE, an_attempt

NO_FUNDS = Decline(DeclineReason.INSUFFICIENT_FUNDS, "insufficient_funds")
REFUSED = "the move is refused"

# status x move -> the status after it, the same status for "nothing happens", or REFUSED.
# Written from the rules: money that is proven counts from anywhere, nothing undoes a capture but
# a refund or a dispute, unknown ends by evidence alone, a review by a person alone, closed
# attempts absorb late answers.
_CLOSED = ("declined", "refused", "canceled", "expired")
_CAPTURED = ("succeeded", "partially_refunded", "refunded", "disputed")
_OPEN = ("reserved", "sent", "accepted", "authorized", "unknown", "review")


def expected(status: str, move: str) -> str:
    if move == "send":
        return "sent" if status == "reserved" else REFUSED
    if move == "not_sent":
        return "reserved" if status == "sent" else REFUSED
    if move == "lose_sight":
        return "unknown" if status in ("reserved", "sent") else status
    if move == "take":
        return status if status in (*_CAPTURED, "review") else "succeeded"
    if move == "end":
        return "declined" if status in _OPEN and status != "review" else status
    if move == "wait":
        return "accepted" if status in ("reserved", "sent", "unknown") else status
    if move == "hold":
        held = ("reserved", "sent", "unknown", "accepted")
        return "authorized" if status in held else status
    if move == "mismatch":
        return status if status in (*_CAPTURED, "review") else "review"
    if move == "refuse":
        if status in _CLOSED:
            return status
        return "refused" if status in ("reserved", "sent", "unknown") else REFUSED
    if move == "expire":
        over = ("reserved", "accepted", "authorized", "expired")
        return "expired" if status in over else REFUSED
    if move == "cancel":
        over = ("reserved", "accepted", "authorized", "canceled")
        return "canceled" if status in over else REFUSED
    if move == "dispute":
        return "disputed" if status in ("succeeded", "disputed") else REFUSED
    raise AssertionError(move)


# How stories begin, so that play goes on from everywhere and not mostly from the start.
BEGINNINGS = (
    "",
    "send",
    "send lose_sight",
    "send lose_sight ask_again wait",
    "send wait",
    "wait hold",
    "send end",
    "send refuse",
    "wait expire",
    "hold cancel",
    "send take",
    "send take refund_some",
    "send take refund_all",
    "send take dispute",
    "wait mismatch",
)


class AttemptMachine(RuleBasedStateMachine):
    reached: ClassVar[set[str]] = set()

    def __init__(self) -> None:
        super().__init__()
        self.attempt = an_attempt()
        self.status = "reserved"
        self.now = NOON
        self.returned = 0
        self.moves = 0
        self.events: list[str] = []

    @initialize(beginning=st.sampled_from(BEGINNINGS))
    def begin(self, beginning: str) -> None:
        play = {
            "send": self.send,
            "lose_sight": self.lose_sight,
            "ask_again": self.ask_again,
            "wait": self.waiting,
            "hold": self.held,
            "end": self.ended,
            "refuse": self.refuse,
            "expire": self.expire,
            "cancel": self.cancel,
            "take": self.taken,
            "dispute": self.dispute,
            "mismatch": lambda: self.mismatch("amount"),
            "refund_some": lambda: self.refund(100),
            "refund_all": lambda: self.refund(PRICE.amount_minor),
        }
        for move in beginning.split():
            play[move]()
        self.reached.add(self.status)

    def _do(self, move: str, act) -> None:  # type: ignore[no-untyped-def]
        before = self.attempt
        wanted = expected(self.status, move)
        self.reached.add(self.status)
        try:
            moved = act()
        except IllegalMove:
            assert wanted == REFUSED, (self.status, move)
            return
        assert wanted != REFUSED, (self.status, move)
        self.attempt, said = moved if isinstance(moved, tuple) else (moved, [])
        assert status_of(self.attempt) == wanted, (self.status, move)
        if self.attempt is before:
            assert said == []
        else:
            self.moves += 1
        self.events += [event.name for event in said]
        self.status = wanted

    def _evidence(self, outcome, money: Money = PRICE) -> Evidence:  # type: ignore[no-untyped-def]
        known = external_id_of(self.attempt) or "ext-1"
        return Evidence(external_id=known, money=money, test=True, outcome=outcome)

    def _settle(self, move: str, evidence: Evidence) -> None:
        self._do(move, lambda: settle(self.attempt, evidence, test_mode=True, now=self.now))

    @rule(seconds=st.integers(0, 100_000))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule()
    def send(self) -> None:
        self._do("send", lambda: machine.send(self.attempt, now=self.now))

    @rule()
    def not_sent(self) -> None:
        self._do("not_sent", lambda: machine.not_sent(self.attempt, now=self.now))

    @rule()
    def lose_sight(self) -> None:
        self._do("lose_sight", lambda: machine.lose_sight(self.attempt, "?", now=self.now))

    @rule()
    def taken(self) -> None:
        self._settle("take", self._evidence(Taken(PRICE, self.now)))

    @rule()
    def ended(self) -> None:
        self._settle("end", self._evidence(Ended(NO_FUNDS)))

    @rule()
    def waiting(self) -> None:
        self._settle("wait", self._evidence(Waiting("https://bank.test/")))

    @rule()
    def held(self) -> None:
        self._settle("hold", self._evidence(Held()))

    @rule(wrong=st.sampled_from(["amount", "captured", "currency", "test", "status", "id"]))
    def mismatch(self, wrong: str) -> None:
        if wrong == "id" and external_id_of(self.attempt) is None:
            return
        less = Money.of(100, "RUB")
        evidence = {
            "amount": self._evidence(Taken(PRICE, self.now), money=less),
            "captured": self._evidence(Taken(less, self.now)),
            "currency": self._evidence(Waiting(), money=Money.of(49900, "USD")),
            "test": Evidence(
                external_id=external_id_of(self.attempt) or "ext-1",
                money=PRICE,
                test=False,
                outcome=Taken(PRICE, self.now),
            ),
            "status": self._evidence(Strange("levitating")),
            "id": Evidence(
                external_id="another", money=PRICE, test=True, outcome=Taken(PRICE, self.now)
            ),
        }[wrong]
        self._settle("mismatch", evidence)

    @rule()
    def refuse(self) -> None:
        self._do("refuse", lambda: machine.refuse(self.attempt, "no", now=self.now))

    @rule()
    def expire(self) -> None:
        self._do("expire", lambda: machine.expire(self.attempt, now=self.now))

    @rule()
    def cancel(self) -> None:
        self._do("cancel", lambda: machine.cancel(self.attempt, "no", now=self.now))

    @rule()
    def dispute(self) -> None:
        self._do("dispute", lambda: machine.dispute(self.attempt, now=self.now))

    @rule(amount=st.integers(-10, 60_000))
    def refund(self, amount: int) -> None:
        self.reached.add(self.status)
        allowed = (
            self.status in ("succeeded", "partially_refunded")
            and 0 < amount <= PRICE.amount_minor - self.returned
        )
        try:
            moved, said = machine.refund(self.attempt, Money.of(amount, "RUB"))
        except IllegalMove:
            assert not allowed
            return
        assert allowed
        self.attempt = moved
        self.moves += 1
        self.returned += amount
        whole = self.returned == PRICE.amount_minor
        self.status = "refunded" if whole else "partially_refunded"
        assert status_of(moved) == self.status
        self.events += [event.name for event in said]

    @rule()
    def ask_again(self) -> None:
        asked = machine.ask_again(self.attempt, now=self.now)
        if self.status not in _OPEN or self.status == "review":
            assert asked is self.attempt
            return
        assert asked.next_ask_at is not None
        assert asked.next_ask_at > self.now
        assert status_of(asked) == self.status
        assert asked.asked == self.attempt.asked + 1
        self.attempt = asked
        self.moves += 1

    @precondition(lambda self: self.status in ("succeeded", "partially_refunded"))
    @rule()
    def the_rest_goes_back(self) -> None:
        self.refund(PRICE.amount_minor - self.returned)
        assert self.status == "refunded"

    @invariant()
    def money_is_taken_once_and_only_given_back(self) -> None:
        assert self.events.count("payment.succeeded") <= 1
        assert self.attempt.is_captured == (self.status in _CAPTURED)
        assert self.attempt.is_open == (self.status in _OPEN)
        assert 0 <= self.returned <= PRICE.amount_minor

    @invariant()
    def the_version_counts_the_moves(self) -> None:
        assert self.attempt.version == 1 + self.moves

    @invariant()
    def what_is_decided_is_not_asked_for(self) -> None:
        if self.status in (*_CLOSED, *_CAPTURED):
            assert self.attempt.next_ask_at is None


def test_an_attempt_goes_as_the_table_says_from_wherever_it_is() -> None:
    AttemptMachine.reached.clear()
    run_state_machine_as_test(
        AttemptMachine,
        settings=settings(max_examples=500, stateful_step_count=30, deadline=None, print_blob=True),
    )
    assert AttemptMachine.reached == {*_OPEN, *_CLOSED, *_CAPTURED}
