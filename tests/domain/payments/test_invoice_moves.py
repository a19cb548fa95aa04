"""Every state of an invoice and every verb; the chain each move adds, and chains that cannot be."""

from collections.abc import Callable
from typing import get_args
from uuid import uuid4

import pytest

from domain.payments import invoice as machine
from domain.payments import invoice_events as chain
from domain.payments.declines import DeclineReason
from domain.payments.invoice import (
    BrokenChain,
    IllegalInvoiceMove,
    Invoice,
    Moved,
    apply,
    fold,
    status_of,
)
from domain.shared.errors import InvalidValue
from domain.shared.ids import AttemptId, CustomerId, InvoiceId, RefundId
from domain.shared.money import Money
from tests.builders import NOON, PRICE, an_invoice
from tests.domain import tables

OURS, OTHER = AttemptId(uuid4()), AttemptId(uuid4())
REFUND = RefundId(uuid4())
SOME = Money.of(10000, "RUB")
NOTHING = Money.zero(PRICE.currency)

STATES: dict[str, machine.State] = {
    "issued": machine.Issued(),
    "processing": machine.Processing(OURS),
    "canceling": machine.Canceling(OURS, "no"),
    "review": machine.Review(OURS),
    "paid": machine.Paid(OURS),
    "canceled": machine.Canceled("no"),
    "expired": machine.Expired(),
    "refunding": machine.Refunding(OURS, REFUND, NOTHING),
    "partially_refunded": machine.PartiallyRefunded(OURS, SOME),
    "refunded": machine.Refunded(OURS),
}

# `late` is the money of another attempt than the one the state knows.
ABOUT_MONEY = """
                    start       failed    pay   late  review
issued              processing  .         paid  paid  review
processing          !           issued    paid  paid  review
canceling           !           canceled  paid  paid  review
review              !           issued    paid  paid  .
paid                !           .         .     twice .
canceled            !           .         paid  paid  review
expired             !           .         paid  paid  review
refunding           !           .         .     twice .
partially_refunded  !           .         .     twice .
refunded            !           .         .     twice .
"""
ABOUT_ENDS = """
                    cancel     expire   refund     returned  not_returned
issued              canceled   expired  !          .         .
processing          canceling  !        !          .         .
canceling           .          !        !          .         .
review              !          !        !          .         .
paid                !          !        refunding  .         .
canceled            .          .        !          .         .
expired             !          .        !          .         .
refunding           !          !        !          refunded  paid
partially_refunded  !          !        refunding  .         .
refunded            !          !        !          .         .
"""
MOVES = tables.moves(ABOUT_MONEY, ABOUT_ENDS)

VERBS: dict[str, Callable[[Invoice], Moved]] = {
    "start": lambda i: machine.start_payment(i, OURS),
    "failed": lambda i: machine.attempt_failed(i, OURS, DeclineReason.INSUFFICIENT_FUNDS),
    "pay": lambda i: machine.pay(i, OURS, PRICE),
    "late": lambda i: machine.pay(i, OTHER, PRICE),
    "review": lambda i: machine.review(i, OURS, ("amount",)),
    "cancel": lambda i: machine.cancel(i, "no"),
    "expire": machine.expire,
    "refund": lambda i: machine.request_refund(i, REFUND, PRICE),
    "returned": lambda i: machine.refund_succeeded(i, REFUND, PRICE),
    "not_returned": lambda i: machine.refund_declined(i, REFUND),
}


