"""Carry refunds out: reserved, sent under their own key, and recorded where the money came from.

The same key goes again only while the gateway remembers it. After that, and whenever a repeat is
refused, the gateway's own list decides: a refusal of the second call says nothing of the first.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from application.payments.carry_out_charges import KEY_MARGIN, WINDOW_BEFORE, cause_of
from application.payments.gateway_requests import items_of, receiver
from application.payments.ports import (
    BillingPolicy,
    PaymentsUnitOfWork,
    Providers,
)
from application.payments.provider import (
    ListingFailed,
    NotSent,
    OutcomeUnknown,
    PaymentProvider,
    RefundAnswered,
    RefundOutcome,
    RefundRequest,
    RefundSnapshot,
    Rejected,
)
from application.payments.settle_refunds import ASK_AFTER, RefundAnswer, record_refund
from application.ports import Clock, Done, Failed, Message, UnitsOfWork
from domain.payments.attempt import Attempt, external_id_of
from domain.payments.refund import (
    Pending,
    Refund,
    Reserved,
    Sent,
    move,
)
from domain.shared.ids import RefundId


@dataclass(frozen=True, slots=True)
class _Ready:
    """A refund with what its request needs; `fresh` when this very call marked it as sent."""

    fresh: bool
    refund: Refund
    attempt: Attempt

    @property
    def external_id(self) -> str:
        """The payment the money goes back from."""
        external_id = external_id_of(self.attempt)
        assert external_id is not None, "only captured attempts are refunded"
        return external_id

    @property
    def request(self) -> RefundRequest:
        """What the gateway is asked, word for word the same each time."""
        return RefundRequest(
            reference=str(self.refund.id),
            idempotency_key=str(self.refund.id),
            external_payment_id=self.external_id,
            money=self.refund.money,
            reason=self.refund.reason,
            customer=receiver(self.attempt.customer_id, self.refund.receipt),
            receipt=items_of(self.refund.receipt),
        )

    def fits(self, shown: RefundSnapshot) -> bool:
        """Tell whether a refund of the gateway's list may be this one."""
        return shown.external_payment_id == self.external_id and shown.money == self.refund.money


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
                return await self._ask(ready[key])

        return await asyncio.gather(*(one(key) for key in ids))

    async def _prepare(self, ids: Sequence[RefundId]) -> dict[RefundId, _Ready]:
        now = self.clock.now()
        async with self.units_of_work() as uow:
            refunds = await uow.refunds.lock_many(ids)
            leaving = {
                refund.id: move(refund, Sent(now), next_ask_at=now + ASK_AFTER)
                for refund in refunds.values()
                if isinstance(refund.state, Reserved)
            }
            await uow.refunds.save_many(list(leaving.values()))
            open_ = [leaving.get(r.id, r) for r in refunds.values() if r.is_open]
            attempts = await uow.attempts.get_many([refund.attempt_id for refund in open_])
            await uow.commit()
        return {
            refund.id: _Ready(refund.id in leaving, refund, attempts[refund.attempt_id])
            for refund in open_
        }

    async def _ask(self, item: _Ready) -> RefundAnswer | Failed:
        provider = self.providers.get(item.attempt.provider)
        try:
            outcome = await self._outcome(provider, item)
        except Exception as error:  # a plugin's exception is an unknown outcome, never a failure
            outcome = OutcomeUnknown(f"the adapter failed: {type(error).__name__}")
        match outcome:
            case NotSent(why, retry_after):
                return Failed(why, retry_after_seconds=retry_after)
            case Rejected(code=code, access_denied=True):
                return Failed(f"access denied: {code}")
            case _:
                return RefundAnswer(item.refund.id, item.attempt.provider, outcome)

    async def _outcome(self, provider: PaymentProvider, item: _Ready) -> RefundOutcome:
        """Ask what the state allows: a look-up, the same key again, or the gateway's list."""
        if isinstance(item.refund.state, Pending):
            return await provider.get_refund(item.refund.state.external_id)
        if not item.fresh and not self._key_is_remembered(provider, item.refund):
            return await self._listed(provider, item, None)
        answer = await provider.refund(item.request)
        if isinstance(answer, Rejected) and not answer.access_denied and not item.fresh:
            return await self._listed(provider, item, answer)
        return answer

    def _key_is_remembered(self, provider: PaymentProvider, refund: Refund) -> bool:
        ttl, first = provider.capabilities.idempotency_ttl, refund.first_sent_at
        return ttl is not None and first is not None and self.clock.now() - first < ttl - KEY_MARGIN

    async def _listed(
        self, provider: PaymentProvider, item: _Ready, refused: Rejected | None
    ) -> RefundOutcome:
        """Look for it in the list of all refunds since it was sent; two that fit decide nothing.

        One that is not there was never executed, where the list was read to its end: `refused`
        then is the gateway's word on it.
        """
        first = item.refund.first_sent_at or item.refund.created_at
        fitting: list[RefundSnapshot] = []
        try:
            async for page in provider.list_refunds(
                created_from=first - WINDOW_BEFORE, created_to=self.clock.now() + WINDOW_BEFORE
            ):
                fitting += [one for one in page if item.fits(one)]
        except ListingFailed as error:
            return OutcomeUnknown(f"the list of refunds could not be read: {error}")
        async with self.units_of_work() as uow:
            others = await uow.refunds.ids_by_external(
                item.attempt.provider, [one.external_id for one in fitting]
            )
        free = [one for one in fitting if others.get(one.external_id) in (None, item.refund.id)]
        if len(free) == 1:
            return RefundAnswered(free[0])
        if free:
            return OutcomeUnknown(f"{len(free)} refunds of the gateway could be this one")
        return refused or Rejected("never_executed", "the gateway's list does not have it")

    async def record(
        self, uow: PaymentsUnitOfWork, batch: Sequence[tuple[Message, RefundAnswer]]
    ) -> None:
        """Write down what the gateway said."""
        for message, answer in batch:
            cause = cause_of(message, answer.provider, "refund")
            await record_refund(uow, answer, cause, self.clock)
