"""Unsubscribe, and think better of it."""

from dataclasses import dataclass

from application.errors import NotFound
from application.ports import Clock
from application.subscriptions.ports import SubscriptionsUnitOfWork
from domain.shared.facts import Cause
from domain.shared.ids import CustomerId, SubscriptionId
from domain.subscriptions import lifecycle
from domain.subscriptions.model import Subscription
from domain.subscriptions.moves import Moved


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRenewalCommand:
    """Whose renewal; `owner` None is a backend that acts for all."""

    cause: Cause
    subscription_id: SubscriptionId
    owner: CustomerId | None


async def _owned(uow: SubscriptionsUnitOfWork, command: ChangeRenewalCommand) -> Subscription:
    key = command.subscription_id
    found = (await uow.subscriptions.lock_many([key])).get(key)
    if found is None or (command.owner and found.customer_id != command.owner):
        raise NotFound("subscription", key)
    return found


async def _keep(
    uow: SubscriptionsUnitOfWork, cause: Cause, before: Subscription, moved: Moved
) -> Subscription:
    after, said = moved
    if after is not before:
        await uow.subscriptions.save_many([after])
        uow.events.record(cause, said)
        if not after.is_live:
            await uow.billing.close(cause, [after.id])
    return after


@dataclass(frozen=True, slots=True)
class StopRenewal:
    """Unsubscribe: access lasts to the end of what is paid, and nothing is charged again."""

    clock: Clock

    async def within(
        self, uow: SubscriptionsUnitOfWork, command: ChangeRenewalCommand
    ) -> Subscription:
        """Stop inside the caller's transaction; doing it twice changes nothing."""
        subscription = await _owned(uow, command)
        moved = lifecycle.stop_renewal(subscription, now=self.clock.now())
        if subscription.charge is not None and moved[1]:
            # A renewal that is on its way is taken back: nobody is charged after saying stop.
            why = "stopped by the customer"
            await uow.billing.withdraw(command.cause, subscription.charge.invoice_id, why)
        return await _keep(uow, command.cause, subscription, moved)


@dataclass(frozen=True, slots=True)
class ResumeRenewal:
    """Take an unsubscribe back while the paid period lasts."""

    clock: Clock

    async def within(
        self, uow: SubscriptionsUnitOfWork, command: ChangeRenewalCommand
    ) -> Subscription:
        """Resume inside the caller's transaction; doing it twice changes nothing."""
        subscription = await _owned(uow, command)
        moved = lifecycle.resume_renewal(subscription, now=self.clock.now())
        if subscription.charge is not None and moved[1]:
            await uow.billing.keep(command.cause, subscription.charge.invoice_id)
        return await _keep(uow, command.cause, subscription, moved)
