"""End subscriptions of numbers at once: by stop word, callback, API, or all of a number."""

from collections.abc import Sequence
from dataclasses import dataclass

from application.carrier.aftermath import Aftermath
from application.carrier.ports import CarrierUnitOfWork
from application.ports import Clock
from domain.shared.facts import Cause
from domain.shared.ids import SubscriptionId
from domain.shared.msisdn import Msisdn
from domain.subscriptions import lifecycle
from domain.subscriptions.model import Subscription

UNSUBSCRIBED = "unsubscribed"
PURGED = "purged"


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Nothing is charged from here on; an answer that is under way is still booked."""

    aftermath: Aftermath
    clock: Clock

    async def these(
        self, uow: CarrierUnitOfWork, ids: Sequence[SubscriptionId], cause: Cause, *, reason: str
    ) -> int:
        """End subscriptions inside the caller's transaction; return how many were live."""
        return await self._end(uow, ids, cause, why=UNSUBSCRIBED, reason=reason)

    async def all_of(
        self, uow: CarrierUnitOfWork, msisdn: Msisdn, cause: Cause, *, reason: str
    ) -> int:
        """End every live subscription of a number, with one outflow each."""
        live = await uow.subscriptions.of_numbers([msisdn], live=True)
        ids = [one.id for one in live]
        return await self._end(uow, ids, cause, why=PURGED, reason=reason)

    async def _end(
        self,
        uow: CarrierUnitOfWork,
        ids: Sequence[SubscriptionId],
        cause: Cause,
        *,
        why: str,
        reason: str,
    ) -> int:
        found = await uow.subscriptions.lock_many(ids)
        ended: list[Subscription] = []
        moved: list[Subscription] = []
        for one in found.values():
            after, said = lifecycle.cancel(one, why, now=self.clock.now())
            if said:
                ended.append(one)
                moved.append(after)
                uow.events.record(cause, said)
        await uow.subscriptions.save_many(moved)
        await self.aftermath.gone(uow, cause, ended, reason=reason)
        return len(ended)
