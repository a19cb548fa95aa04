"""Plans, prices and features on PostgreSQL."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
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

# A price that was replaced before it began was never in force.
_MIGRATIONS = """
SELECT own.id AS own_id, newer.* FROM price AS own
JOIN price AS newer ON newer.plan_id = own.plan_id AND newer.currency = own.currency
    AND newer.migrates AND newer.valid_from > own.valid_from
    AND (newer.archived_at IS NULL OR newer.archived_at > newer.valid_from)
WHERE own.id = ANY($1) ORDER BY newer.valid_from
"""


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
        valid_from=utc(row["valid_from"]),
        migrates=row["migrates"],
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

    async def migrations(self, price_ids: Collection[PriceId]) -> Mapping[PriceId, Sequence[Price]]:
        """Return the later prices, by the price paid now, that take along whoever pays it."""
        found: dict[PriceId, list[Price]] = {}
        for row in await self._driver.fetch(_MIGRATIONS, list(set(price_ids))):
            found.setdefault(PriceId(row["own_id"]), []).append(price_from_row(row))
        return found

    async def is_of_numbers(self, plan_id: PlanId) -> bool:
        """Tell whether a service of an operator is sold by the plan."""
        sold = "SELECT EXISTS (SELECT FROM carrier_service WHERE plan_id = $1)"
        return bool(await self._driver.fetchval(sold, plan_id))

    async def prices_of(self, plan_id: PlanId, now: datetime) -> Sequence[Price]:
        """Load the prices of a plan that are in force, and those to come."""
        rows = await self._driver.fetch(
            "SELECT * FROM price WHERE plan_id = $1 AND (archived_at IS NULL OR archived_at > $2)",
            plan_id,
            now,
        )
        return [price_from_row(row) for row in rows]

    async def add_plan(self, plan: Plan) -> None:
        """Insert; raise NotFound for a feature that does not exist."""
        await self._must_know(plan.features)
        await insert_many(self._driver, tables.catalog.plan, [plan_to_row(plan)])

    async def _must_know(self, features: Sequence[str]) -> None:
        known = await self._driver.fetch(
            "SELECT code FROM feature WHERE code = ANY($1)", list(features)
        )
        for code in features:
            if code not in {row["code"] for row in known}:
                raise NotFound("feature", code)

    async def save_plan(self, plan: Plan) -> None:
        """Update; raise StaleVersion, and NotFound for a feature that does not exist."""
        await self._must_know(plan.features)
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
                    "valid_from": price.begins,
                    "migrates": price.migrates,
                }
            ],
        )

    async def archive(self, prices: Sequence[Price]) -> None:
        """Note the time at which prices left the offer."""
        for price in prices:
            await self._driver.execute(
                "UPDATE price SET archived_at = $2 WHERE id = $1 "
                "AND (archived_at IS NULL OR archived_at > $2)",
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
