"""What the catalog context keeps."""

from collections.abc import Sequence
from typing import Protocol

from application.ports import UnitOfWork
from domain.catalog.plan import Feature, Plan, Price
from domain.shared.ids import PlanId


class Catalog(Protocol):
    """Plans, features and prices."""

    async def lock_plan(self, plan_id: PlanId) -> Plan:
        """Load for change; raise NotFound."""
        ...

    async def prices_of(self, plan_id: PlanId) -> Sequence[Price]:
        """Load the active prices of a plan."""
        ...

    async def add_plan(self, plan: Plan) -> None:
        """Insert; its features must exist."""
        ...

    async def save_plan(self, plan: Plan) -> None:
        """Update; raise StaleVersion."""
        ...

    async def add_price(self, price: Price) -> None:
        """Insert; at most one is active per plan and currency."""
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
