"""The one door through which money settles.

The webhook, both matching jobs, the answers to charges, the manual button: all of them bring
answers of a gateway here, as many at once as they have. Rows are locked in the order attempt,
invoice, subscription, ledger; the same answer brought twice, or by fifty callers at once, gives
one period, one `paid` event and one posting.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import assert_never

from application.payments.answers import Answer, ReturnedByHand, move, snapshot_of
from application.payments.ports import (
    Chained,
    Discrepancy,
    FailedCharge,
    MoneyMoved,
    PaidInvoice,
    PaymentsUnitOfWork,
    TestModes,
)
from application.payments.provider import SavedMethod
from application.payments.request_refund import RefundWish, reserve_refunds
from application.payments.settled_facts import mismatch, money_moved, note
from application.ports import Clock, Entropy
from domain.payments import events, invoice
from domain.payments.attempt import Attempt, Succeeded
from domain.payments.caps import CARD_SCHEME_CAPS, allowed_from
from domain.payments.declines import ADVICE, Advice
from domain.payments.invoice import Invoice, SubscriptionPeriod
from domain.payments.method import PaymentMethod, deactivate
from domain.payments.occasion import Occasion
from domain.shared.facts import Cause
from domain.shared.ids import AttemptId, InvoiceId, MethodId, SubscriptionId

_CAP_WINDOW = max((cap.window for cap in CARD_SCHEME_CAPS), default=timedelta())


@dataclass(slots=True)
class _Settled:
    """What one batch has moved so far; every invoice is kept in its latest state."""

    attempts: list[Attempt] = field(default_factory=list)
    invoices: dict[InvoiceId, Invoice] = field(default_factory=dict)
    chains: list[Chained] = field(default_factory=list)
    paid: list[PaidInvoice] = field(default_factory=list)
    failed: list[tuple[FailedCharge, Attempt]] = field(default_factory=list)
    closed: list[tuple[Cause, SubscriptionId]] = field(default_factory=list)
    captured: list[MoneyMoved] = field(default_factory=list)
    to_return: list[RefundWish] = field(default_factory=list)
    reported: list[Discrepancy] = field(default_factory=list)
    spoiled: dict[MethodId, str] = field(default_factory=dict)

    def say(self, cause: Cause, moved: invoice.Moved) -> Invoice:
        """Remember an invoice's move."""
        current, said = moved
        if said:
            self.invoices[current.id] = current
            self.chains.append((cause, current, said))
        return current


