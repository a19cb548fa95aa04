"""Refund tickets: decided once, by somebody else, and above the limit by two."""

from dataclasses import replace
from datetime import timedelta
from typing import get_args
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.payments import refund_ticket as machine
from domain.payments.refund import RefundExceedsCapture
from domain.payments.refund_ticket import (
    AdminDecides,
    AnotherPersonDecides,
    Approval,
    ApprovalDiffers,
    Moved,
    Reason,
    RefundTicket,
    TicketDecided,
    approve,
    open_ticket,
    propose,
    refund_declined,
    refund_succeeded,
    reject,
    status_of,
)
from domain.shared.errors import InvalidValue
from domain.shared.ids import AttemptId, CustomerId, TicketId
from domain.shared.money import Money
from tests.builders import NOON, PRICE
from tests.domain.tables import REFUSED, UNCHANGED, moves, names

LATER = NOON + timedelta(hours=1)
NOTHING = Money.zero(PRICE.currency)
BY_ANN = Approval(money=PRICE, by="manager:ann", note="fair", at=NOON)
STATES: dict[str, machine.State] = {
    "open": machine.Open(),
    "awaiting_second": machine.AwaitingSecond(BY_ANN),
    "approved": machine.Approved(BY_ANN),
    "rejected": machine.Rejected("manager:ann", "no", NOON),
    "refunded": machine.Refunded(BY_ANN, NOON),
    "failed": machine.Failed(BY_ANN, "no money", NOON),
}
TABLE = moves(
    """
                     approve    endorse          reject    succeed   decline
    open             approved   awaiting_second  rejected  .         .
    awaiting_second  approved   approved         rejected  .         .
    approved         !          !                !         refunded  failed
    rejected         !          !                !         .         .
    refunded         !          !                !         .         .
    failed           !          !                !         .         .
    """
)


def a_ticket(**changed: object) -> RefundTicket:
    made = RefundTicket(
        id=TicketId(uuid4()),
        attempt_id=AttemptId(uuid4()),
        customer_id=CustomerId(uuid4()),
        reason=Reason.DUPLICATE,
        text="",
        money=PRICE,
        opened_by="customer:c",
        state=machine.Open(),
        created_at=NOON,
    )
    return replace(made, **changed)  # type: ignore[arg-type]


def approved(
    ticket: RefundTicket,
    money: Money | None = None,
    *,
    by: str = "admin:ada",
    limit_minor: int = PRICE.amount_minor,
    spoken_for: Money = NOTHING,
) -> Moved:
    return approve(
        ticket,
        money,
        by=by,
        note="fair",
        spoken_for=spoken_for,
        limit_minor=limit_minor,
        now=LATER,
    )


VERBS = {
    "approve": approved,
    "endorse": lambda ticket: approved(ticket, limit_minor=0),
    "reject": lambda ticket: reject(ticket, by="manager:bob", note="no", now=LATER),
    "succeed": lambda ticket: refund_succeeded(ticket, now=LATER),
    "decline": lambda ticket: refund_declined(ticket, "no money", now=LATER),
}


@pytest.mark.parametrize(("state", "verb", "after"), TABLE, ids=names(TABLE))
def test_every_move_is_the_table_s(state: str, verb: str, after: str) -> None:
    ticket = a_ticket(state=STATES[state])
    if after == REFUSED:
        with pytest.raises(TicketDecided):
            VERBS[verb](ticket)
        return
    moved, events = VERBS[verb](ticket)
    if after == UNCHANGED:
        assert (moved, events) == (ticket, [])
        return
    assert (status_of(moved), moved.version) == (after, ticket.version + 1)
    [event] = events
    told = {"awaiting_second": "endorsed"}.get(after, after)
    assert event.name == f"refund_ticket.{told}"
    assert (event.aggregate_id, event.payment_id) == (ticket.id, ticket.attempt_id)


def test_the_states_are_all_here() -> None:
    assert {type(state) for state in STATES.values()} == set(get_args(machine.State))


REFUSALS = {
    "one's own ticket": ({"opened_by": "service:ada"}, {}, AnotherPersonDecides),
    "more than was asked for": ({}, {"money": PRICE + PRICE}, ApprovalDiffers),
    "nothing": ({}, {"money": NOTHING}, ApprovalDiffers),
    "the first again": (
        {"state": STATES["awaiting_second"]},
        {"by": "admin:ann"},
        AnotherPersonDecides,
    ),
    "the opener second": (
        {"state": STATES["awaiting_second"], "opened_by": "service:ada"},
        {},
        AnotherPersonDecides,
    ),
    "no admin": ({"state": STATES["awaiting_second"]}, {"by": "manager:bob"}, AdminDecides),
    "another amount": (
        {"state": STATES["awaiting_second"]},
        {"money": Money.of(1, "RUB")},
        ApprovalDiffers,
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_an_approval_is_refused_where(case: str) -> None:
    ticket, given, error = REFUSALS[case]
    with pytest.raises(error):
        approved(a_ticket(**ticket), **given)  # type: ignore[arg-type]


def test_above_the_limit_two_different_people_agree_to_the_same() -> None:
    first, _ = approved(a_ticket(), by="manager:ann", limit_minor=PRICE.amount_minor - 1)
    both, _ = approved(first, PRICE)
    assert isinstance(both.state, machine.Approved)
    assert (both.state.approval.by, both.state.approval.second) == ("manager:ann", "admin:ada")


def test_what_went_back_before_counts_towards_the_limit() -> None:
    part = Money.of(100, "RUB")
    below, _ = approved(a_ticket(money=part), spoken_for=part, limit_minor=200)
    above, _ = approved(a_ticket(money=part), spoken_for=part, limit_minor=199)
    assert (status_of(below), status_of(above)) == ("approved", "awaiting_second")


def test_who_opens_of_their_own_accord_is_the_first_and_never_the_second() -> None:
    mine = a_ticket(opened_by="admin:ada", text="a broken disc")
    ticket, events = propose(mine, captured=PRICE, spoken_for=NOTHING)
    assert [event.name for event in events] == ["refund_ticket.opened", "refund_ticket.endorsed"]
    with pytest.raises(AnotherPersonDecides):
        approved(ticket)
    assert status_of(approved(ticket, by="admin:zoe")[0]) == "approved"


@given(asked=st.integers(-5, 60_000), before=st.integers(0, PRICE.amount_minor))
def test_no_more_is_asked_for_than_is_left(asked: int, before: int) -> None:
    ticket = a_ticket(money=Money.of(asked, "RUB"))
    try:
        open_ticket(ticket, captured=PRICE, spoken_for=Money.of(before, "RUB"))
    except RefundExceedsCapture:
        assert not 0 < asked <= PRICE.amount_minor - before
    else:
        assert 0 < asked <= PRICE.amount_minor - before


def test_another_reason_is_told_in_words() -> None:
    with pytest.raises(InvalidValue):
        open_ticket(a_ticket(reason=Reason.OTHER, text=" "), captured=PRICE, spoken_for=NOTHING)
