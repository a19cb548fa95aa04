"""What the catalog context keeps."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from application.ports import UnitOfWork
from domain.catalog.plan import Feature, Plan, Price
from domain.shared.ids import PlanId


class Catalog(Protocol):
    """Plans, features and prices."""

    async def lock_plan(self, plan_id: PlanId) -> Plan:
        """Load for change; raise NotFound."""
        ...

    async def prices_of(self, plan_id: PlanId, now: datetime) -> Sequence[Price]:
        """Load the prices of a plan that are in force, and those to come."""
        ...

    async def is_of_numbers(self, plan_id: PlanId) -> bool:
        """Tell whether a service of an operator is sold by the plan."""
        ...

    async def add_plan(self, plan: Plan) -> None:
        """Insert; its features must exist."""
        ...

    async def save_plan(self, plan: Plan) -> None:
        """Update; raise StaleVersion, and NotFound for a feature that does not exist."""
        ...

    async def add_price(self, price: Price) -> None:
        """Insert; at most one is in force per plan and currency at any time."""
        ...

    async def archive(self, prices: Sequence[Price]) -> None:
        """Note the time at which prices left the offer."""
        ...

    async def put_feature(self, feature: Feature) -> None:
        """Insert or replace by code."""
        ...


class CatalogUnitOfWork(UnitOfWork, Protocol):
    """A transaction of the catalog context."""

    @property
    def catalog(self) -> Catalog:
        """Plans and prices."""
        ...
