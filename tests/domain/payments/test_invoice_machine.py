"""The invoice and its chain against a naive model; folding the chain always gives the state."""

from uuid import uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain.payments import invoice as machine
from domain.payments.declines import DeclineReason
from domain.payments.invoice import IllegalInvoiceMove, fold, status_of
from domain.payments.invoice_events import InvoiceEvent
from domain.shared.ids import AttemptId, RefundId
from domain.shared.money import Money
from tests.builders import PRICE, an_invoice


class InvoiceMachine(RuleBasedStateMachine):
    """The model: a status, the open attempt, the paying attempt, the refund under way."""

    @initialize(free=st.booleans())
    def issue(self, free: bool) -> None:
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
        self._issued_events(free)

    def _issued_events(self, free: bool) -> None:
        from domain.payments import invoice_events as chain

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
        assert moved.length == before.length + len(said)
        self.invoice = moved
        self.chain += said
        self.status = status or self.status
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
        attempt = self._some(data)
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
        if self.money.is_zero:
            return
        attempt = self._some(data)
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
        attempt = self._some(data)
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

    @invariant()
    def it_is_paid_once(self) -> None:
        if hasattr(self, "invoice"):
            paid = [e for e in self.chain if e.name in ("invoice.paid", "invoice.late_paid")]
            assert len(paid) <= 1


TestInvoiceMachine = InvoiceMachine.TestCase
TestInvoiceMachine.settings = settings(
    max_examples=150, stateful_step_count=30, deadline=None, print_blob=True
)
