"""Give a subscription away: free days without a charge, by a manager's hand or as a promotion."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from application.errors import Conflict
from application.ports import Clock, Entropy
from application.subscriptions.ports import PeriodRow, SubscriptionsUnitOfWork
from domain.catalog.plan import Plan, Price, offer
from domain.shared.facts import Cause
from domain.shared.ids import CustomerId, PriceId, SubscriptionId
from domain.subscriptions import by_hand, events
from domain.subscriptions.model import Active, CardTerms, Created, Renewal, Source, Subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueByHandCommand:
    """For whom, for how long, and the price at which it could be prolonged by paying."""

    cause: Cause
    customer_id: CustomerId
    price_id: PriceId
    provider: str
    days: int
    source: Source = Source.MANAGER


@dataclass(frozen=True, slots=True)
class IssueByHand:
    """Issue a subscription that begins now and is over after its free days, unless paid for."""

    clock: Clock
    entropy: Entropy
    zone: ZoneInfo

    async def within(
        self, uow: SubscriptionsUnitOfWork, command: IssueByHandCommand
    ) -> Subscription:
        """Issue inside the caller's transaction; raise Conflict where the plan is had already."""
        plan, price = await uow.offers.price(command.price_id)
        offer(plan, price, now=self.clock.now())
        live = await uow.subscriptions.lock_live_of(command.customer_id, plan.id)
        if live is not None:
            raise Conflict(f"the customer has {plan.name!r} already, as subscription {live.id}")
        if await uow.subscriptions.is_to_become(command.customer_id, plan.id):
            raise Conflict(f"another subscription of the customer is to become {plan.name!r}")
        issued, period, said = self.made(plan, price, command)
        await uow.subscriptions.add_many([issued])
        await uow.subscriptions.add_periods([period])
        uow.events.record(command.cause, said)
        return issued

    def made(
        self, plan: Plan, price: Price, command: IssueByHandCommand
    ) -> tuple[Subscription, PeriodRow, list[events.SubscriptionEvent]]:
        """Return a subscription with its free period, for one who does not have the plan."""
        now = self.clock.now()
        chosen = Subscription(
            id=SubscriptionId(self.entropy.new_id()),
            customer_id=command.customer_id,
            plan_id=plan.id,
            price_id=price.id,
            money=price.money,
            interval=plan.interval,
            anchor_day=now.astimezone(self.zone).day,
            terms=CardTerms(
                provider=command.provider,
                method_id=None,
                retry_days=plan.dunning.retry_days,
                grace=plan.dunning.grace,
            ),
            renewal=Renewal.MANUAL,
            source=command.source,
            state=Created(now),
            charge=None,
            created_at=now,
        )
        issued, said = by_hand.issue(chosen, command.days, now=now)
        assert isinstance(issued.state, Active), "it begins with its free days"
        kind = "promo" if command.source is Source.PROMO else "manual"
        row = PeriodRow(subscription_id=issued.id, period=issued.state.period, kind=kind)
        created = events.Created(
            subscription_id=issued.id, customer_id=issued.customer_id, plan_id=plan.id
        )
        return issued, row, [created, *said]
