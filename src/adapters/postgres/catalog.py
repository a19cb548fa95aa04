"""Plans, prices and features on PostgreSQL."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import asyncpg

from adapters.postgres import tables
from adapters.postgres.bulk import insert_many, update_many
from adapters.postgres.subscriptions import utc
from application.errors import NotFound, StaleVersion
from domain.catalog.plan import Dunning, Feature, Plan, Price
from domain.shared.calendar import Interval, Unit
from domain.shared.ids import PlanId, PriceId
from domain.shared.money import Money


def plan_to_row(plan: Plan) -> dict[str, Any]:
    """Write a plan as a row."""
    return {
        "id": plan.id,
        "name": plan.name,
        "description": plan.description,
        "interval_count": plan.interval.count,
        "interval_unit": plan.interval.unit.value,
        "is_recurring": plan.is_recurring,
        "trial_days": plan.trial_days,
        "retry_days": list(plan.dunning.retry_days),
        "grace_seconds": int(plan.dunning.grace.total_seconds()),
        "features": list(plan.features),
        "is_active": plan.is_active,
        "created_at": plan.created_at,
        "version": plan.version,
    }


def plan_from_row(row: Mapping[str, Any]) -> Plan:
    """Read a plan back."""
    return Plan(
        id=PlanId(row["id"]),
        name=row["name"],
        description=row["description"],
        interval=Interval(row["interval_count"], Unit(row["interval_unit"])),
        is_recurring=row["is_recurring"],
        trial_days=row["trial_days"],
        dunning=Dunning(tuple(row["retry_days"]), timedelta(seconds=row["grace_seconds"])),
        features=tuple(row["features"]),
        is_active=row["is_active"],
        created_at=utc(row["created_at"]),
        version=row["version"],
    )


def price_from_row(row: Mapping[str, Any]) -> Price:
    """Read a price back."""
    return Price(
        id=PriceId(row["id"]),
        plan_id=PlanId(row["plan_id"]),
        money=Money.of(row["amount_minor"], row["currency"]),
        set_by=row["set_by"],
        created_at=utc(row["created_at"]),
        archived_at=utc(row["archived_at"]) if row["archived_at"] else None,
    )


class PostgresCatalog:
    """Plans and prices of one transaction; also what subscriptions may read of them."""

    def __init__(self, driver: asyncpg.Connection) -> None:
        self._driver = driver

    async def price(self, price_id: PriceId) -> tuple[Plan, Price]:
        """Load a price with its plan; raise NotFound."""
        price = await self._driver.fetchrow("SELECT * FROM price WHERE id = $1", price_id)
        if price is None:
            raise NotFound("price", price_id)
        plan = await self._driver.fetchrow("SELECT * FROM plan WHERE id = $1", price["plan_id"])
        assert plan is not None, "a price belongs to a plan"
        return plan_from_row(plan), price_from_row(price)

    async def lock_plan(self, plan_id: PlanId) -> Plan:
        """Load for change; raise NotFound."""
        row = await self._driver.fetchrow("SELECT * FROM plan WHERE id = $1 FOR UPDATE", plan_id)
        if row is None:
            raise NotFound("plan", plan_id)
        return plan_from_row(row)

    async def prices_of(self, plan_id: PlanId) -> Sequence[Price]:
        """Load the active prices of a plan."""
        rows = await self._driver.fetch(
            "SELECT * FROM price WHERE plan_id = $1 AND archived_at IS NULL", plan_id
        )
        return [price_from_row(row) for row in rows]

    async def add_plan(self, plan: Plan) -> None:
        """Insert; raise NotFound for a feature that does not exist."""
        known = await self._driver.fetch(
            "SELECT code FROM feature WHERE code = ANY($1)", list(plan.features)
        )
        for code in plan.features:
            if code not in {row["code"] for row in known}:
                raise NotFound("feature", code)
        await insert_many(self._driver, tables.catalog.plan, [plan_to_row(plan)])

    async def save_plan(self, plan: Plan) -> None:
        """Update; raise StaleVersion."""
        row = plan_to_row(plan)
        if not await update_many(self._driver, tables.catalog.plan, [row], [plan.version - 1]):
            raise StaleVersion("plan", plan.id)

    async def add_price(self, price: Price) -> None:
        """Insert."""
        await insert_many(
            self._driver,
            tables.catalog.price,
            [
                {
                    "id": price.id,
                    "plan_id": price.plan_id,
                    "amount_minor": price.money.amount_minor,
                    "currency": price.money.currency.code,
                    "set_by": price.set_by,
                    "created_at": price.created_at,
                }
            ],
        )

    async def archive(self, prices: Sequence[Price]) -> None:
        """Note the time at which prices left the offer."""
        for price in prices:
            await self._driver.execute(
                "UPDATE price SET archived_at = $2 WHERE id = $1 AND archived_at IS NULL",
                price.id,
                price.archived_at,
            )

    async def put_feature(self, feature: Feature) -> None:
        """Insert or replace by code."""
        row = {
            "code": feature.code,
            "name": feature.name,
            "description": feature.description,
            "entities": list(feature.entities),
        }
        await insert_many(
            self._driver,
            tables.catalog.feature,
            [row],
            "ON CONFLICT (code) DO UPDATE SET name = excluded.name, "
            "description = excluded.description, entities = excluded.entities",
        )