@dataclass(frozen=True, slots=True)
class SettlePayments:
    """Apply gateways' answers to attempts, and everything that follows from them."""

    clock: Clock
    entropy: Entropy
    providers: TestModes

    async def __call__(self, uow: PaymentsUnitOfWork, answers: Sequence[Answer]) -> None:
        """Settle inside the caller's transaction; never commits."""
        found = dict(await uow.attempts.lock_many([answer.attempt_id for answer in answers]))
        known = [answer for answer in answers if answer.attempt_id in found]
        await note(uow, known, found, self.clock.now())
        settled = _Settled()
        settled.invoices = dict(
            await uow.invoices.lock_many([found[a.attempt_id].invoice_id for a in known])
        )
        saved = await self._keep_methods(uow, known, found)
        for answer in known:
            attempt = found[answer.attempt_id]
            moved, said = move(
                attempt,
                answer.answer,
                test_mode=self.providers.is_test(attempt.provider),
                now=self.clock.now(),
            )
            if moved is attempt:
                continue
            found[attempt.id] = moved
            settled.attempts.append(moved)
            uow.events.record(answer.cause, said)
            for event in said:
                self._follow(settled, answer, moved, event, saved)
        await self._write(uow, settled)

    def _follow(
        self,
        settled: _Settled,
        answer: Answer,
        attempt: Attempt,
        event: events.PaymentEvent,
        saved: dict[str, MethodId],
    ) -> None:
        """Draw the conclusions of one event for the invoice, its subscription and the books."""
        match event:
            case events.PaymentSucceeded():
                self._succeeded(settled, answer, attempt, saved)
            case events.PaymentDeclined(reason=reason):
                advice = ADVICE[reason]
                if attempt.method_id and advice in (Advice.NEW_METHOD, Advice.NEVER):
                    settled.spoiled[attempt.method_id] = str(reason)
                retryable = advice is Advice.RETRY_LATER
                self._brought_nothing(settled, answer.cause, attempt, str(reason), retryable)
            case events.PaymentRefused(why=why):
                self._brought_nothing(settled, answer.cause, attempt, why, retryable=True)
            case events.PaymentMismatched(differences=differences):
                held = settled.invoices[attempt.invoice_id]
                settled.say(answer.cause, invoice.review(held, attempt.id, differences))
                settled.reported.append(mismatch(attempt, differences, self.clock.now()))
            case events.PaymentCanceled(why=why) if isinstance(answer.answer, ReturnedByHand):
                self._brought_nothing(settled, answer.cause, attempt, why, retryable=True)
            case _:
                pass

    def _succeeded(
        self,
        settled: _Settled,
        answer: Answer,
        attempt: Attempt,
        saved: dict[str, MethodId],
    ) -> None:
        state = attempt.state
        assert isinstance(state, Succeeded)
        before = settled.invoices[attempt.invoice_id]
        was_canceling = isinstance(before.state, invoice.Canceling)
        after, said = invoice.pay(before, attempt.id, state.captured)
        settled.say(answer.cause, (after, said))
        settled.captured.append(money_moved(answer.cause, attempt, state, before))
        twice = not (isinstance(after.state, invoice.Paid) and after.state.attempt_id == attempt.id)
        unwanted = isinstance(answer.answer, ReturnedByHand)
        if twice or was_canceling or unwanted:
            why = "paid twice" if twice else "canceled before the gateway answered"
            why = "returned by hand" if unwanted else why
            self._money_back(settled, answer.cause, attempt, state, why)
            self._frees(settled, answer.cause, attempt, before, why)
            return
        match before.purpose:
            case SubscriptionPeriod(subscription_id, price_id):
                snapshot = snapshot_of(answer.answer)
                method = snapshot.method if snapshot else None
                settled.paid.append(
                    PaidInvoice(
                        cause=answer.cause,
                        subscription_id=subscription_id,
                        invoice_id=before.id,
                        attempt_id=attempt.id,
                        method_id=attempt.method_id
                        or (saved.get(method.external_id) if method else None),
                        price_id=price_id,
                        money=before.money,
                    )
                )
            case invoice.Purchase() | invoice.Manual():
                pass
            case _:
                assert_never(before.purpose)

    def _frees(
        self, settled: _Settled, cause: Cause, attempt: Attempt, owed: Invoice, why: str
    ) -> None:
        """Let a subscription go on that waited for this charge, with nothing granted for it."""
        if isinstance(owed.purpose, SubscriptionPeriod):
            freed = FailedCharge(
                cause=cause,
                subscription_id=owed.purpose.subscription_id,
                invoice_id=owed.id,
                reason=why,
                retryable=True,
                by_customer=True,
            )
            settled.failed.append((freed, attempt))

    def _money_back(
        self, settled: _Settled, cause: Cause, attempt: Attempt, state: Succeeded, why: str
    ) -> None:
        """Give money back that buys nothing; a number's stays in the books, for a person to see."""
        if attempt.is_of_card:
            wish = RefundWish(cause, attempt.id, state.captured, why, "kazna")
            settled.to_return.append(wish)
            return
        settled.reported.append(
            Discrepancy(
                provider=attempt.provider,
                external_id=state.external_id,
                kind="paid_for_nothing",
                expected="no payment",
                actual=f"{state.captured}: {why}",
                found_at=self.clock.now(),
            )
        )

    def _brought_nothing(
        self, settled: _Settled, cause: Cause, attempt: Attempt, reason: str, retryable: bool
    ) -> None:
        before = settled.invoices[attempt.invoice_id]
        after = settled.say(cause, invoice.attempt_failed(before, attempt.id, reason))
        if not isinstance(before.purpose, SubscriptionPeriod):
            return
        subscription_id = before.purpose.subscription_id
        failed = FailedCharge(
            cause=cause,
            subscription_id=subscription_id,
            invoice_id=before.id,
            reason=reason,
            retryable=retryable,
            by_customer=attempt.occasion is Occasion.CHECKOUT,
        )
        settled.failed.append((failed, attempt))
        if isinstance(after.state, invoice.Canceled):
            settled.closed.append((cause, subscription_id))

    async def _write(self, uow: PaymentsUnitOfWork, settled: _Settled) -> None:
        if not settled.attempts:
            return
        await uow.attempts.save_many(settled.attempts)
        await uow.invoices.save_many(settled.chains)
        for cause, _, said in settled.chains:
            uow.events.record(cause, said)
        await self._spoil(uow, settled)
        if settled.captured:
            await uow.books.record_captures(settled.captured)
        if settled.paid:
            granted = await uow.periods.grant(settled.paid)
            captured = {attempt.id: attempt for attempt in settled.attempts}
            for paid in settled.paid:
                attempt = captured.get(paid.attempt_id) if paid.attempt_id else None
                if attempt and not granted[paid.invoice_id]:
                    assert isinstance(attempt.state, Succeeded)
                    why = "the subscription had ended"
                    self._money_back(settled, paid.cause, attempt, attempt.state, why)
        if settled.failed:
            await uow.periods.charge_failed(await self._with_caps(uow, settled))
        for cause, subscription_id in settled.closed:
            await uow.periods.close_unpaid(cause, [subscription_id])
        await reserve_refunds(uow, settled.to_return, clock=self.clock, entropy=self.entropy)
        if settled.reported:
            await uow.journal.report(settled.reported)

    async def _spoil(self, uow: PaymentsUnitOfWork, settled: _Settled) -> None:
        if settled.spoiled:
            methods = await uow.methods.get_many(list(settled.spoiled))
            await uow.methods.save_many(
                [deactivate(m, settled.spoiled[m.id]) for m in methods.values() if m.is_active]
            )

    async def _with_caps(
        self, uow: PaymentsUnitOfWork, settled: _Settled
    ) -> Sequence[FailedCharge]:
        """Say for each failed charge when the card schemes allow the next try of its method."""
        now = self.clock.now()
        methods = [a.method_id for _, a in settled.failed if a.method_id]
        declines = await uow.attempts.declines_of(methods, now - _CAP_WINDOW)
        return [
            replace(
                failed,
                not_before=allowed_from(declines.get(attempt.method_id, ()), now)
                if attempt.method_id
                else None,
            )
            for failed, attempt in settled.failed
        ]

    async def _keep_methods(
        self, uow: PaymentsUnitOfWork, answers: Sequence[Answer], found: Mapping[AttemptId, Attempt]
    ) -> dict[str, MethodId]:
        """Keep the methods that captured checkouts have saved; return our ids by the gateway's."""
        new: dict[str, PaymentMethod] = {}
        for answer in answers:
            attempt, snapshot = found[answer.attempt_id], snapshot_of(answer.answer)
            if snapshot is None or snapshot.method is None or attempt.is_captured:
                continue
            if attempt.saves_method and snapshot.method.saved and snapshot.captured.is_positive:
                new[snapshot.method.external_id] = self._method(attempt, snapshot.method)
        return dict(await uow.methods.keep(list(new.values()))) if new else {}

    def _method(self, attempt: Attempt, shown: SavedMethod) -> PaymentMethod:
        return PaymentMethod(
            id=MethodId(self.entropy.new_id()),
            customer_id=attempt.customer_id,
            provider=attempt.provider,
            external_id=shown.external_id,
            type=shown.type,
            title=shown.title,
            last4=shown.last4,
            saved_at=self.clock.now(),
        )