@pytest.mark.parametrize(("status", "verb", "follows"), MOVES, ids=tables.names(MOVES))
def test_a_move_is_in_the_table(status: str, verb: str, follows: str) -> None:
    invoice = an_invoice(state=STATES[status])

    if follows == tables.REFUSED:
        with pytest.raises(IllegalInvoiceMove) as refused:
            VERBS[verb](invoice)
        assert refused.value.invoice_id == invoice.id
        assert status in str(refused.value)
        return
    moved, said = VERBS[verb](invoice)

    if follows == tables.UNCHANGED:
        assert moved is invoice
        assert said == []
        return
    if follows == "twice":
        assert moved.state == invoice.state
        assert [type(event) for event in said] == [chain.PaidTwice]
    else:
        assert status_of(moved.state) == follows
    assert (moved.version, moved.length) == (invoice.version + 1, invoice.length + 1)
    assert len(said) == 1
    assert said[0].aggregate_id == invoice.id
    assert moved.money == invoice.money


def test_the_table_speaks_of_every_state_and_verb() -> None:
    assert {status for status, _, _ in MOVES} == set(STATES)
    assert {verb for _, verb, _ in MOVES} == set(VERBS)
    assert {type(state) for state in STATES.values()} == set(get_args(machine.State))


@pytest.mark.parametrize("status", ["processing", "canceling", "review"])
def test_only_the_open_attempt_can_fail(status: str) -> None:
    invoice = an_invoice(state=STATES[status])
    assert machine.attempt_failed(invoice, OTHER, "expired") == (invoice, [])


def test_an_invoice_can_be_paid_in_the_ordinary_way_while_it_is_open() -> None:
    is_open = {status for status, state in STATES.items() if an_invoice(state=state).is_open}
    assert is_open == {"issued", "processing", "canceling", "review"}


def test_the_reason_of_a_cancel_outlives_the_wait_for_the_gateway() -> None:
    wished, _ = machine.cancel(an_invoice(state=STATES["processing"]), "a mistake")
    ended, _ = machine.attempt_failed(wished, OURS, "expired")
    assert ended.state == machine.Canceled("a mistake")


@pytest.mark.parametrize("verb", ["pay", "late"])
@pytest.mark.parametrize("status", ["canceled", "expired"])
def test_money_after_the_end_is_told_of_as_late(status: str, verb: str) -> None:
    moved, (told,) = VERBS[verb](an_invoice(state=STATES[status]))
    assert isinstance(told, chain.LatePaid)
    assert moved.state == machine.Paid(OURS if verb == "pay" else OTHER)


def test_refunds_add_up_and_a_declined_one_leaves_what_went_back_before() -> None:
    invoice = an_invoice(state=STATES["paid"])
    first, second = RefundId(uuid4()), RefundId(uuid4())

    invoice, _ = machine.request_refund(invoice, first, SOME)
    invoice, _ = machine.refund_succeeded(invoice, first, SOME)
    assert invoice.state == machine.PartiallyRefunded(OURS, SOME)
    invoice, _ = machine.request_refund(invoice, second, PRICE - SOME)
    assert machine.refund_declined(invoice, first) == (invoice, []), "a late answer to the first"
    declined, _ = machine.refund_declined(invoice, second)
    assert declined.state == machine.PartiallyRefunded(OURS, SOME)
    whole, _ = machine.refund_succeeded(invoice, second, PRICE - SOME)
    assert whole.state == machine.Refunded(OURS)


def test_nothing_goes_back_for_what_cost_nothing() -> None:
    with pytest.raises(IllegalInvoiceMove):
        machine.request_refund(an_invoice(NOTHING), REFUND, SOME)


def test_an_invoice_for_nothing_is_paid_at_once_by_nobody() -> None:
    free, said = _issue(NOTHING)
    assert free.state == machine.Paid(None)
    assert [event.name for event in said] == ["invoice.issued", "invoice.paid"]
    assert fold(said, NOTHING) == free.state
    assert (free.length, free.version) == (2, 1)
    with pytest.raises(IllegalInvoiceMove):
        machine.start_payment(free, OURS)


def test_an_invoice_never_asks_for_less_than_nothing() -> None:
    with pytest.raises(InvalidValue):
        _issue(Money.of(-1, "RUB"))


