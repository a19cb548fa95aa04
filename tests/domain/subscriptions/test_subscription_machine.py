"""A subscription over years of days, charges and second thoughts, against a naive model.

The model keeps what a customer could write down: until when it is paid, how often the bank said
no, whether they asked to stop. Time only goes forward; answers come late, twice and unasked.
"""

from datetime import datetime, timedelta
from uuid import uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from domain.shared.calendar import Period, business_day
from domain.shared.errors import InvalidValue
from domain.shared.ids import InvoiceId
from domain.subscriptions import lifecycle
from domain.subscriptions.lifecycle import IllegalSubscriptionMove
from domain.subscriptions.model import Renewal, access_until, has_access, status_of
from domain.subscriptions.renewal import Due, due, renew_at
from tests.builders import MOSCOW, NOON, a_subscription

GRACE = timedelta(hours=72)
_OVER = ("canceled", "expired")


class SubscriptionMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.sub = a_subscription()
        self.now = NOON
        self.periods: list[Period] = []
        self.tries: list[datetime] = []
        self.stopping = False
        self.invoice: InvoiceId | None = None
        self.old: list[InvoiceId] = []

    @property
    def status(self) -> str:
        return status_of(self.sub.state)

    @rule(hours=st.integers(1, 24 * 40))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule()
    def the_daily_run(self) -> None:
        match due(self.sub, now=self.now, zone=MOSCOW):
            case Due(period):
                assert not self.stopping, "somebody who stopped is charged"
                assert self.sub.charge is None, "charged while a charge is open"
                assert self.status in ("active", "past_due")
                assert period.start == self.periods[-1].end, "a gap or an overlap"
                today = business_day(self.now, MOSCOW)
                spent = [t for t in self.tries if t >= self.periods[-1].end - timedelta(days=1)]
                assert today not in [business_day(t, MOSCOW) for t in spent], "twice in a day"
                assert len(spent) < 4, "more tries than the plan has"
                self._open()
                self.tries.append(self.now)
            case _:
                pass

    def _open(self) -> None:
        self.invoice = InvoiceId(uuid4())
        self.sub, _ = lifecycle.open_charge(self.sub, self.invoice, now=self.now)
        self.old.append(self.invoice)

    @rule()
    def a_first_invoice_is_paid_for(self) -> None:
        if self.status == "created" and self.sub.charge is None:
            self._open()

    @rule()
    def a_second_charge_is_refused(self) -> None:
        if self.sub.charge is None:
            return
        try:
            lifecycle.open_charge(self.sub, InvoiceId(uuid4()), now=self.now)
        except IllegalSubscriptionMove:
            return
        raise AssertionError("two charges are open at once")

    @rule()
    def the_bank_says_yes(self) -> None:
        if self.invoice is None:
            return
        before = self.status
        self.sub, period, said = lifecycle.grant(
            self.sub, self.invoice, method_id=None, now=self.now, zone=MOSCOW
        )
        self.invoice = None
        if before == "canceled":
            assert period is None
            assert [e.name for e in said] == ["subscription.paid_after_cancel"]
            return
        assert period is not None
        if before in ("active", "past_due", "paused"):
            assert period.start == self.periods[-1].end, "days were lost or given away"
        else:
            assert period.start == max(self.now, period.start)
        assert all(not period.overlaps(other) for other in self.periods)
        self.periods.append(period)
        if before == "expired":
            self.tries.clear()

    @rule(retryable=st.booleans())
    def the_bank_says_no(self, retryable: bool) -> None:
        if self.invoice is None:
            return
        before = self.status
        self.sub, said = lifecycle.charge_failed(
            self.sub,
            self.invoice,
            "no",
            retryable=retryable,
            now=self.now,
            zone=MOSCOW,
        )
        self.invoice = None
        if before in ("active", "past_due") and not self.stopping:
            assert self.status == "past_due"
            at = renew_at(self.sub)
            if not retryable:
                assert at is None
            if at is not None:
                assert business_day(at, MOSCOW) > business_day(self.now, MOSCOW)
                assert at <= self.periods[-1].end + GRACE
        else:
            assert self.status == before
            assert said == []

    @rule()
    def the_customer_gives_up_a_checkout(self) -> None:
        if self.invoice is not None:
            before = self.sub.state
            self.sub = lifecycle.release_charge(self.sub, self.invoice)
            assert self.sub.state == before
            self.invoice = None

    @rule()
    def the_customer_stops(self) -> None:
        was_over = self.status in _OVER
        before = self.sub
        self.sub, _ = lifecycle.stop_renewal(self.sub, now=self.now)
        if was_over:
            assert self.sub is before
        else:
            self.stopping = True
            assert renew_at(self.sub) is None

    @rule()
    def the_customer_thinks_better_of_it(self) -> None:
        paid = self.status in ("active", "past_due", "paused")
        allowed = paid and self.now < self._end()
        try:
            self.sub, _ = lifecycle.resume_renewal(self.sub, now=self.now)
        except IllegalSubscriptionMove:
            assert not allowed
            return
        assert allowed
        self.stopping = False

    def _end(self) -> datetime:
        return self.sub.state.period.end  # type: ignore[union-attr]

    @rule(days=st.integers(-1, 32))
    def pause(self, days: int) -> None:
        before_end = self._end() if self.status == "active" else None
        try:
            self.sub, _ = lifecycle.pause(self.sub, days, now=self.now)
        except (IllegalSubscriptionMove, InvalidValue):
            return
        assert 1 <= days <= 30
        assert before_end is not None
        assert self._end() == before_end + timedelta(days=days)
        last = self.periods[-1]
        self.periods[-1] = Period(last.start, last.end + timedelta(days=days))

    @rule()
    def resume(self) -> None:
        if self.status != "paused":
            return
        before = self._end()
        self.sub, _ = lifecycle.resume(self.sub, now=self.now)
        last = self.periods[-1]
        self.periods[-1] = Period(last.start, last.end - (before - self._end()))

    @rule()
    def the_nightly_expiry(self) -> None:
        before, since = self.sub, self.sub.charge.since if self.sub.charge else None
        if self.status == "paused":
            end = self._end()
            self.sub, _ = lifecycle.lapse(self.sub, now=self.now)
            assert self.status in ("paused", "active")
            assert self._end() == end
            return
        self.sub, _ = lifecycle.lapse(self.sub, now=self.now)
        if self.sub is before:
            return
        end = self.periods[-1].end
        assert self.status == ("canceled" if self.stopping else "expired")
        assert self.now >= (end if self.stopping else end + GRACE)
        if since is not None:
            assert self.now - since >= timedelta(hours=24), "an answer was not waited for"

    @invariant()
    def access_is_paid_for(self) -> None:
        until = access_until(self.sub)
        if self.status in ("created", "paused", *_OVER):
            assert until is None
            assert not has_access(self.sub, self.now)
        else:
            end = self.periods[-1].end
            automatic = self.sub.renewal is Renewal.AUTOMATIC
            assert until == (end + GRACE if automatic else end)
            if has_access(self.sub, self.now):
                assert self.periods[-1].start <= self.now < until

    @invariant()
    def periods_follow_one_another(self) -> None:
        for earlier, later in zip(self.periods, self.periods[1:], strict=False):
            assert earlier.end <= later.start


TestSubscriptionMachine = SubscriptionMachine.TestCase
TestSubscriptionMachine.settings = settings(
    max_examples=200, stateful_step_count=40, deadline=None, print_blob=True
)
