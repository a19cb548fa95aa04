"""What gateways show of refunds, applied to the refund, the payment, the invoice and the books."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

from application.payments.carry_out_charges import cause_of
from application.payments.ports import Discrepancy, MoneyMoved, PaymentsUnitOfWork, Providers
from application.payments.provider import (
    NotSent,
    OutcomeUnknown,
    RefundAnswered,
    RefundOutcome,
    RefundSnapshot,
    RefundStatus,
    Rejected,
)
from application.payments.refund_tickets import follow
from application.ports import Clock, Done, Failed, Message
from domain.payments import invoice
from domain.payments.attempt import refund as give_back
from domain.payments.invoice import SubscriptionPeriod
from domain.payments.refund import Declined, Pending, Refund, State, Succeeded, Unknown, move
from domain.shared.facts import Cause
from domain.shared.ids import RefundId

ASK_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class RefundAnswer:
    """What a gateway said of one refund."""

    refund_id: RefundId
    provider: str
    outcome: RefundOutcome


@dataclass(frozen=True, slots=True)
class LookUpRefunds:
    """Answer `payments.look_up_refund.v1` (`{provider, external_id}`): fetch, then record."""

    providers: Providers
    clock: Clock

    async def call(self, batch: Sequence[Message]) -> Sequence[RefundSnapshot | Done | Failed]:
        """Fetch each refund, side by side."""
        return await asyncio.gather(*(self._fetch(message) for message in batch))

    async def _fetch(self, message: Message) -> RefundSnapshot | Done | Failed:
        provider = self.providers.get(message.payload["provider"])
        match await provider.get_refund(message.payload["external_id"]):
            case RefundAnswered(snapshot):
                return snapshot
            case NotSent(why, retry_after) | OutcomeUnknown(why, retry_after):
                return Failed(why, retry_after_seconds=retry_after)
            case Rejected():
                return Done()

    async def record(
        self, uow: PaymentsUnitOfWork, batch: Sequence[tuple[Message, RefundSnapshot]]
    ) -> None:
        """Record those that are ours, and report the others."""
        for message, snapshot in batch:
            cause = cause_of(message, snapshot.provider, "refund look-up")
            await settle_refund(uow, snapshot, cause, self.clock)


async def settle_refund(
    uow: PaymentsUnitOfWork, snapshot: RefundSnapshot, cause: Cause, clock: Clock
) -> bool:
    """Apply a refund that the gateway shows; return whether it is one of ours.

    One whose id we never learned is bound to the only open refund of the same payment and amount.
    What remains was made behind our back, or is not of our books: a person is told.
    """
    ours = await uow.refunds.ids_by_external(snapshot.provider, [snapshot.external_id])
    refund_id = ours.get(snapshot.external_id)
    if refund_id is None:
        attempts = await uow.attempts.ids_by_external(
            snapshot.provider, [snapshot.external_payment_id]
        )
        attempt_id = attempts.get(snapshot.external_payment_id)
        open_ = await uow.refunds.lock_unbound_of(attempt_id) if attempt_id else []
        fitting = [one for one in open_ if one.money == snapshot.money]
        refund_id = fitting[0].id if len(fitting) == 1 else None
    if refund_id is None:
        await uow.journal.report([_foreign_refund(snapshot, clock)])
        return False
    answer = RefundAnswer(refund_id, snapshot.provider, RefundAnswered(snapshot))
    await record_refund(uow, answer, cause, clock)
    return True


def _foreign_refund(snapshot: RefundSnapshot, clock: Clock) -> Discrepancy:
    return Discrepancy(
        provider=snapshot.provider,
        external_id=snapshot.external_id,
        kind="refund_theirs_only",
        expected="no such refund in our books",
        actual=f"{snapshot.status} {snapshot.money} of payment {snapshot.external_payment_id}",
        found_at=clock.now(),
    )


def _state_after(refund: Refund, answer: RefundOutcome, clock: Clock) -> State | None:
    now = clock.now()
    match answer:
        case RefundAnswered(snapshot):
            match snapshot.status:
                case RefundStatus.SUCCEEDED:
                    return Succeeded(snapshot.external_id, now)
                case RefundStatus.CANCELED:
                    why = snapshot.decline.raw_code if snapshot.decline else "canceled"
                    return Declined(why, now)
                case RefundStatus.PENDING | RefundStatus.UNRECOGNIZED:
                    return Pending(snapshot.external_id)
                case _:
                    assert_never(snapshot.status)
        case Rejected(code, description):
            return Declined(f"{code}: {description}", now)
        case OutcomeUnknown(why):
            return Unknown(refund.first_sent_at or now, why)
        case NotSent():
            return None
        case _:
            assert_never(answer)


async def record_refund(
    uow: PaymentsUnitOfWork, answer: RefundAnswer, cause: Cause, clock: Clock
) -> None:
    """Move one refund, and with it the attempt, the invoice, the books and the subscription."""
    refund = (await uow.refunds.lock_many([answer.refund_id])).get(answer.refund_id)
    if refund is None or not refund.is_open:
        return
    state = _state_after(refund, answer.outcome, clock)
    if state is None:
        return
    ask_at = clock.now() + ASK_AFTER if isinstance(state, Pending | Unknown) else None
    await uow.refunds.save_many([move(refund, state, next_ask_at=ask_at)])
    match state:
        case Succeeded():
            await _given_back(uow, refund, cause, clock)
            await follow(uow, refund.id, None, cause, clock.now())
        case Declined(why=why):
            owed = (await uow.invoices.lock_many([refund.invoice_id]))[refund.invoice_id]
            moved, said = invoice.refund_declined(owed, refund.id)
            if said:
                await uow.invoices.save_many([(cause, moved, said)])
                uow.events.record(cause, said)
            await follow(uow, refund.id, why, cause, clock.now())
        case _:
            pass


async def _given_back(uow: PaymentsUnitOfWork, refund: Refund, cause: Cause, clock: Clock) -> None:
    attempt = (await uow.attempts.lock_many([refund.attempt_id]))[refund.attempt_id]
    returned, events = give_back(attempt, refund.money)
    await uow.attempts.save_many([returned])
    uow.events.record(cause, events)
    owed = (await uow.invoices.lock_many([refund.invoice_id]))[refund.invoice_id]
    moved, said = invoice.refund_succeeded(owed, refund.id, refund.money)
    if said:
        await uow.invoices.save_many([(cause, moved, said)])
        uow.events.record(cause, said)
    await uow.books.record_refunds(
        [
            MoneyMoved(
                cause=cause,
                provider=attempt.provider,
                money=refund.money,
                revenue=None,
                occurred_at=clock.now(),
                attempt_id=attempt.id,
                invoice_id=refund.invoice_id,
                customer_id=attempt.customer_id,
                refund_id=refund.id,
            )
        ]
    )
    if isinstance(moved.state, invoice.Refunded) and isinstance(owed.purpose, SubscriptionPeriod):
        await uow.periods.refunded(cause, [owed.id])
