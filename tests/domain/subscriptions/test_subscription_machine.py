"""A subscription over years of days, charges and second thoughts, against a card of paper.

Time only goes forward; answers come late, twice, out of order and unasked; refused moves are
played too.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
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

from domain.shared.calendar import Interval, Unit
from domain.shared.errors import InvalidValue
from domain.shared.ids import InvoiceId, MethodId
from domain.subscriptions import lifecycle, pauses
from domain.subscriptions.model import (
    CardTerms,
    Created,
    PastDue,
    Paused,
    Renewal,
    access_until,
    awake,
    has_access,
    status_of,
)
from domain.subscriptions.moves import IllegalSubscriptionMove
from domain.subscriptions.renewal import Blocked, Due, NotDue, due, expires_at, renew_at
from tests.builders import a_subscription
from tests.domain.subscriptions.index_card import CLOSED, DAY, Card

ZONES = ("Europe/Moscow", "Europe/Berlin", "America/New_York", "Pacific/Apia")
# Month ends, a leap day, and days on which clocks change.
STARTS = (
    datetime(2026, 1, 31, 12, tzinfo=UTC),
    datetime(2028, 2, 29, 0, 30, tzinfo=UTC),
    datetime(2026, 3, 28, 23, 30, tzinfo=UTC),
    datetime(2026, 10, 24, 23, 45, tzinfo=UTC),
    datetime(2026, 12, 31, 20, 59, tzinfo=UTC),
)
DUNNING = (
    ((0, 1, 2, 3), timedelta(hours=72)),
    ((0,), timedelta()),
    ((0, 3, 7), timedelta(days=7, hours=12)),
)
INTERVALS = ((1, "month"), (1, "year"), (3, "month"), (7, "day"), (1, "day"))


class SubscriptionMachine(RuleBasedStateMachine):
    reached: ClassVar[set[str]] = set()

    @initialize(
        start=st.sampled_from(STARTS),
        zone=st.sampled_from(ZONES),
        interval=st.sampled_from(INTERVALS),
        dunning=st.sampled_from(DUNNING),
        renewal=st.sampled_from(["automatic", "automatic", "automatic", "manual"]),
        has_method=st.sampled_from([True, True, True, False]),
        begins_in_days=st.sampled_from([0, 0, 0, 20]),
        first=st.sampled_from(["paid", "paid", "paid", "trial", "unpaid"]),
    )
    def subscribe(
        self,
        start: datetime,
        zone: str,
        interval: tuple[int, str],
        dunning: tuple[tuple[int, ...], timedelta],
        renewal: str,
        has_method: bool,
        begins_in_days: int,
        first: str,
    ) -> None:
        begins = start + begins_in_days * DAY
        card = Card(ZoneInfo(zone), interval[1], interval[0], *dunning, renewal, has_method, begins)
        self.card, self.now, self.moves = card, start, 0
        self.invoices: list[InvoiceId] = []
        self.unpaid: list[InvoiceId] = []
        self.is_checkout = False
        card.anchor = card.day(begins).day
        self.sub = a_subscription(
            interval=Interval(interval[0], Unit(interval[1])),
            anchor_day=card.anchor,
            terms=CardTerms(
                provider="test",
                method_id=MethodId(UUID(int=1)) if has_method else None,
                retry_days=dunning[0],
                grace=dunning[1],
            ),
            renewal=Renewal(renewal),
            state=Created(begins),
        )
        if first == "trial":
            self._do(lambda: lifecycle.start_trial(self.sub, 14, now=self.now))
            card.status, card.start, card.end = "active", begins, begins + 14 * DAY
            card.watches_from = begins
            card.granted.append((begins, card.end))
        else:
            self._open(checkout=True)
            if first == "paid":
                self._yes(self.unpaid[0], saves=has_method)

    def _do(self, act: Callable[[], Any]) -> list[str]:
        """Do what must be possible; count the move and name what was told."""
        before = self.sub
        moved = act()
        self.sub, said = moved if isinstance(moved, tuple) else (moved, [])
        self.moves += self.sub is not before
        self.reached.add(f"{status_of(before.state)} {status_of(self.sub.state)}")
        assert all(event.aggregate_id == before.id for event in said)
        return [event.name.removeprefix("subscription.") for event in said]

    def _refused(self, act: Callable[[], Any]) -> None:
        with pytest.raises(IllegalSubscriptionMove) as refused:
            act()
        assert refused.value.subscription_id == self.sub.id

    def _open(self, *, checkout: bool) -> None:
        invoice = InvoiceId(UUID(int=len(self.invoices) + 1))
        assert self._do(lambda: lifecycle.open_charge(self.sub, invoice, now=self.now)) == []
        self.invoices.append(invoice)
        self.unpaid.append(invoice)
        self.card.charge, self.card.charged_at = str(invoice), self.now
        self.is_checkout = checkout

    def _close_charge(self, invoice: InvoiceId) -> bool:
        was_open = self.card.charge == str(invoice)
        if was_open:
            self.card.charge = self.card.charged_at = None
        return was_open

    @rule(hours=st.integers(1, 60))
    def hours_pass(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(minutes=st.sampled_from([-1, 0, 1]))
    def the_next_date_comes(self, minutes: int) -> None:
        """Go to the day of what is planned next, just before or after its midnight or hour."""
        planned = (renew_at(self.sub), expires_at(self.sub))
        ahead = [at for at in planned if at is not None and at > self.now]
        if ahead:
            midnight = self.card.midnight(self.card.day(min(ahead)))
            at = midnight if midnight > self.now else min(ahead)
            self.now = max(self.now, at + timedelta(minutes=minutes))

    @precondition(lambda self: self.card.status not in CLOSED)
    @rule(
        days=st.integers(1, 35),
        bank=st.sampled_from(["yes", "no", "no", "never", "silent"]),
        hour=st.integers(0, 23),
        to_the_end=st.sampled_from([True, False, False]),
    )
    def days_go_by(self, days: int, bank: str, hour: int, to_the_end: bool) -> None:
        """Run the jobs as the timetable does, the bank answering each charge the same way.

        Stops where something has happened, so that people can act there, or goes on.
        """
        before = self.card.status
        for _ in range(days):
            morning = self.card.midnight(self.card.day(self.now) + DAY) + timedelta(hours=hour)
            self.now = max(self.now, morning)
            self.nobody_finishes_the_payment()
            self.the_daily_run()
            if self.card.charge and not self.is_checkout and bank != "silent":
                invoice = InvoiceId(UUID(self.card.charge))
                if bank == "yes":
                    self._yes(invoice, saves=False)
                else:
                    self._no(invoice, retryable=bank == "no", not_before=None)
            self.the_nightly_expiry()
            if self.card.status in CLOSED or (self.card.status != before and not to_the_end):
                return

    @rule()
    def the_daily_run(self) -> None:
        card, today = self.card, self.card.day(self.now)
        answer = due(self.sub, now=self.now, zone=card.zone)
        match answer:
            case NotDue():
                assert card.due(self.now) == "not due"
            case Blocked():
                assert card.due(self.now) == "blocked"
                said = self._do(lambda: self._fail(None, retryable=False, not_before=None))
                assert said == ["renewal_failed"]
                card.decline(self.now, retryable=False, not_before=None)
            case Due(period):
                assert card.due(self.now) == "due"
                assert period.start == card.end
                assert today not in card.days_tried, "charged twice in one day"
                assert card.failures < len(card.retry_days), "more tries than were agreed"
                card.days_tried.append(today)
                self._open(checkout=False)
                assert due(self.sub, now=self.now, zone=card.zone) == NotDue()

    @precondition(lambda self: not self.card.charge)
    @precondition(lambda self: self.card.status in ("created", "active", "past_due"))
    @rule()
    def the_customer_pays_by_hand(self) -> None:
        self._open(checkout=True)

    @precondition(lambda self: self.unpaid)
    @rule(data=st.data(), saves=st.booleans())
    def the_bank_says_yes(self, data: st.DataObject, saves: bool) -> None:
        """To the open charge, or late to one everybody had given up."""
        self._yes(data.draw(st.sampled_from(self.unpaid)), saves=saves)

    def _yes(self, invoice: InvoiceId, *, saves: bool) -> None:
        method = MethodId(UUID(int=2)) if saves else None
        card, before = self.card, self.card.status
        bought = card.pay(self.now)
        periods = []

        def act() -> Any:
            moved, period, said = lifecycle.grant(
                self.sub, invoice, method_id=method, now=self.now, zone=card.zone
            )
            periods.append(period and (period.start, period.end))
            return moved, said

        said = self._do(act)
        assert periods == [bought]
        self.unpaid.remove(invoice)
        self._close_charge(invoice)
        if bought is None:
            assert said == ["paid_after_cancel"]
            return
        card.has_method |= saves
        begins = {"expired": "reactivated", "created": "activated", "canceled": "activated"}
        assert said == [begins.get(before, "renewed")]

    def _fail(
        self, invoice: InvoiceId | None, *, retryable: bool, not_before: datetime | None
    ) -> Any:
        return lifecycle.charge_failed(
            self.sub,
            invoice,
            "no",
            retryable=retryable,
            not_before=not_before,
            now=self.now,
            zone=self.card.zone,
        )

    @precondition(lambda self: self.invoices and not (self.card.charge and self.is_checkout))
    @rule(data=st.data(), retryable=st.booleans(), hours=st.sampled_from([None, 5, 30, 300]))
    def the_bank_says_no(self, data: st.DataObject, retryable: bool, hours: int | None) -> None:
        """To the open charge, or once more to an old one, paid or not."""
        invoice = data.draw(st.sampled_from(self.invoices[-3:]))
        not_before = self.now + timedelta(hours=hours) if hours else None
        self._no(invoice, retryable=retryable, not_before=not_before)

    def _no(self, invoice: InvoiceId, *, retryable: bool, not_before: datetime | None) -> None:
        before, failures = self.sub, self.card.failures
        said = self._do(lambda: self._fail(invoice, retryable=retryable, not_before=not_before))
        if not self._close_charge(invoice):
            assert self.sub is before, "a late decline moved something"
            assert said == []
            return
        self.card.decline(self.now, retryable=retryable, not_before=not_before)
        assert said == (["renewal_failed"] if self.card.failures > failures else [])

    @precondition(lambda self: self.card.charge)
    @rule()
    def nobody_finishes_the_payment(self) -> None:
        """A checkout is abandoned; a charge of the card ends without a verdict after a week."""
        if self.card.charge is None:
            return
        old_enough = self.card.charged_at and self.now - self.card.charged_at >= 7 * DAY
        if self.is_checkout or old_enough:
            invoice = InvoiceId(UUID(self.card.charge))
            state = self.sub.state
            assert self._do(lambda: lifecycle.release_charge(self.sub, invoice)) == []
            assert self.sub.state == state
            self._close_charge(invoice)
            assert lifecycle.release_charge(self.sub, invoice) is self.sub

    @rule(rarely=st.integers(0, 5))
    def the_customer_stops(self, rarely: int) -> None:
        card, before = self.card, self.sub
        if rarely > (3 if card.status in ("past_due", "paused") else 1) and (
            card.status not in CLOSED
        ):
            return
        said = self._do(lambda: lifecycle.stop_renewal(self.sub, now=self.now))
        if card.status in CLOSED or card.renewal == "stopping":
            assert self.sub is before
            assert said == []
            return
        unpaid = card.status == "created"
        over = card.status in ("active", "past_due") and card.end <= self.now and not card.charge
        if unpaid or over:
            card.status, card.reopens = "canceled", False
            assert said == ["canceled"]
        else:
            card.renewal = "stopping"
            assert said == ["renewal_stopped"]

    @rule()
    def the_customer_thinks_better_of_it(self) -> None:
        card, before = self.card, self.sub

        def act() -> Any:
            return lifecycle.resume_renewal(self.sub, now=self.now)

        if card.status not in ("active", "past_due", "paused") or self.now >= self._end_shown():
            self._refused(act)
        elif card.renewal == "automatic":
            assert self._do(act) == []
            assert self.sub is before
        elif not card.has_method:
            with pytest.raises(InvalidValue):
                act()
        else:
            assert self._do(act) == ["renewal_resumed"]
            card.renewal = "automatic"

    def _end_shown(self) -> datetime:
        assert self.card.end is not None
        pause = self.card.pause
        return self.card.end + (pause[1] - pause[0]) if pause else self.card.end

    @rule(days=st.sampled_from([0, 1, 7, 7, 30, 30, 31]))
    def a_pause_begins(self, days: int) -> None:
        card = self.card

        def act() -> Any:
            return pauses.pause(self.sub, days, now=self.now)

        if not 1 <= days <= 30:
            with pytest.raises(InvalidValue):
                act()
            return
        runs = card.status == "active" and card.watches_from <= self.now < card.end
        if not runs or card.charge:
            self._refused(act)
            return
        assert self._do(act) == ["paused"]
        card.paused(self.now, days)

    @precondition(lambda self: self.card.status == "paused")
    @rule()
    def a_pause_ends_early(self) -> None:
        assert self._do(lambda: pauses.resume(self.sub, now=self.now)) == ["resumed"]
        self.card.resume(self.now)

    @rule()
    def the_nightly_expiry(self) -> None:
        card, before = self.card, self.sub
        becomes = card.lapses(self.now)
        said = self._do(lambda: lifecycle.lapse(self.sub, now=self.now))
        if becomes is None:
            assert self.sub is before
            return
        if becomes == "active":
            card.resume(self.now)
            assert said == ["resumed"]
        else:
            card.status, card.reopens = becomes, False
            assert said == [becomes]
        again = lifecycle.lapse(self.sub, now=self.now)
        assert again == (self.sub, []) or becomes == "active"

    @rule(rarely=st.integers(0, 9))
    def a_manager_ends_it(self, rarely: int) -> None:
        if rarely > (2 if self.card.pause else 0) and self.card.status not in CLOSED:
            return
        before = self.sub
        said = self._do(lambda: lifecycle.cancel(self.sub, "asked for", now=self.now))
        if self.card.status in CLOSED:
            assert self.sub is before
            return
        assert said == ["canceled"]
        self.card.status, self.card.pause, self.card.reopens = "canceled", None, False

    @precondition(lambda self: self.card.status == "created")
    @rule()
    def the_first_invoice_expires(self) -> None:
        assert self._do(lambda: lifecycle.give_up(self.sub, now=self.now)) == ["canceled"]
        self.card.status, self.card.reopens = "canceled", True

    @rule()
    def what_cannot_be_is_refused(self) -> None:
        if self.card.status != "created":
            self._refused(lambda: lifecycle.start_trial(self.sub, 14, now=self.now))
            self._refused(lambda: lifecycle.give_up(self.sub, now=self.now))
        if self.card.status != "paused":
            self._refused(lambda: pauses.resume(self.sub, now=self.now))
        if self.card.charge or self.card.status in ("paused", *CLOSED):
            other = InvoiceId(UUID(int=10**6))
            self._refused(lambda: lifecycle.open_charge(self.sub, other, now=self.now))

    @invariant()
    def it_is_as_the_card_says(self) -> None:
        card, state = self.card, self.sub.state
        assert status_of(state) == card.status
        assert self.sub.renewal.value == card.renewal
        assert self.sub.anchor_day == card.anchor
        assert (self.sub.terms.method_id is not None) == card.has_method
        charge = self.sub.charge
        assert (str(charge.invoice_id) if charge else None) == card.charge
        assert self.sub.version == 1 + self.moves
        match state:
            case PastDue(_, failures, retry_at):
                assert (failures, retry_at) == (card.failures, card.retry)
            case Paused(_, since, until):
                assert (since, until) == card.pause
            case _:
                pass
        if card.status in ("active", "past_due", "paused"):
            assert state.period.start == card.start  # type: ignore[union-attr]
            assert state.period.end == self._end_shown()  # type: ignore[union-attr]

    @invariant()
    def access_is_paid_for(self) -> None:
        card = self.card
        until = card.watches_until(self.now)
        assert access_until(awake(self.sub, self.now)) == until
        watches = until is not None and card.watches_from <= self.now < until
        assert has_access(self.sub, self.now) == watches
        paid = any(start <= self.now < end for start, end in card.granted)
        if watches:
            assert card.granted[0][0] <= self.now, "access without anything paid"
        elif paid and card.status in ("active", "past_due"):
            raise AssertionError("what is paid for cannot be watched")

    @invariant()
    def periods_follow_one_another(self) -> None:
        for earlier, later in pairwise(self.card.granted):
            assert earlier[1] <= later[0], "two periods overlap"

    @invariant()
    def nobody_is_charged_who_said_stop_or_is_being_charged(self) -> None:
        if self.card.renewal != "automatic" or self.card.charge:
            assert renew_at(self.sub) is None

    @invariant()
    def what_is_over_waits_for_nothing(self) -> None:
        if self.card.status in (*CLOSED, "created"):
            assert renew_at(self.sub) is None
            assert expires_at(self.sub) is None


EVERYWHERE = {
    "created active",
    "created canceled",
    "active past_due",
    "active paused",
    "active expired",
    "active canceled",
    "past_due past_due",
    "past_due active",
    "past_due expired",
    "paused active",
    "paused paused",
    "expired active",
    "expired expired",
    "canceled active",
    "canceled canceled",
}


def test_a_subscription_lives_as_the_card_says_and_every_way_was_taken() -> None:
    SubscriptionMachine.reached.clear()
    run_state_machine_as_test(
        SubscriptionMachine,
        settings=settings(max_examples=600, stateful_step_count=40, deadline=None, print_blob=True),
    )
    assert SubscriptionMachine.reached >= EVERYWHERE, "some moves were never tried"
