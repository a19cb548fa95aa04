"""Close days one by one, and pay everybody what is due for each.

A closed day never changes, so a run that is killed anywhere goes on where it stopped: a run is
resumed before another day is closed. Days nobody did anything in are closed together; what carries
over them is the same as night by night. Cost follows who moved since, never what there is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

from application.jobs import JobOrder, JobReport
from application.ledger.account_ports import Days, Due, Movement, Wallets
from application.ledger.payout_methods import Places, ThroughProvider
from application.ledger.ports import LedgerUnitOfWork
from application.ledger.task_events import posted_event
from application.plain import fields_of
from application.ports import Listener, NewMessage, UnitsOfWork
from domain.ledger.events import DayClosed, PayoutCreated
from domain.ledger.payout import Rules, Settled, payout_id, settle
from domain.ledger.posting import Posting
from domain.ledger.wages import payout_posting, payout_settled_posting
from domain.shared.calendar import business_day, start_of_day
from domain.shared.facts import Cause
from domain.shared.money import Money

_CHUNK = 500
_DAY = timedelta(days=1)
_PAYOUT = "PAYOUT"
_RULES = Rules()


@dataclass(frozen=True, slots=True)
class RunPayouts:
    """The job `payouts`; safe for any number of runners.

    A strict run does not close a day while a fact of it is parked, or a tracker that marks its days
    has not told all of it; a lenient one closes it and says whom it did not wait for, and what
    comes later is entered on the first open day. Payouts are settled at once, or handed to a
    `provider`; who has not said where their money goes is then not paid, and carries it.
    `listeners` hear of every payout by a message of the same commit.
    """

    units_of_work: UnitsOfWork[LedgerUnitOfWork]
    wallets: Wallets[Any]
    days: Days[Any]
    zone: ZoneInfo
    rules: Rules = _RULES
    is_strict: bool = False
    listeners: Sequence[Listener] = ()
    provider: ThroughProvider | None = None
    name: ClassVar[str] = "payouts"

    async def __call__(self, order: JobOrder) -> JobReport:
        """Close every day that is over, strictly one after another."""
        report = JobReport()
        target = business_day(order.now, self.zone) - _DAY
        if order.dry_run:
            async with self.units_of_work() as uow:
                report.add("would_settle", await self.wallets.count_due(uow, target))
            return report
        while True:
            day = await self._next(order, target, report)
            if day is None:
                return report
            await self._run(order, day, report)

    async def _next(self, order: JobOrder, target: date, report: JobReport) -> date | None:
        """Return a run to carry out: the one that was not ended, or one of a day closed now."""
        async with self.units_of_work() as uow:
            unended = await self.days.open_run(uow)
            if unended is not None:
                return unended
            closed = await self.days.closed_through(uow)
            if closed is not None and closed >= target:
                return None
            day = await self._to_close(uow, closed, target)
            if await self._is_waited_for(uow, day, report) and self.is_strict:
                return None
            first = day if closed is None else closed + _DAY
            await uow.ledger.close_through(day)
            await self.days.begin(uow, first, day, order.now)
            await uow.commit()
        report.add("closed", (day - first).days + 1)
        return day

    async def _is_waited_for(self, uow: LedgerUnitOfWork, day: date, report: JobReport) -> bool:
        """Tell whether anything of a day has not come yet, and report how much."""
        facts = await self.days.waiting(uow, start_of_day(day + _DAY, self.zone))
        trackers = await self.days.unmarked(uow, day)
        verb = "waits_for" if self.is_strict else "closed_without"
        if facts:
            report.add(f"{verb}_facts", facts)
        if trackers:
            report.add(f"{verb}_trackers", len(trackers))
        return bool(facts or trackers)

    async def _to_close(self, uow: LedgerUnitOfWork, closed: date | None, target: date) -> date:
        """Skip days nothing happened in: the next one with movements, or all of them."""
        first = target if closed is None else closed + _DAY
        moved = await self.days.first_unsettled(uow)
        if closed is None:
            return target if moved is None else min(moved, target)
        if await self.days.carries(uow):
            return first
        return target if moved is None else min(max(moved, first), target)

    async def _run(self, order: JobOrder, day: date, report: JobReport) -> None:
        while await self._chunk(order, day, report):
            pass
        async with self.units_of_work() as uow:
            if await self.wallets.count_due(uow, day):
                return  # another runner holds them: it ends the run, or the next one does
            if await self.days.end(uow, day, order.now):
                uow.events.record(order.cause, [DayClosed(day=day)])
                await uow.commit()
                report.add("done")

    async def _chunk(self, order: JobOrder, day: date, report: JobReport) -> bool:
        async with self.units_of_work() as uow:
            claimed = await self.wallets.claim_due(uow, day, _CHUNK)
            if not claimed:
                return False
            places = await self._destinations(uow, claimed)
            settled = [
                (
                    due,
                    settle(
                        due.carry_minor,
                        due.net_minor,
                        self.rules,
                        on_hold=due.is_held or (places is not None and due.person_id not in places),
                    ),
                )
                for due in claimed
            ]
            await self.wallets.settle(uow, day, settled)
            paid = [(due, one) for due, one in settled if one.payout_minor]
            await self._pay(uow, order, day, paid, places)
            await uow.commit()
        report.add("settled", len(settled))
        if paid:
            report.add("paid", len(paid))
        return True

    async def _destinations(self, uow: LedgerUnitOfWork, claimed: Sequence[Due]) -> Places | None:
        """Return where a provider is to bring money; None where there is no provider."""
        if self.provider is None:
            return None
        people = {due.person_id for due in claimed}
        return await self.provider.payouts.destinations(uow, people)

    async def _leave(
        self,
        uow: LedgerUnitOfWork,
        order: JobOrder,
        day: date,
        payouts: Sequence[tuple[UUID, UUID, Money]],
        places: Places | None,
    ) -> Sequence[Posting]:
        """Insert payouts; return what is posted of them besides: that the money left, or nothing
        yet where a provider has to carry them out."""
        if self.provider is not None and places is not None:
            await self.provider.hand_over(uow, day, payouts, places, order.now, order.cause)
            return ()
        await self.wallets.add_payouts(uow, day, payouts, order.now)
        return [
            payout_settled_posting(key, money, order.now, order.cause) for key, _, money in payouts
        ]

    async def _pay(
        self,
        uow: LedgerUnitOfWork,
        order: JobOrder,
        day: date,
        paid: Sequence[tuple[Due, Settled]],
        places: Places | None,
    ) -> None:
        """Take the payouts out of the wallets, and let the money leave."""
        if not paid:
            return
        payouts = [
            (
                payout_id(due.person_id, due.currency.code, day),
                due.person_id,
                Money(one.payout_minor, due.currency),
            )
            for due, one in paid
        ]
        left = await self._leave(uow, order, day, payouts, places)
        posted = await uow.ledger.post_many(
            [
                payout_posting(key, person, amount, day, order.now, order.cause)
                for key, person, amount in payouts
            ]
            + list(left)
        )
        entered = await self.wallets.move(
            uow,
            [
                Movement(
                    person_id=person,
                    currency=amount.currency.code,
                    operation_id=answer.operation_id,
                    kind=_PAYOUT,
                    amount_minor=-amount.amount_minor,
                    value_date=day,
                    posting_date=answer.posting_date,
                    occurred_at=order.now,
                    payout_id=key,
                )
                for (key, person, amount), answer in zip(payouts, posted, strict=False)
            ],
        )
        self._tell(uow, order.cause, day, paid)
        uow.events.record(order.cause, [posted_event(one) for one in entered])

    def _tell(
        self,
        uow: LedgerUnitOfWork,
        cause: Cause,
        day: date,
        paid: Sequence[tuple[Due, Settled]],
    ) -> None:
        created = [
            PayoutCreated(
                payout_id=payout_id(due.person_id, due.currency.code, day),
                person_id=due.person_id,
                amount_minor=one.payout_minor,
                currency=due.currency.code,
                run_date=day,
                opening_carry_minor=one.opening_minor,
                period_net_minor=one.net_minor,
            )
            for due, one in paid
        ]
        uow.events.record(cause, created)
        uow.messages.add(
            NewMessage(
                queue=listener.queue,
                name=listener.name,
                payload=fields_of(event),
                order_key=f"{listener.queue}:{event.payout_id}",
                correlation_id=cause.correlation_id,
            )
            for event in created
            for listener in self.listeners
        )
