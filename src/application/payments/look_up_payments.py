"""Fetch payments by the gateway's own ids and settle what they show.

This is how a hint becomes evidence. A payment that is not ours, as far as our books go, becomes a
discrepancy for a person; nothing is dropped and nothing is guessed.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from application.payments.answers import Answer
from application.payments.carry_out_charges import cause_of
from application.payments.ports import (
    BillingPolicy,
    Discrepancy,
    PaymentsUnitOfWork,
    Providers,
)
from application.payments.provider import Found, LookUp, Missing, PaymentSnapshot, Unreachable
from application.payments.settle_payments import SettlePayments
from application.ports import Clock, Done, Failed, Message, UnitsOfWork
from domain.shared.ids import AttemptId


@dataclass(frozen=True, slots=True)
class LookUpPayments:
    """Answer `payments.look_up.v1`: `{provider, external_id}`."""

    units_of_work: UnitsOfWork[PaymentsUnitOfWork]
    settle: SettlePayments
    providers: Providers
    clock: Clock
    policy: BillingPolicy

    async def call(self, batch: Sequence[Message]) -> Sequence[PaymentSnapshot | Done | Failed]:
        """Fetch each payment; a gateway that cannot be asked is asked again later.

        A payment whose money we have recorded is not fetched: a hint can bring nothing new of it,
        and most notifications follow a charge that was answered already.
        """
        gate = asyncio.Semaphore(self.policy.concurrency)
        recorded = await self._recorded(batch)

        async def one(message: Message) -> PaymentSnapshot | Done | Failed:
            if message.payload["external_id"] in recorded:
                return Done()
            provider = self.providers.get(message.payload["provider"])
            async with gate:
                return _reply(await provider.get_payment(message.payload["external_id"]))

        return await asyncio.gather(*(one(message) for message in batch))

    async def _recorded(self, batch: Sequence[Message]) -> set[str]:
        """Return the ids, among those asked for, of payments that are captured here."""
        asked: dict[str, list[str]] = {}
        for message in batch:
            asked.setdefault(message.payload["provider"], []).append(message.payload["external_id"])
        async with self.units_of_work() as uow:
            known: dict[str, AttemptId] = {}
            for provider, external_ids in asked.items():
                known |= await uow.attempts.ids_by_external(provider, external_ids)
            attempts = await uow.attempts.get_many(list(known.values()))
        return {
            external_id
            for external_id, attempt_id in known.items()
            if attempts[attempt_id].is_captured
        }

    async def record(
        self, uow: PaymentsUnitOfWork, batch: Sequence[tuple[Message, PaymentSnapshot]]
    ) -> None:
        """Settle what was fetched, and report what belongs to nobody."""
        ours = await attempts_of(uow, [snapshot for _, snapshot in batch])
        answers = []
        foreign = []
        for message, snapshot in batch:
            attempt_id = ours.get(snapshot.external_id)
            if attempt_id is None:
                foreign.append(snapshot)
                continue
            cause = cause_of(message, snapshot.provider, "look_up")
            answers.append(
                Answer(
                    attempt_id=attempt_id, answer=Found(snapshot), question="look_up", cause=cause
                )
            )
        await self.settle(uow, answers)
        await uow.journal.report([foreign_payment(s, self.clock) for s in foreign])


def _reply(answer: LookUp) -> PaymentSnapshot | Done | Failed:
    match answer:
        case Found(snapshot):
            return snapshot
        case Missing():
            return Done()  # a forged hint, or one from another shop: there is nothing to settle
        case Unreachable(why, retry_after):
            return Failed(why, retry_after_seconds=retry_after)


async def attempts_of(
    uow: PaymentsUnitOfWork, snapshots: Sequence[PaymentSnapshot]
) -> Mapping[str, AttemptId]:
    """Find our attempts by the gateway's id, or by the reference the gateway carries for us."""
    by_provider: dict[str, list[PaymentSnapshot]] = {}
    for snapshot in snapshots:
        by_provider.setdefault(snapshot.provider, []).append(snapshot)
    found: dict[str, AttemptId] = {}
    for provider, shown in by_provider.items():
        found |= await uow.attempts.ids_by_external(provider, [s.external_id for s in shown])
        named = {
            s.external_id: reference
            for s in shown
            if s.external_id not in found and (reference := _reference(s))
        }
        kept = await uow.attempts.get_many(list(named.values()))
        found |= {
            external_id: reference
            for external_id, reference in named.items()
            if reference in kept and kept[reference].provider == provider
        }
    return found


def _reference(snapshot: PaymentSnapshot) -> AttemptId | None:
    try:
        return AttemptId(UUID(snapshot.reference or ""))
    except ValueError:
        return None


def foreign_payment(snapshot: PaymentSnapshot, clock: Clock) -> Discrepancy:
    """Describe a payment that the gateway shows and our books do not have."""
    return Discrepancy(
        provider=snapshot.provider,
        external_id=snapshot.external_id,
        kind="theirs_only",
        expected="no such payment in our books",
        actual=f"{snapshot.status} {snapshot.money}",
        found_at=clock.now(),
    )


def unsettled_payment(snapshot: PaymentSnapshot, error: Exception, now: datetime) -> Discrepancy:
    """Describe a payment that the gateway shows and that could not be settled."""
    return Discrepancy(
        provider=snapshot.provider,
        external_id=snapshot.external_id,
        kind="cannot_be_settled",
        expected="a payment that fits our books",
        actual=f"{type(error).__name__}: {error}"[:500],
        found_at=now,
    )
