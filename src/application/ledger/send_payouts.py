"""Let a provider carry payouts out: sent under their own ids, settled or returned by what it says.

The same id goes again only while the provider remembers it; after that, and whenever it refuses a
repeat, its own list decides. A payout that is not there counts as refused only when the last
request for it has long been over: until then it is asked for again. One that is first sent days
after its day is looked for before: books that were restored from a backup pay nothing twice.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from application.ledger.account_ports import Movement, Wallets
from application.ledger.payout_methods import (
    Decided,
    KeptPayout,
    Paid,
    PayoutAnswer,
    PayoutProvider,
    Payouts,
    Refused,
    Sending,
    Working,
)
from application.ledger.ports import LedgerUnitOfWork, Posted
from application.ledger.task_events import posted_event
from application.ports import Clock, Done, Failed, Later, Message, UnitsOfWork
from domain.ledger.events import PayoutReturned, PayoutSettled
from domain.ledger.payout import PayoutState, moved
from domain.ledger.posting import Posting
from domain.ledger.wages import payout_returned_posting, payout_settled_posting
from domain.shared.calendar import business_day, start_of_day
from domain.shared.facts import Cause

# A key is not trusted to its last hour: the provider's clock and ours may differ.
KEY_MARGIN = timedelta(hours=1)
WINDOW_BEFORE = timedelta(hours=1)
ASK_AGAIN_SECONDS = 60.0
_CONCURRENCY = 16
_RETURNED = "PAYOUT_RETURNED"
_NEVER_EXECUTED = "never_executed"


@dataclass(frozen=True, slots=True)
class Ended:
    """What a provider said of a payout, that ends it."""

    payout: KeptPayout
    answer: Paid | Refused


@dataclass(frozen=True, slots=True)
class _Change:
    """A payout that ends now, and the message that made it."""

    message: Message
    payout: KeptPayout
    decided: Decided

    @property
    def is_returned(self) -> bool:
        return self.decided.state is PayoutState.RETURNED

    @property
    def cause(self) -> Cause:
        """Whose answer it is, in the story of the run."""
        return Cause(
            actor=f"gateway:{self.payout.method}",
            reason="answer to a payout",
            correlation_id=self.message.correlation_id or UUID(int=self.message.id),
        )


@dataclass(frozen=True, slots=True)
class SendPayouts:
    """Answer `payouts.send.v1` (`{payout_id}`): the same id again until the provider decides."""

    units_of_work: UnitsOfWork[LedgerUnitOfWork]
    payouts: Payouts[Any]
    wallets: Wallets[Any]
    providers: Mapping[str, PayoutProvider]
    zone: ZoneInfo
    clock: Clock

    async def call(self, batch: Sequence[Message]) -> Sequence[Ended | Done | Failed | Later]:
        """Ask the provider of every payout that is not decided."""
        ids = [UUID(message.payload["payout_id"]) for message in batch]
        async with self.units_of_work() as uow:
            sending = await self.payouts.begin_sending(uow, ids, self.clock.now())
            await uow.commit()
        gate = asyncio.Semaphore(_CONCURRENCY)

        async def one(item: Sending) -> PayoutAnswer:
            async with gate:
                return await self._ask(item)

        asked = {item.payout.order.payout_id: item for item in sending}
        said = dict(zip(asked, await asyncio.gather(*map(one, sending)), strict=True))
        await self._note(asked, said)
        return [self._told(asked[key], said[key]) if key in asked else Done() for key in ids]

    async def record(self, uow: LedgerUnitOfWork, batch: Sequence[tuple[Message, Ended]]) -> None:
        """End payouts, each once; raises IllegalPayoutMove for one that ended the other way."""
        # Wallets first, then payouts, then the books: the order in which a run locks them.
        purses = {
            (ended.payout.person_id, ended.payout.order.money.currency.code)
            for _, ended in batch
            if isinstance(ended.answer, Refused)
        }
        if purses:
            await self.wallets.lock(uow, purses)
        ids = sorted({ended.payout.order.payout_id for _, ended in batch})
        kept = await self.payouts.lock(uow, ids)
        changes = _changes(batch, {key: payout.state for key, payout in kept.items()})
        if not changes:
            return
        await self.payouts.decide(uow, [one.decided for one in changes], self.clock.now())
        posted = await uow.ledger.post_many([self._posting(one) for one in changes])
        await self._give_back(uow, changes, posted)
        for one in changes:
            uow.events.record(one.cause, [_event(one)])

    async def _ask(self, item: Sending) -> PayoutAnswer:
        provider = self.providers.get(item.payout.method)
        if provider is None:
            return Failed(f"no payout provider {item.payout.method!r} is configured")
        try:
            return await self._answer(provider, item)
        except Exception as error:  # an adapter's exception is a failed try, never a refusal
            return Failed(f"the adapter failed: {type(error).__name__}")

    async def _answer(self, provider: PayoutProvider, item: Sending) -> PayoutAnswer:
        """Ask what the payout's state allows: by its name, by its key, or in the list."""
        order = item.payout.order
        if item.payout.reference is not None:
            return await provider.look_up(order, item.payout.reference)
        trusted = provider.keys_kept - KEY_MARGIN
        if self.clock.now() - item.first_sent_at >= trusted:
            return await self._listed(provider, item, Refused(_NEVER_EXECUTED))
        if item.first_sent_at - self._day_over(item) >= trusted:
            found = await self._find(provider, item)
            if found is not None:
                return found
        answer = await provider.pay(order)
        if isinstance(answer, Refused) and answer.reference is None and not item.is_fresh:
            return await self._listed(provider, item, answer)
        return answer

    async def _listed(
        self, provider: PayoutProvider, item: Sending, refused: Refused
    ) -> PayoutAnswer:
        """Let the provider's list decide; `refused` stands when the payout is not in it, and no
        request for it can be on its way any more."""
        found = await self._find(provider, item)
        if found is not None:
            return found
        age = self.clock.now() - item.first_sent_at
        over = KEY_MARGIN if refused.why != _NEVER_EXECUTED else provider.keys_kept + KEY_MARGIN
        return refused if age >= over else Failed(f"not in the provider's list yet: {refused.why}")

    async def _find(self, provider: PayoutProvider, item: Sending) -> PayoutAnswer | None:
        return await provider.find(item.payout.order, self._day_over(item) - WINDOW_BEFORE)

    def _day_over(self, item: Sending) -> datetime:
        """The end of the day that is paid for: no payout of it is older."""
        return start_of_day(item.payout.order.run_date + timedelta(days=1), self.zone)

    async def _note(self, asked: Mapping[UUID, Sending], said: Mapping[UUID, PayoutAnswer]) -> None:
        new = {
            key: answer.reference
            for key, answer in said.items()
            if isinstance(answer, Working) and asked[key].payout.reference is None
        }
        if new:
            async with self.units_of_work() as uow:
                await self.payouts.note_references(uow, new)
                await uow.commit()

    def _told(self, item: Sending, answer: PayoutAnswer) -> Ended | Failed | Later:
        match answer:
            case Paid() | Refused():
                return Ended(item.payout, answer)
            case Working():
                return Later(ASK_AGAIN_SECONDS)
            case Failed():
                return answer

    def _posting(self, one: _Change) -> Posting:
        order, now = one.payout.order, self.clock.now()
        if one.is_returned:
            person = one.payout.person_id
            return payout_returned_posting(order.payout_id, person, order.money, now, one.cause)
        return payout_settled_posting(order.payout_id, order.money, now, one.cause)

    async def _give_back(
        self, uow: LedgerUnitOfWork, changes: Sequence[_Change], posted: Sequence[Posted]
    ) -> None:
        """Enter what was refused into wallets: it is paid by the run of its day."""
        now = self.clock.now()
        returned = [
            (one, answer)
            for one, answer in zip(changes, posted, strict=True)
            if one.is_returned and not answer.replayed
        ]
        entered = await self.wallets.move(
            uow,
            [
                Movement(
                    person_id=one.payout.person_id,
                    currency=one.payout.order.money.currency.code,
                    operation_id=answer.operation_id,
                    kind=_RETURNED,
                    amount_minor=one.payout.order.money.amount_minor,
                    value_date=business_day(now, self.zone),
                    posting_date=answer.posting_date,
                    occurred_at=now,
                    payout_id=one.payout.order.payout_id,
                )
                for one, answer in returned
            ],
        )
        for (one, _), done in zip(returned, entered, strict=True):
            uow.events.record(one.cause, [posted_event(done)])


