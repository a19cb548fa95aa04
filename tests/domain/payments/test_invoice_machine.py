"""The invoice and its chain against a naive model; folding the chain always gives the state."""

from typing import ClassVar, get_args
from uuid import uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from domain.payments import invoice as machine
from domain.payments import invoice_events as chain
from domain.payments.declines import DeclineReason
from domain.payments.invoice import IllegalInvoiceMove, fold, status_of
from domain.payments.invoice_events import InvoiceEvent
from domain.shared.ids import AttemptId, RefundId
from domain.shared.money import Money
from tests.builders import PRICE, an_invoice

# How stories begin, so that play goes on from everywhere and not mostly from the start.
BEGINNINGS = (
    "",
    "pay_attempt",
    "pay_attempt cancel",
    "pay_attempt fail",
    "pay_attempt review",
    "pay_attempt cancel review",
    "cancel",
    "expire",
    "pay_attempt paid",
    "pay_attempt paid refund_half",
    "pay_attempt paid refund_half returned",
    "pay_attempt paid refund_half returned refund_all",
    "pay_attempt paid refund_all returned",
)


class InvoiceMachine(RuleBasedStateMachine):
    """The model: a status, the open attempt, the paying attempt, the refund under way."""

    reached: ClassVar[set[str]] = set()

    @initialize(
        free=st.sampled_from([False, False, False, False, True]),
        beginning=st.sampled_from(BEGINNINGS),
    )
    def issue(self, free: bool, beginning: str) -> None:
        self._issue(free)
        play = {
            "pay_attempt": self.start_payment,
            "cancel": self.cancel,
            "expire": self.expire,
            "fail": lambda: self._attempt_failed(self.seen[-1]),
            "review": lambda: self._review(self.seen[-1]),
            "paid": lambda: self._paid(self.seen[-1]),
            "refund_half": lambda: self.request_refund(2),
            "refund_all": lambda: self.request_refund(1),
            "returned": lambda: self.refund_succeeded(True),
        }
        for move in () if free else beginning.split():
            play[move]()

    def _issue(self, free: bool) -> None:
        money = Money.zero(PRICE.currency) if free else PRICE
        self.invoice = an_invoice(money)
        self.money = money
        self.status = "paid" if free else "issued"
        self.open: AttemptId | None = None
        self.payer: AttemptId | None = None
        self.refund: RefundId | None = None
        self.refund_minor = 0
        self.returned = 0
        self.seen: list[AttemptId] = []
        self.chain: list[InvoiceEvent] = []
        self.moves = 0
        self.chain.append(
            chain.Issued(
                invoice_id=self.invoice.id, customer_id=self.invoice.customer_id, money=self.money
            )
        )
        if free:
            self.chain.append(
                chain.Paid(invoice_id=self.invoice.id, payment_id=None, money=self.money)
            )

    def _do(self, allowed: bool, act, status: str | None = None) -> bool:  # type: ignore[no-untyped-def]
        before = self.invoice
        try:
            moved, said = act()
        except IllegalInvoiceMove:
            assert not allowed, (self.status, act)
            return False
        assert allowed, self.status
        assert len(said) <= 1
        assert (moved is before) == (not said)
        self.moves += len(said)
        self.invoice = moved
        self.chain += said
        self.status = status or self.status
        self.reached.add(self.status)
        return bool(said)

    @rule()
    def start_payment(self) -> None:
        attempt = AttemptId(uuid4())
        if self._do(
            self.status == "issued",
            lambda: machine.start_payment(self.invoice, attempt),
            "processing",
        ):
            self.open = attempt
            self.seen.append(attempt)

    def _some(self, data: st.DataObject) -> AttemptId:
        return data.draw(st.sampled_from([*self.seen, AttemptId(uuid4())]))

    @rule(data=st.data())
    def attempt_failed(self, data: st.DataObject) -> None:
        self._attempt_failed(self._some(data))

    def _attempt_failed(self, attempt: AttemptId) -> None:
        counts = attempt == self.open and self.status in ("processing", "canceling", "review")
        after = "canceled" if self.status == "canceling" else "issued"
        self._do(
            True,
            lambda: machine.attempt_failed(self.invoice, attempt, DeclineReason.INSUFFICIENT_FUNDS),
            after if counts else None,
        )
        if counts:
            self.open = None

    @rule(data=st.data())
    def paid(self, data: st.DataObject) -> None:
        if not self.money.is_zero:
            self._paid(self._some(data))

    def _paid(self, attempt: AttemptId) -> None:
        was_paid = self.payer is not None
        said = self._do(
            True,
            lambda: machine.pay(self.invoice, attempt, self.money),
            None if was_paid else "paid",
        )
        # The paying attempt again says nothing; another one is told of as a second payment.
        assert said == (not was_paid or attempt != self.payer)
        if not was_paid:
            self.payer, self.open = attempt, None

    @rule()
    def cancel(self) -> None:
        quiet = self.status in ("canceling", "canceled")
        allowed = quiet or self.status in ("issued", "processing")
        after = {"issued": "canceled", "processing": "canceling"}.get(self.status)
        self._do(allowed, lambda: machine.cancel(self.invoice, "no"), after)

    @rule()
    def expire(self) -> None:
        allowed = self.status in ("issued", "expired", "canceled")
        after = "expired" if self.status == "issued" else None
        self._do(allowed, lambda: machine.expire(self.invoice), after)

    @rule(data=st.data())
    def review(self, data: st.DataObject) -> None:
        self._review(self._some(data))

    def _review(self, attempt: AttemptId) -> None:
        counts = self.status in ("issued", "processing", "canceling", "canceled", "expired")
        self._do(
            True,
            lambda: machine.review(self.invoice, attempt, ("amount",)),
            "review" if counts else None,
        )
        if counts:
            self.open = attempt

    @rule(share=st.integers(1, 3))
    def request_refund(self, share: int) -> None:
        refund = RefundId(uuid4())
        left = self.money.amount_minor - self.returned
        amount = max(1, left // share)
        allowed = self.payer is not None and self.status in ("paid", "partially_refunded")
        if self._do(
            allowed,
            lambda: machine.request_refund(self.invoice, refund, Money.of(amount, "RUB")),
            "refunding",
        ):
            self.refund, self.refund_minor = refund, amount

    @rule(known=st.booleans())
    def refund_succeeded(self, known: bool) -> None:
        refund = self.refund if known and self.refund else RefundId(uuid4())
        counts = self.status == "refunding" and refund == self.refund
        if counts:
            self.returned += self.refund_minor
        whole = self.returned == self.money.amount_minor
        self._do(
            True,
            lambda: machine.refund_succeeded(
                self.invoice, refund, Money.of(self.refund_minor, "RUB")
            ),
            ("refunded" if whole else "partially_refunded") if counts else None,
        )

    @rule()
    def refund_declined(self) -> None:
        refund = self.refund or RefundId(uuid4())
        counts = self.status == "refunding"
        back = "partially_refunded" if self.returned else "paid"
        self._do(
            True,
            lambda: machine.refund_declined(self.invoice, refund),
            back if counts else None,
        )

    @invariant()
    def the_fold_of_the_chain_is_the_state(self) -> None:
        if not hasattr(self, "invoice"):
            return
        assert status_of(self.invoice.state) == self.status
        assert fold(self.chain, self.money) == self.invoice.state
        assert len(self.chain) == self.invoice.length
        assert self.invoice.version == 1 + self.moves

    @invariant()
    def it_is_paid_once(self) -> None:
        if hasattr(self, "invoice"):
            paid = [e for e in self.chain if e.name in ("invoice.paid", "invoice.late_paid")]
            assert len(paid) <= 1


def test_an_invoice_goes_as_the_model_says_from_wherever_it_is() -> None:
    InvoiceMachine.reached.clear()
    run_state_machine_as_test(
        InvoiceMachine,
        settings=settings(max_examples=500, stateful_step_count=25, deadline=None, print_blob=True),
    )
    assert InvoiceMachine.reached == {_status(kind) for kind in get_args(machine.State)}


def _status(kind: type) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in kind.__name__).lstrip("_")
