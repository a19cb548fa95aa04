"""Order deliveries: of what is new in the feed, and of what failed and is due again.

The cursor moves in the transaction of the deliveries and their messages, and whoever holds it is
alone: any number of runners order every delivery once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from application.feed import Piece, Reading
from application.jobs import JobOrder, JobReport
from application.ports import Entropy, UnitOfWork, UnitsOfWork
from application.webhooks.ports import (
    Deliveries,
    Endpoints,
    Happened,
    Listener,
    NewDelivery,
    message_of,
)
from domain.webhooks.events import EndpointTested

_PIECE = 500


@dataclass(frozen=True, slots=True)
class OrderDeliveries:
    """The job `webhooks`; safe for any number of runners."""

    units_of_work: UnitsOfWork[UnitOfWork]
    reading: Reading[Any, Happened]
    endpoints: Endpoints[Any]
    deliveries: Deliveries[Any]
    entropy: Entropy
    piece: int = _PIECE
    name: ClassVar[str] = "webhooks"

    async def __call__(self, order: JobOrder) -> JobReport:
        """Order what is due again, then what is new; a dry run looks at what is new alone."""
        report = JobReport()
        if not order.dry_run:
            await self._again(order, report)
        left = order.limit
        while left is None or left > 0:
            size = self.piece if left is None else min(self.piece, left)
            piece = await self._new(order, size, report)
            if piece.is_last or not piece.events or order.dry_run:
                break
            if left is not None:
                left -= len(piece.events)
        return report

    async def _again(self, order: JobOrder, report: JobReport) -> None:
        left = order.limit
        while left is None or left > 0:
            size = self.piece if left is None else min(self.piece, left)
            async with self.units_of_work() as uow:
                due = await self.deliveries.take_due(uow, order.now, size)
                if not due:
                    return
                uow.messages.add(message_of(one) for one in due)
                await uow.commit()
            report.add("again", len(due))
            if len(due) < size:
                return
            if left is not None:
                left -= len(due)

    async def _new(self, order: JobOrder, size: int, report: JobReport) -> Piece[Happened]:
        async with self.units_of_work() as uow:
            await self.reading.hold(uow)
            piece = await self.reading.next(uow, size)
            if not piece.events:
                return piece
            wanted = self._wanted(piece.events, await self.endpoints.listeners(uow))
            if order.dry_run:
                if wanted:
                    report.add("would_order", len(wanted))
                return piece
            new = await self.deliveries.add_many(uow, wanted)
            uow.messages.add(message_of(one) for one in new)
            await self.reading.move(uow, piece.events[-1].place, None)
            await uow.commit()
        if new:
            report.add("ordered", len(new))
        return piece

    def _wanted(
        self, events: Sequence[Happened], listeners: Sequence[Listener]
    ) -> list[NewDelivery]:
        return [
            NewDelivery(self.entropy.new_id(), listener.endpoint.id, event)
            for event in events
            for listener in listeners
            if event.recorded_at >= listener.since and _concerns(listener, event)
        ]


def _concerns(listener: Listener, event: Happened) -> bool:
    if event.name == EndpointTested.name:
        return event.aggregate_id == listener.endpoint.id
    return listener.endpoint.wants(event.name)