def _changes(
    batch: Sequence[tuple[Message, Ended]], states: dict[UUID, PayoutState]
) -> list[_Change]:
    """Return the payouts that end now; one that ended so before is left alone."""
    changes = []
    for message, ended in batch:
        key = ended.payout.order.payout_id
        paid = isinstance(ended.answer, Paid)
        state = moved(states[key], PayoutState.SETTLED if paid else PayoutState.RETURNED)
        if state is None:
            continue
        states[key] = state
        decided = Decided(
            payout_id=key,
            state=state,
            reference=ended.answer.reference,
            why=None if isinstance(ended.answer, Paid) else ended.answer.why,
        )
        changes.append(_Change(message, ended.payout, decided))
    return changes


def _event(one: _Change) -> PayoutSettled | PayoutReturned:
    order = one.payout.order
    if one.is_returned:
        return PayoutReturned(
            payout_id=order.payout_id,
            person_id=one.payout.person_id,
            amount_minor=order.money.amount_minor,
            currency=order.money.currency.code,
            run_date=order.run_date,
            why=one.decided.why or "",
        )
    return PayoutSettled(
        payout_id=order.payout_id,
        person_id=one.payout.person_id,
        amount_minor=order.money.amount_minor,
        currency=order.money.currency.code,
        run_date=order.run_date,
    )
