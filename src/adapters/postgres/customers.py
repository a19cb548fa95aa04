"""Customers on PostgreSQL."""

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from adapters.postgres import tables
from adapters.postgres.bulk import insert_many
from adapters.postgres.subscriptions import utc
from domain.identity.customer import Customer
from domain.shared.ids import CustomerId


def from_row(row: Mapping[str, Any]) -> Customer:
    """Read a row back."""
    return Customer(
        id=CustomerId(row["id"]),
        external_id=row["external_id"],
        email=row["email"],
        time_zone=row["time_zone"],
        locale=row["locale"],
        created_at=utc(row["created_at"]),
    )


class PostgresCustomers:
    """Customers of one transaction."""

    def __init__(self, driver: asyncpg.Connection) -> None:
        self._driver = driver

    async def get_many(self, ids: Sequence[CustomerId]) -> Mapping[CustomerId, Customer]:
        """Load."""
        if not ids:
            return {}
        found = await self._driver.fetch(
            "SELECT * FROM customer WHERE id = ANY($1)", list(dict.fromkeys(ids))
        )
        return {customer.id: customer for customer in map(from_row, found)}

    async def register(self, customer: Customer) -> Customer:
        """Insert, or return the one with the same external id as it stands."""
        row = {
            "id": customer.id,
            "external_id": customer.external_id,
            "email": customer.email,
            "time_zone": customer.time_zone,
            "locale": customer.locale,
            "created_at": customer.created_at,
        }
        new = await insert_many(
            self._driver,
            tables.catalog.customer,
            [row],
            "ON CONFLICT (external_id) DO NOTHING RETURNING *",
        )
        if new:
            return from_row(new[0])
        known = await self._driver.fetchrow(
            "SELECT * FROM customer WHERE external_id = $1", customer.external_id
        )
        assert known is not None, "customers are never deleted"
        return from_row(known)
