"""Say where a person's payouts go."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from application.errors import NotFound
from application.ledger.payout_methods import Payouts
from application.ports import Clock, UnitOfWork
from domain.ledger.destination import Destination


@dataclass(frozen=True, slots=True)
class SetDestination:
    """Write down where payouts go from the next run on; those on their way keep their own."""

    payouts: Payouts[Any]
    clock: Clock

    async def within(
        self, uow: UnitOfWork, person_id: UUID, destination: Destination, by: str
    ) -> None:
        """Set it inside the caller's transaction; raises NotFound for a person nobody knows."""
        now = self.clock.now()
        if not await self.payouts.set_destination(uow, person_id, destination, now, by):
            raise NotFound("person", person_id)
