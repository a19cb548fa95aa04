"""Managers set what is sold and for how much; nobody who already pays is moved by it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from application.catalog.ports import CatalogUnitOfWork
from application.errors import Conflict
from application.ports import Clock, Entropy
from domain.catalog.plan import Dunning, Feature, Plan, Price, give, retire, succeed
from domain.shared.calendar import Interval
from domain.shared.errors import InvalidValue
from domain.shared.facts import Cause
from domain.shared.ids import PlanId, PriceId
from domain.shared.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogChanged:
    """A manager changed the catalog."""

    name: ClassVar[str] = "catalog.changed"
    version: ClassVar[int] = 1
    subject_id: UUID
    what: str

    @property
    def aggregate_id(self) -> UUID:
        """The plan or price."""
        return self.subject_id


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatePlanCommand:
    """A new plan; its dunning is checked against its grace before it is kept."""

    cause: Cause
    name: str
    interval: Interval
    description: str = ""
    is_recurring: bool = True
    trial_days: int = 0
    dunning: Dunning
    features: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CreatePlan:
    """Create a plan."""

    clock: Clock
    entropy: Entropy

    async def within(self, uow: CatalogUnitOfWork, command: CreatePlanCommand) -> Plan:
        """Create inside the caller's transaction."""
        plan = Plan(
            id=PlanId(self.entropy.new_id()),
            name=command.name,
            description=command.description,
            interval=command.interval,
            is_recurring=command.is_recurring,
            trial_days=command.trial_days,
            dunning=command.dunning,
            features=command.features,
            is_active=True,
            created_at=self.clock.now(),
        )
        await uow.catalog.add_plan(plan)
        uow.events.record(command.cause, [CatalogChanged(subject_id=plan.id, what="plan created")])
        return plan


@dataclass(frozen=True, slots=True)
class RetirePlan:
    """Take a plan off sale."""

    async def within(self, uow: CatalogUnitOfWork, plan_id: PlanId, cause: Cause) -> Plan:
        """Retire inside the caller's transaction."""
        plan = await uow.catalog.lock_plan(plan_id)
        if not plan.is_active:
            return plan
        retired = retire(plan)
        await uow.catalog.save_plan(retired)
        uow.events.record(cause, [CatalogChanged(subject_id=plan.id, what="plan retired")])
        return retired


@dataclass(frozen=True, slots=True)
class SetPrice:
    """Set a plan's price in one currency: a new row; the old one ends where it begins.

    It begins now, or later where told so. Whoever pays an earlier price keeps it, unless the new
    one migrates them: then their first period that begins under it is asked for at it.
    """

    clock: Clock
    entropy: Entropy

    async def within(
        self,
        uow: CatalogUnitOfWork,
        plan_id: PlanId,
        money: Money,
        cause: Cause,
        *,
        valid_from: datetime | None = None,
        migrates: bool = False,
    ) -> Price:
        """Set inside the caller's transaction, under the plan's lock.

        Raises Conflict for a price to come of a plan that numbers pay for: operators know one
        price of a service, the present one.
        """
        now = self.clock.now()
        if valid_from is not None and valid_from < now:
            raise InvalidValue("a price begins now or later, never in the past")
        await uow.catalog.lock_plan(plan_id)
        if (valid_from or migrates) and await uow.catalog.is_of_numbers(plan_id):
            raise Conflict("the plan is charged through operators, whose price is the present one")
        new = Price(
            id=PriceId(self.entropy.new_id()),
            plan_id=plan_id,
            money=money,
            set_by=cause.actor,
            created_at=now,
            valid_from=valid_from or now,
            migrates=migrates,
        )
        (price,), archived = succeed(await uow.catalog.prices_of(plan_id, now), new)
        await uow.catalog.archive(archived)
        await uow.catalog.add_price(price)
        uow.events.record(cause, [CatalogChanged(subject_id=price.id, what="price set")])
        return price


@dataclass(frozen=True, slots=True)
class SetFeatures:
    """Say what a plan gives; whoever has it is given the same from now on."""

    async def within(
        self, uow: CatalogUnitOfWork, plan_id: PlanId, features: Sequence[str], cause: Cause
    ) -> Plan:
        """Replace the list inside the caller's transaction; raise NotFound for unknown ones."""
        plan = await uow.catalog.lock_plan(plan_id)
        changed = give(plan, features)
        if changed is not plan:
            await uow.catalog.save_plan(changed)
            uow.events.record(cause, [CatalogChanged(subject_id=plan.id, what="features set")])
        return changed


@dataclass(frozen=True, slots=True)
class PutFeature:
    """Describe something plans may give."""

    async def within(self, uow: CatalogUnitOfWork, feature: Feature) -> Feature:
        """Insert or replace inside the caller's transaction."""
        await uow.catalog.put_feature(feature)
        return feature
