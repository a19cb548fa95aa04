"""Read the feed of events into sums, a piece at a time, each piece one transaction.

The cursor moves in the transaction of what the piece came to, and whoever holds it is alone: any
number of runners read every event once. A day that was closed is counted after everything before
it in the feed and before everything behind it, wherever pieces are cut; the feed's order is final,
therefore a rebuild counts the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, assert_never

from application.analytics.facts import fact_of
from application.analytics.ports import Aggregates, Piece, Told
from application.feed import Reading
from application.jobs import JobOrder, JobReport
from application.ports import UnitOfWork, UnitsOfWork
from domain.analytics.facts import DayEnded, Fact, Moved
from domain.analytics.totals import fold

_PIECE = 1000


@dataclass(frozen=True, slots=True)
class ReadEvents:
    """The job `analytics`; safe for any number of runners."""

    units_of_work: UnitsOfWork[UnitOfWork]
    reading: Reading[Any, Told]
    aggregates: Aggregates[Any]
    piece: int = _PIECE
    name: ClassVar[str] = "analytics"

    async def __call__(self, order: JobOrder) -> JobReport:
        """Read until there is nothing more to read; raise UnreadableEvent before one that is."""
        report = JobReport()
        left = order.limit
        while left is None or left > 0:
            size = self.piece if left is None else min(self.piece, left)
            piece = await self._piece(order, size, report)
            if piece.is_last or not piece.events or order.dry_run:
                break
            if left is not None:
                left -= len(piece.events)
        return report

    async def _piece(self, order: JobOrder, size: int, report: JobReport) -> Piece:
        async with self.units_of_work() as uow:
            await self.reading.hold(uow)
            piece = await self.reading.next(uow, size)
            facts = [fact for event in piece.events if (fact := fact_of(event)) is not None]
            if order.dry_run:
                if facts:
                    report.add("would_read", len(facts))
                return piece
            counted = await self._count(uow, facts)
            await self.reading.move(uow, *_reached(piece, order))
            await uow.commit()
        for word, count in (("counted", counted), ("repeated", len(facts) - counted)):
            if count:
                report.add(word, count)
        return piece

    async def _count(self, uow: UnitOfWork, facts: Sequence[Fact]) -> int:
        """Count facts in the order of the feed; return how many were not counted before."""
        counted = 0
        waiting: list[Moved] = []
        for fact in facts:
            match fact:
                case Moved():
                    waiting.append(fact)
                case DayEnded(day):
                    counted += await self._add(uow, waiting)
                    waiting = []
                    await self.aggregates.close(uow, day)
                    counted += 1
                case _:
                    assert_never(fact)
        return counted + await self._add(uow, waiting)

    async def _add(self, uow: UnitOfWork, operations: Sequence[Moved]) -> int:
        once = {one.operation_id: one for one in operations}
        new = await self.aggregates.keep(uow, list(once.values()))
        if new:
            await self.aggregates.add(uow, fold(once[key] for key in new))
        return len(new)


def _reached(piece: Piece, order: JobOrder) -> tuple[str | None, datetime | None]:
    """Return the place of the last event, and as of when everything before it was counted."""
    place = piece.events[-1].place if piece.events else None
    if piece.is_last:
        return place, order.now
    instants = [one.recorded_at for one in piece.events if one.recorded_at is not None]
    return place, instants[-1] if instants else None


@dataclass(frozen=True, slots=True)
class Rebuild:
    """Forget what was counted, and count everything anew.

    Until the end of it answers are of the past: they say as of when. The timetable's own reading
    may go on beside it.
    """

    read: ReadEvents

    async def __call__(self, order: JobOrder) -> JobReport:
        """Count every event there is."""
        async with self.read.units_of_work() as uow:
            await self.read.reading.hold(uow)
            await self.read.reading.restart(uow)
            await self.read.aggregates.empty(uow)
            await uow.commit()
        return await self.read(order)
