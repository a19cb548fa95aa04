"""Managers pause, resume, prolong, shorten and cancel subscriptions; each time with a reason.

The reason is the cause's, and stands in the chain of events beside who it was. A manager's hand
reaches every subscription that is charged to a card; a charge that is under way is awaited first,
except by a cancel, which takes it back.
"""

from dataclasses import dataclass
from datetime import datetime

from application.errors import NotFound
from application.ports import Clock
from application.subscriptions.ports import PeriodRow, SubscriptionsUnitOfWork
from domain.shared.calendar import Period
from domain.shared.facts import Cause
from domain.shared.ids import SubscriptionId
from domain.shared.money import Money
from domain.subscriptions import by_hand, events, lifecycle, pauses
from domain.subscriptions.granted import Cut
from domain.subscriptions.model import Paused, Subscription
from domain.subscriptions.moves import Moved


async def locked(
    uow: SubscriptionsUnitOfWork, key: SubscriptionId, cause: Cause, now: datetime
) -> Subscription:
    """Load for change as it is by the clock; a pause whose time is over has ended. NotFound."""
    found = (await uow.subscriptions.lock_many([key])).get(key)
    if found is None:
        raise NotFound("subscription", key)
    if isinstance(found.state, Paused):
        return await keep(uow, cause, found, lifecycle.lapse(found, now=now))
    return found


async def keep(
    uow: SubscriptionsUnitOfWork, cause: Cause, before: Subscription, moved: Moved
) -> Subscription:
    """Save what moved, and tell it."""
    after, said = moved
    if after is not before:
        await uow.subscriptions.save_many([after])
        uow.events.record(cause, said)
    return after


@dataclass(frozen=True, slots=True)
class PauseSubscription:
    """Take a break of 1 to 30 days from now on: no access, no charge, not a day of it lost."""

    clock: Clock

    async def within(
        self, uow: SubscriptionsUnitOfWork, key: SubscriptionId, days: int, cause: Cause
    ) -> Subscription:
        """Pause inside the caller's transaction; refuses while a charge is open."""
        now = self.clock.now()
        subscription = await locked(uow, key, cause, now)
        by_hand.refuse_numbers(subscription)
        return await keep(uow, cause, subscription, pauses.pause(subscription, days, now=now))


@dataclass(frozen=True, slots=True)
class ResumeSubscription:
    """End a pause early; what is left of its days is taken off the end again."""

    clock: Clock

    async def within(
        self, uow: SubscriptionsUnitOfWork, key: SubscriptionId, cause: Cause
    ) -> Subscription:
        """Resume inside the caller's transaction; refuses where nothing is paused."""
        now = self.clock.now()
        subscription = await locked(uow, key, cause, now)
        return await keep(uow, cause, subscription, pauses.resume(subscription, now=now))


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveEndCommand:
    """The new end; `gives_up_paid_time` says that taking paid time away is meant."""

    cause: Cause
    subscription_id: SubscriptionId
    end: datetime
    gives_up_paid_time: bool = False


@dataclass(frozen=True, slots=True)
class MoveEnd:
    """Let a subscription end later, as a gift, or earlier; invoices of the old end are closed."""

    clock: Clock

    async def within(self, uow: SubscriptionsUnitOfWork, command: MoveEndCommand) -> Subscription:
        """Move inside the caller's transaction; raise PaidTimeLost, PaidAhead."""
        now, cause = self.clock.now(), command.cause
        before = await locked(uow, command.subscription_id, cause, now)
        after, what, said = by_hand.move_end(
            before,
            command.end,
            await uow.subscriptions.granted(before.id),
            gives_up_paid_time=command.gives_up_paid_time,
            now=now,
        )
        if after is before:
            return before
        match what:
            case Period():
                gift = PeriodRow(subscription_id=before.id, period=what, kind="manual")
                await uow.subscriptions.add_periods([gift])
            case Cut():
                await uow.subscriptions.cut_off(before.id, what)
        await uow.billing.close(cause, [before.id])
        return await keep(uow, cause, before, (after, said))


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelNowCommand:
    """End it now; `refund` says that money is to go back, which a refund ticket then decides."""

    cause: Cause
    subscription_id: SubscriptionId
    refund: bool = False


@dataclass(frozen=True, slots=True)
class CancelNow:
    """Cancel at once: access ends, what is owed is closed, a charge under way is taken back."""

    clock: Clock

    async def within(
        self, uow: SubscriptionsUnitOfWork, command: CancelNowCommand
    ) -> tuple[Subscription, Money | None]:
        """Cancel inside the caller's transaction; return what was paid for the time not used.

        That is None where no refund is wanted. What is over already stays as it is.
        """
        now, cause = self.clock.now(), command.cause
        before = await locked(uow, command.subscription_id, cause, now)
        by_hand.refuse_numbers(before)
        granted = await uow.subscriptions.granted(before.id) if command.refund else []
        unused = by_hand.unused_worth(before, granted, now)
        after, said = lifecycle.cancel(before, cause.reason, now=now)
        if after is before:
            return before, None
        if command.refund:
            wanted = events.RefundWanted(
                subscription_id=before.id, customer_id=before.customer_id, unused=unused
            )
            said = [*said, wanted]
        if before.charge is not None:
            await uow.billing.withdraw(cause, before.charge.invoice_id, "canceled by a manager")
        await uow.billing.close(cause, [before.id])
        return await keep(uow, cause, before, (after, said)), unused if command.refund else None
