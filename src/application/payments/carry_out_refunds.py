"""Carry refunds out: reserved, sent under their own key, and recorded where the money came from."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never
from uuid import UUID

from application.payments.carry_out_charges import cause_of
from application.payments.ports import (
    BillingPolicy,
    MoneyMoved,
    PaymentsUnitOfWork,
    Providers,
)
from application.payments.provider import (
    NotSent,
    OutcomeUnknown,
    RefundAnswered,
    RefundOutcome,
    RefundRequest,
    RefundSnapshot,
    RefundStatus,
    Rejected,
)
from application.ports import Clock, Done, Failed, Message, UnitsOfWork
from domain.payments import invoice
from domain.payments.attempt import Attempt, external_id_of
from domain.payments.attempt import refund as give_back
from domain.payments.invoice import SubscriptionPeriod
from domain.payments.refund import (
    Declined,
    Pending,
    Refund,
    Reserved,
    Sent,
    State,
    Succeeded,
    Unknown,
    move,
)
from domain.shared.facts import Cause
from domain.shared.ids import RefundId

_ASK_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class RefundAnswer:
    """What a gateway said of one refund."""

    refund_id: RefundId
    provider: str
    outcome: RefundOutcome


@dataclass(frozen=True, slots=True)
class CarryOutRefunds:
    """Answer `payments.refund.v1` (`{refund_id}`): the same key again until the gateway decides."""

    units_of_work: UnitsOfWork[PaymentsUnitOfWork]
    providers: Providers
    clock: Clock
    policy: BillingPolicy

    async def call(self, batch: Sequence[Message]) -> Sequence[RefundAnswer | Done | Failed]:
        """Send every refund that is not decided, or ask for it."""
        ids = [RefundId(UUID(message.payload["refund_id"])) for message in batch]
        ready = await self._prepare(ids)
        gate = asyncio.Semaphore(self.policy.concurrency)

        async def one(key: RefundId) -> RefundAnswer | Done | Failed:
            if key not in ready:
                return Done()
            async with gate:
                return await self._send(*ready[key])

        return await asyncio.gather(*(one(key) for key in ids))

    async def _prepare(self, ids: Sequence[RefundId]) -> dict[RefundId, tuple[Refund, Attempt]]:
        now = self.clock.now()
        async with self.units_of_work() as uow:
            refunds = await uow.refunds.lock_many(ids)
            leaving = {
                refund.id: move(refund, Sent(now), next_ask_at=now + _ASK_AFTER)
                for refund in refunds.values()
                if isinstance(refund.state, Reserved)
            }
            await uow.refunds.save_many(list(leaving.values()))
            open_ = [leaving.get(r.id, r) for r in refunds.values() if r.is_open]
            attempts = await uow.attempts.get_many([refund.attempt_id for refund in open_])
            await uow.commit()
        return {refund.id: (refund, attempts[refund.attempt_id]) for refund in open_}

    async def _send(self, refund: Refund, attempt: Attempt) -> RefundAnswer | Failed:
        provider = self.providers.get(attempt.provider)
        external_id = external_id_of(attempt)
        assert external_id is not None, "only captured attempts are refunded"
        outcome: RefundOutcome
        try:
            if isinstance(refund.state, Pending):
                outcome = await provider.get_refund(refund.state.external_id)
            else:
                outcome = await provider.refund(
                    RefundRequest(
                        reference=str(refund.id),
                        idempotency_key=str(refund.id),
                        external_payment_id=external_id,
                        money=refund.money,
                        reason=refund.reason,
                    )
                )
        except Exception as error:  # a plugin's exception is an unknown outcome, never a failure
            outcome = OutcomeUnknown(f"the adapter failed: {type(error).__name__}")
        match outcome:
            case NotSent(why, retry_after):
                return Failed(why, retry_after_seconds=retry_after)
            case Rejected(code=code, access_denied=True):
                return Failed(f"access denied: {code}")
            case _:
                return RefundAnswer(refund.id, attempt.provider, outcome)

    async def record(
        self, uow: PaymentsUnitOfWork, batch: Sequence[tuple[Message, RefundAnswer]]
    ) -> None:
        """Write down what the gateway said."""
        for message, answer in batch:
            cause = cause_of(message, answer.provider, "refund")
            await record_refund(uow, answer, cause, self.clock)


@dataclass(frozen=True, slots=True)
class LookUpRefunds:
    """Answer `payments.look_up_refund.v1` (`{provider, external_id}`): fetch, then record."""

    providers: Providers
    clock: Clock

    async def call(self, batch: Sequence[Message]) -> Sequence[RefundSnapshot | Done | Failed]:
        """Fetch each refund."""
        return [await self._fetch(message) for message in batch]

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
        """Record those that are ours."""
        for message, snapshot in batch:
            ours = await uow.refunds.ids_by_external(snapshot.provider, [snapshot.external_id])
            refund_id = ours.get(snapshot.external_id)
            if refund_id is not None:
                answer = RefundAnswer(refund_id, snapshot.provider, RefundAnswered(snapshot))
                cause = cause_of(message, snapshot.provider, "refund look-up")
                await record_refund(uow, answer, cause, self.clock)


def _state_after(answer: RefundOutcome, clock: Clock) -> State | None:
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
            return Unknown(now, why)
        case NotSent():
            return None
        case _:
            assert_never(answer)


async def record_refund(
    uow: PaymentsUnitOfWork, answer: RefundAnswer, cause: Cause, clock: Clock
) -> None:
    """Move one refund, and with it the attempt, the invoice, the books and the subscription."""
    refund = (await uow.refunds.lock_many([answer.refund_id])).get(answer.refund_id)
    state = _state_after(answer.outcome, clock)
    if refund is None or state is None or not refund.is_open:
        return
    ask_at = clock.now() + _ASK_AFTER if isinstance(state, Pending | Unknown) else None
    await uow.refunds.save_many([move(refund, state, next_ask_at=ask_at)])
    match state:
        case Succeeded():
            await _given_back(uow, refund, cause, clock)
        case Declined():
            owed = (await uow.invoices.lock_many([refund.invoice_id]))[refund.invoice_id]
            moved, said = invoice.refund_declined(owed, refund.id)
            if said:
                await uow.invoices.save_many([(cause, moved, said)])
                uow.events.record(cause, said)
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
        await uow.periods.refunded(cause, [owed.purpose.subscription_id])
