"""Digest facts of tasks: price, charge, reward, in whatever order and however often they come.

A batch is one transaction. The rows of its tasks are locked first, then the wallets, then the
ledger posts; what the ledger had before moves nothing. A completion that came before its task waits
in a table and is applied in the very transaction that makes the task known.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from application.ledger.account_ports import Days, Entered, Movement, TaskBooks, Wallets
from application.ledger.envelopes import DayOver, Heard, Unreadable, Upcast, read_envelope
from application.ledger.ports import LedgerUnitOfWork, Posted
from application.ports import Clock, Message, Metrics
from domain.ledger import task_accounts
from domain.ledger.events import OperationPosted, TaskPriced
from domain.ledger.pricing import PRICING_VERSION, Prices, prices_of
from domain.ledger.task_accounts import Applied, Contradiction, Owed, TaskAccount, TooEarly
from domain.ledger.wages import owed_posting
from domain.shared.calendar import business_day
from domain.shared.facts import Cause
from domain.shared.money import Currency

TASK_EVENT = "ledger.task_event.v1"
_SKEW = timedelta(minutes=5)
UNKNOWN_TASK, FUTURE = "unknown_task", "future"
GIVEN_UP = "nobody said for a day that the task exists"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pricing:
    """How tasks are priced; the key is a secret of the deployment."""

    currency: Currency
    charge_same_assignee: bool = True
    key: bytes = field(repr=False)

    def of(self, task_id: UUID) -> Prices:
        """Return the prices of a task."""
        return prices_of(task_id, self.key, self.currency)


@dataclass(slots=True)
class _Work:
    """What a batch comes to."""

    accounts: dict[UUID, TaskAccount | None]
    changed: dict[UUID, TaskAccount] = field(default_factory=dict)
    priced: list[tuple[Heard, TaskAccount]] = field(default_factory=list)
    owed: list[tuple[Heard, Owed]] = field(default_factory=list)
    parked: list[tuple[Heard, str]] = field(default_factory=list)
    unparked: list[UUID] = field(default_factory=list)
    dead: list[Unreadable] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DigestTaskEvents:
    """Handle `ledger.task_event.v1` of `ledger`: an envelope each."""

    pricing: Pricing
    books: TaskBooks[Any]
    wallets: Wallets[Any]
    days: Days[Any]
    upcast: Upcast
    zone: ZoneInfo
    clock: Clock
    metrics: Metrics

    async def __call__(self, uow: LedgerUnitOfWork, batch: Sequence[Message]) -> None:
        """Apply a batch of events; never commits."""
        heard: list[Heard] = []
        over: list[tuple[DayOver, int]] = []
        work = _Work({})
        for message in batch:
            read = read_envelope(message.payload, UUID(int=message.id), self.upcast)
            if isinstance(read, Unreadable):
                work.dead.append(read)
            elif isinstance(read, DayOver):
                over.append((read, message.id))
            elif read.occurred_at > self.clock.now() + _SKEW:
                work.parked.append((read, FUTURE))
            else:
                heard.append(read)
        await self._apply(uow, heard, work)
        await self._write(uow, work)
        await self.days.mark(uow, over)

    async def _apply(self, uow: LedgerUnitOfWork, heard: Sequence[Heard], work: _Work) -> None:
        ids = sorted({one.fact.task_id for one in heard})
        if not ids:
            return
        fresh = [TaskAccount(task_id=key, prices=self.pricing.of(key)) for key in ids]
        work.accounts = dict(await self.books.lock(uow, fresh))
        unknown = {key for key, account in work.accounts.items() if account is None}
        waiting: dict[UUID, list[Heard]] = {}
        for one in await self.books.parked(uow, unknown) if unknown else ():
            waiting.setdefault(one.fact.task_id, []).append(one)
        # By version: what the task's own count says came first is applied first.
        for one in sorted(heard, key=lambda each: each.version):
            key = one.fact.task_id
            was_unknown = work.accounts[key] is None
            self._one(one, work)
            if was_unknown and work.accounts[key] is None:
                # Parked with this batch, which may still say that the task exists.
                waiting.setdefault(key, []).append(one)
            elif was_unknown:
                for late in sorted(waiting.pop(key, ()), key=lambda each: each.version):
                    self._one(late, work)
                    work.unparked.append(late.event_id)

    def _one(self, one: Heard, work: _Work) -> None:
        key = one.fact.task_id
        known = work.accounts[key]
        verdict = task_accounts.apply(
            known,
            one.fact,
            self.pricing.of(key),
            charge_same_assignee=self.pricing.charge_same_assignee,
        )
        match verdict:
            case TooEarly():
                work.parked.append((one, UNKNOWN_TASK))
            case Contradiction(why):
                work.dead.append(Unreadable(one.event_id, key, why, one.envelope))
            case Applied(account, owed):
                if known is None:
                    work.priced.append((one, account))
                work.accounts[key] = work.changed[key] = account
                if owed is not None:
                    work.owed.append((one, owed))

    async def _write(self, uow: LedgerUnitOfWork, work: _Work) -> None:
        await self.books.save(uow, list(work.changed.values()))
        await self.books.park(uow, work.parked)
        await self.books.unpark(uow, work.unparked)
        buried = await self.books.bury(uow, work.dead)
        for one, account in work.priced:
            uow.events.record(_cause(one), [_priced(account)])
        entered = await self._post(uow, work.owed)
        self._tell(len(entered), len(work.parked), buried)

    async def _post(
        self, uow: LedgerUnitOfWork, owed: Sequence[tuple[Heard, Owed]]
    ) -> Sequence[Entered]:
        # The same fact twice in one batch is one posting.
        once = {one.key: (heard, one) for heard, one in reversed(owed)}
        wanted = [once[key] for key in dict.fromkeys(one.key for _, one in owed)]
        if not wanted:
            return ()
        currency = self.pricing.currency.code
        await self.wallets.lock(uow, {(one.person_id, currency) for _, one in wanted})
        posted = await uow.ledger.post_many(
            [owed_posting(one, _cause(heard)) for heard, one in wanted]
        )
        new = [
            (heard, self._movement(one, answer))
            for (heard, one), answer in zip(wanted, posted, strict=True)
            if not answer.replayed
        ]
        entered = await self.wallets.move(uow, [movement for _, movement in new])
        for (heard, _), done in zip(new, entered, strict=True):
            uow.events.record(_cause(heard), [posted_event(done)])
        return entered

    def _movement(self, owed: Owed, posted: Posted) -> Movement:
        return Movement(
            person_id=owed.person_id,
            currency=owed.amount.currency.code,
            operation_id=posted.operation_id,
            kind=owed.kind.value,
            amount_minor=owed.delta_minor,
            value_date=business_day(owed.occurred_at, self.zone),
            posting_date=posted.posting_date,
            occurred_at=owed.occurred_at,
            task_id=owed.task_id,
            assignation_id=owed.assignation_id,
        )

    def _tell(self, entered: int, parked: int, buried: int) -> None:
        told = {"posted": entered, "parked": parked, "dead": buried}
        for result, count in told.items():
            if count:
                self.metrics.count("task_facts", count, result=result)


def posted_event(done: Entered) -> OperationPosted:
    """Tell of a movement as the outside world hears of it."""
    one = done.movement
    return OperationPosted(
        operation_id=one.operation_id,
        kind=one.kind,
        person_id=one.person_id,
        amount_minor=one.amount_minor,
        currency=one.currency,
        task_id=one.task_id,
        assignation_id=one.assignation_id,
        value_date=one.value_date,
        posting_date=one.posting_date,
        occurred_at=one.occurred_at,
        late=one.posting_date > one.value_date,
        wallet_seq=done.seq,
        balance_after_minor=done.balance_minor,
        reverses=one.reverses,
        reverses_kind=one.reverses_kind,
    )


def _priced(account: TaskAccount) -> TaskPriced:
    return TaskPriced(
        task_id=account.task_id,
        assign_price_minor=account.prices.fee.amount_minor,
        complete_price_minor=account.prices.reward.amount_minor,
        currency=account.prices.fee.currency.code,
        pricing_version=PRICING_VERSION,
    )


def _cause(heard: Heard) -> Cause:
    return Cause(
        actor="kazna:accounting",
        reason=f"{heard.envelope['event_name']} of a task",
        correlation_id=_story(heard),
        causation_id=heard.event_id,
    )


def _story(heard: Heard) -> UUID:
    try:
        return UUID(heard.envelope["correlation_id"])
    except (KeyError, ValueError, AttributeError, TypeError):
        return heard.event_id
