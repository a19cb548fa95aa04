"""People on PostgreSQL: who there is, and whom tasks are drawn for."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import asyncpg

from adapters.postgres import tables
from adapters.postgres.bulk import insert_many
from adapters.postgres.subscriptions import utc
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from domain.identity.person import AddressTaken, Person, PersonRole

_ELIGIBLE = "is_active AND role IN ('worker', 'accountant')"


class PostgresPeople:
    """Rows of people, in the transaction of the unit of work it is given."""

    async def add(self, uow: PostgresUnitOfWork, people: Sequence[Person]) -> None:
        """Insert people; raises AddressTaken for an e-mail address or an id somebody has."""
        try:
            await insert_many(uow.driver, tables.tasks.person, [_row(one) for one in people])
        except asyncpg.UniqueViolationError as error:
            raise AddressTaken("somebody has this e-mail address or this id already") from error

    async def lock(self, uow: PostgresUnitOfWork, person_id: UUID) -> Person | None:
        """Lock and return one."""
        row = await uow.driver.fetchrow("SELECT * FROM person WHERE id = $1 FOR UPDATE", person_id)
        return None if row is None else person_of(row)

    async def save(self, uow: PostgresUnitOfWork, person: Person) -> None:
        """Update one that is locked; raises AddressTaken."""
        try:
            await uow.driver.execute(
                "UPDATE person SET name = $2, email = $3, role = $4, language = $5, "
                "is_active = $6, role_version = $7 WHERE id = $1",
                person.id,
                person.name,
                person.email,
                person.role.value,
                person.language,
                person.is_active,
                person.role_version,
            )
        except asyncpg.UniqueViolationError as error:
            raise AddressTaken("somebody else has this e-mail address") from error

    async def lock_admins(self, uow: PostgresUnitOfWork) -> Sequence[UUID]:
        """Lock all active administrators, in order, and name them."""
        rows = await uow.driver.fetch(
            "SELECT id FROM person WHERE is_active AND role = 'admin' ORDER BY id FOR UPDATE"
        )
        return [row["id"] for row in rows]

    async def draw(self, uow: PostgresUnitOfWork, fraction: float) -> UUID | None:
        """Return an eligible person, each as likely as any other, by a number from 0 to 1."""
        found: UUID | None = await uow.driver.fetchval(
            f"SELECT id FROM person WHERE {_ELIGIBLE} ORDER BY id OFFSET (SELECT "  # noqa: S608
            f"floor(count(*) * $1::double precision)::bigint FROM person WHERE {_ELIGIBLE}) "
            "LIMIT 1",
            fraction,
        )
        return found

    async def works_here(self, uow: PostgresUnitOfWork, person_id: UUID) -> bool:
        """Tell whether somebody is registered and active."""
        found = await uow.driver.fetchval("SELECT is_active FROM person WHERE id = $1", person_id)
        return bool(found)

    async def eligible(self, uow: PostgresUnitOfWork) -> Sequence[UUID]:
        """Return all eligible people, in the order of their ids."""
        rows = await uow.driver.fetch(
            f"SELECT id FROM person WHERE {_ELIGIBLE} ORDER BY id"  # noqa: S608
        )
        return [row["id"] for row in rows]


def _row(person: Person) -> dict[str, Any]:
    return {
        "id": person.id,
        "name": person.name,
        "email": person.email,
        "role": person.role.value,
        "language": person.language,
        "is_active": person.is_active,
        "role_version": person.role_version,
        "created_at": person.created_at,
    }


def person_of(row: Mapping[str, Any]) -> Person:
    """Read a row back."""
    return Person(
        id=row["id"],
        name=row["name"],
        email=row["email"],
        role=PersonRole(row["role"]),
        language=row["language"],
        is_active=row["is_active"],
        role_version=row["role_version"],
        created_at=utc(row["created_at"]),
    )
