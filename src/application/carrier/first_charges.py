"""Ask operators for the first charge of accepted orders, checked once more."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from application.carrier.open_number_charges import OpenNumberCharges
from application.carrier.ports import CarrierUnitOfWork
from application.ports import Clock, Message
from domain.shared.facts import Cause
from domain.shared.ids import SubscriptionId
from domain.subscriptions.model import CarrierTerms, Created
from domain.subscriptions.number_renewal import owed_period


@dataclass(frozen=True, slots=True)
class FirstCharges:
    """Handle `carrier.first_charge.v1` of `{operator}_mo_tarifficate`: `{subscription_id}`.

    A repeat finds the charge open, or the order decided, and does nothing.
    """

    open_charges: OpenNumberCharges
    clock: Clock

    async def __call__(self, uow: CarrierUnitOfWork, batch: Sequence[Message]) -> None:
        """Open a charge for every subscription that still waits for its first; never commits."""
        causes = {
            SubscriptionId(UUID(message.payload["subscription_id"])): _cause(message)
            for message in batch
        }
        found = await uow.subscriptions.lock_many(list(causes))
        waiting = []
        for one in found.values():
            if not isinstance(one.state, Created) or one.charge is not None:
                continue
            assert isinstance(one.terms, CarrierTerms)
            period = owed_period(one, one.terms, self.clock.now())
            assert period is not None, "a new order is for a period"
            waiting.append((causes[one.id], one, period))
        await self.open_charges(uow, waiting, occasion="mo", urgent=True, now=self.clock.now())


def _cause(message: Message) -> Cause:
    return Cause(
        actor="kazna:carrier",
        reason="the first charge of an order",
        correlation_id=message.correlation_id or UUID(int=message.id),
    )
