"""Propose and decide corrections of people's wallets, and hold wallets back from payouts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from application.errors import NotFound
from application.ledger.account_ports import Movement, Wallets
from application.ledger.ports import LedgerUnitOfWork
from application.ledger.task_events import posted_event
from application.ports import Clock, Entropy, U_contra
from domain.ledger.corrections import (
    REVERSIBLE,
    Correction,
    CorrectionState,
    NotCorrectable,
    adjustment_posting,
    decided,
)
from domain.ledger.events import WalletHeld
from domain.ledger.posting import reversal
from domain.shared.calendar import business_day
from domain.shared.facts import Cause
from domain.shared.ids import OperationId
from domain.shared.money import Currency


class Corrections(Protocol[U_contra]):
    """Rows of proposals, and what they name."""

    async def moved(self, uow: U_contra, operation_id: OperationId) -> Movement | None:
        """Return what an operation did to a wallet."""
        ...

    async def add(self, uow: U_contra, correction: Correction) -> None:
        """Insert one; raises NotCorrectable for an operation that has one which stands."""
        ...

    async def lock(self, uow: U_contra, correction_id: UUID) -> Correction | None:
        """Lock and return one."""
        ...

    async def save(self, uow: U_contra, correction: Correction, posted: OperationId | None) -> None:
        """Write a decision down, with the operation it led to."""
        ...

    async def hold(self, uow: U_contra, person_id: UUID, currency: str, is_held: bool) -> bool:
        """Hold a locked wallet or let it go; False when it is so already."""
        ...


@dataclass(frozen=True, slots=True)
class ProposeCorrection:
    """Propose inside the caller's transaction; nothing moves yet."""

    corrections: Corrections[Any]
    clock: Clock
    entropy: Entropy

    async def adjustment(
        self,
        uow: LedgerUnitOfWork,
        person_id: UUID,
        currency: Currency,
        amount_minor: int,
        cause: Cause,
    ) -> Correction:
        """Propose to give a person money, or to take some; never commits."""
        return await self._add(uow, person_id, currency.code, amount_minor, None, cause)

    async def reversal(
        self, uow: LedgerUnitOfWork, operation_id: OperationId, cause: Cause
    ) -> Correction:
        """Propose to take an operation back; raises NotFound and NotCorrectable."""
        moved = await self.corrections.moved(uow, operation_id)
        if moved is None:
            raise NotFound("operation of a wallet", operation_id)
        if moved.kind not in REVERSIBLE:
            raise NotCorrectable(f"{moved.kind} is not taken back by hand")
        return await self._add(
            uow, moved.person_id, moved.currency, -moved.amount_minor, moved, cause
        )

    async def _add(
        self,
        uow: LedgerUnitOfWork,
        person_id: UUID,
        currency: str,
        amount_minor: int,
        taken_back: Movement | None,
        cause: Cause,
    ) -> Correction:
        correction = Correction(
            id=self.entropy.new_id(),
            person_id=person_id,
            currency=currency,
            amount_minor=amount_minor,
            operation_id=None if taken_back is None else taken_back.operation_id,
            reversed_kind=None if taken_back is None else taken_back.kind,
            task_id=None if taken_back is None else taken_back.task_id,
            reason=cause.reason,
            proposed_by=cause.actor,
            proposed_at=self.clock.now(),
        )
        await self.corrections.add(uow, correction)
        return correction


@dataclass(frozen=True, slots=True)
class DecideCorrection:
    """Decide inside the caller's transaction; an approved one is posted there and then."""

    corrections: Corrections[Any]
    wallets: Wallets[Any]
    zone: ZoneInfo
    clock: Clock

    async def within(
        self,
        uow: LedgerUnitOfWork,
        correction_id: UUID,
        cause: Cause,
        *,
        approves: bool,
    ) -> Correction:
        """Return the decision; raises NotFound, AlreadyDecided and OwnProposal; never commits."""
        found = await self.corrections.lock(uow, correction_id)
        if found is None:
            raise NotFound("correction", correction_id)
        now = self.clock.now()
        done = decided(found, approves=approves, by=cause.actor, note=cause.reason, at=now)
        posted = None
        if done.state is CorrectionState.APPROVED:
            posted = await self._post(uow, done, now, cause)
        await self.corrections.save(uow, done, posted)
        return done

    async def _post(
        self, uow: LedgerUnitOfWork, one: Correction, now: datetime, cause: Cause
    ) -> OperationId:
        await self.wallets.lock(uow, {(one.person_id, one.currency)})
        if one.operation_id is None:
            posting = adjustment_posting(one, now, cause)
        else:
            found = await uow.ledger.operations([one.operation_id])
            posting = reversal(found[one.operation_id], occurred_at=now, cause=cause)
        (answer,) = await uow.ledger.post_many([posting])
        if answer.replayed:
            raise NotCorrectable("the operation was taken back already")
        movement = Movement(
            person_id=one.person_id,
            currency=one.currency,
            operation_id=answer.operation_id,
            kind=one.kind,
            amount_minor=one.amount_minor,
            value_date=business_day(now, self.zone),
            posting_date=answer.posting_date,
            occurred_at=now,
            task_id=one.task_id,
            reverses=one.operation_id,
            reverses_kind=one.reversed_kind,
        )
        (entered,) = await self.wallets.move(uow, [movement])
        uow.events.record(cause, [posted_event(entered)])
        return answer.operation_id


@dataclass(frozen=True, slots=True)
class HoldWallet:
    """Keep a wallet back from payouts, or let it go: what is due is carried meanwhile."""

    corrections: Corrections[Any]
    wallets: Wallets[Any]

    async def within(
        self,
        uow: LedgerUnitOfWork,
        person_id: UUID,
        currency: Currency,
        cause: Cause,
        *,
        is_held: bool,
    ) -> None:
        """Hold or let go; a repeat changes nothing; never commits."""
        await self.wallets.lock(uow, {(person_id, currency.code)})
        if await self.corrections.hold(uow, person_id, currency.code, is_held):
            event = WalletHeld(person_id=person_id, currency=currency.code, is_held=is_held)
            uow.events.record(cause, [event])