def _issue(money: Money) -> Moved:
    return machine.issue(
        InvoiceId(uuid4()),
        CustomerId(uuid4()),
        machine.Purchase("1"),
        money,
        description="A disc",
        now=NOON,
        due_at=NOON,
    )


def _events() -> dict[str, chain.InvoiceEvent]:
    key = InvoiceId(uuid4())
    said: list[chain.InvoiceEvent] = [
        chain.Issued(invoice_id=key, customer_id=CustomerId(uuid4()), money=PRICE),
        chain.PaymentCreated(invoice_id=key, payment_id=OURS),
        chain.AttemptFailed(invoice_id=key, payment_id=OURS, reason="expired"),
        chain.Paid(invoice_id=key, payment_id=OURS, money=PRICE),
        chain.LatePaid(invoice_id=key, payment_id=OURS, money=PRICE),
        chain.PaidTwice(invoice_id=key, payment_id=OTHER, money=PRICE),
        chain.CancelRequested(invoice_id=key, why="no"),
        chain.Canceled(invoice_id=key, why="no"),
        chain.Expired(invoice_id=key),
        chain.CancelWithdrawn(invoice_id=key),
        chain.Reissued(invoice_id=key, due_at=NOON),
        chain.RefundRequested(invoice_id=key, refund_id=REFUND, money=PRICE),
        chain.RefundSucceeded(invoice_id=key, refund_id=REFUND, returned=PRICE),
        chain.RefundDeclined(invoice_id=key, refund_id=REFUND, returned=NOTHING),
        chain.MismatchDetected(invoice_id=key, payment_id=OURS, differences=("amount",)),
    ]
    return {event.name.removeprefix("invoice."): event for event in said}


EVENTS = _events()
# The chain as the card spec draws it: what may follow in which state, and where it leads.
CHAIN = {
    "issued": "payment_created paid canceled expired mismatch_detected",
    "processing": "attempt_declined paid cancel_requested mismatch_detected",
    "canceling": "attempt_declined paid mismatch_detected cancel_withdrawn",
    "review": "attempt_declined paid",
    "paid": "paid_twice refund_requested",
    "canceled": "late_paid mismatch_detected reissued",
    "expired": "late_paid mismatch_detected reissued",
    "refunding": "paid_twice refund_succeeded refund_declined",
    "partially_refunded": "paid_twice refund_requested",
    "refunded": "paid_twice",
}


@pytest.mark.parametrize("status", STATES)
@pytest.mark.parametrize("name", EVENTS)
def test_a_replay_refuses_what_cannot_have_happened(status: str, name: str) -> None:
    if name in CHAIN[status].split():
        apply(STATES[status], EVENTS[name], PRICE)
        return
    with pytest.raises(BrokenChain, match=status):
        apply(STATES[status], EVENTS[name], PRICE)


def test_every_event_of_a_chain_is_known_to_the_replay() -> None:
    declared = {kind for kind in vars(chain).values() if isinstance(kind, type)}
    kinds = {kind for kind in declared if issubclass(kind, chain.InvoiceEvent)}
    assert {type(event) for event in EVENTS.values()} == kinds - {chain.InvoiceEvent}


@pytest.mark.parametrize("name", sorted(set(EVENTS) - {"issued"}))
def test_a_chain_begins_with_its_issue(name: str) -> None:
    with pytest.raises(BrokenChain, match="beginning"):
        fold([EVENTS[name]], PRICE)


def test_a_chain_is_not_empty() -> None:
    with pytest.raises(InvalidValue):
        fold([], PRICE)


def test_a_chain_that_lost_an_event_is_found_out() -> None:
    whole = [
        EVENTS[name]
        for name in ("issued", "payment_created", "attempt_declined", "payment_created", "paid")
    ]
    assert fold(whole, PRICE) == machine.Paid(OURS)
    with pytest.raises(BrokenChain):
        fold([*whole[:2], *whole[3:]], PRICE)
