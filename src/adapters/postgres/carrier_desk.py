"""The desk of the carrier: what managers set up, decide and look at."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

import asyncpg

from adapters.postgres import tables
from adapters.postgres.bulk import insert_many
from adapters.postgres.carrier_references import (
    campaign_from_row,
    operator_from_row,
    operator_to_row,
    service_from_row,
)
from adapters.postgres.codec import fields_of
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from application.carrier.resolve import Aside
from application.errors import NotFound
from domain.carrier.checks import NumberList
from domain.carrier.operator import Operator
from domain.carrier.service import Campaign, Service
from domain.shared.errors import InvalidValue
from domain.shared.msisdn import Msisdn


def _replacing(names: Collection[str], kept: Collection[str]) -> str:
    changed = ", ".join(f"{name} = EXCLUDED.{name}" for name in names if name not in kept)
    return f"DO UPDATE SET {changed}"


class PostgresDesk:
    """Rows of operators, services, campaigns, lists and reports put aside."""

    async def put_operator(self, uow: PostgresUnitOfWork, operator: Operator) -> Operator:
        """Insert, or replace and count the version up; what is in use keeps its currency."""
        row = operator_to_row(operator)
        known = await uow.driver.fetchrow(
            "SELECT * FROM carrier_operator WHERE code = $1 FOR UPDATE", operator.code
        )
        if known is not None and known["currency"] != row["currency"]:
            raise InvalidValue(f"{operator.code} charges in {known['currency']} for good")
        kept = ("code", "created_at", "version")
        rows = await insert_many(
            uow.driver,
            tables.carrier.carrier_operator,
            [row],
            f"ON CONFLICT (code) {_replacing(row, kept)}, "
            "version = carrier_operator.version + 1 RETURNING *",
        )
        return operator_from_row(rows[0])

    async def service_id(self, uow: PostgresUnitOfWork, operator: str, code: str) -> UUID | None:
        """Find a service."""
        found: UUID | None = await uow.driver.fetchval(
            "SELECT id FROM carrier_service WHERE operator = $1 AND code = $2", operator, code
        )
        return found

    async def put_service(self, uow: PostgresUnitOfWork, service: Service) -> Service:
        """Insert, or replace by operator and code."""
        row = {
            "id": service.id,
            "operator": service.operator,
            "code": service.code,
            "name": service.name,
            "plan_id": service.plan_id,
            "policy": fields_of(service.policy),
            "texts": fields_of(service.texts),
            "content_url": service.content_url,
            "is_active": service.is_active,
            "created_at": service.created_at,
            "version": service.version,
        }
        kept = ("id", "operator", "code", "created_at", "version")
        try:
            rows = await insert_many(
                uow.driver,
                tables.carrier.carrier_service,
                [row],
                f"ON CONFLICT (operator, code) {_replacing(row, kept)}, "
                "version = carrier_service.version + 1 RETURNING *",
            )
        except asyncpg.ForeignKeyViolationError as error:
            what = "plan" if "plan" in (error.constraint_name or "") else "operator"
            key = service.plan_id if what == "plan" else service.operator
            raise NotFound(what, key) from error
        return service_from_row(rows[0])

    async def put_campaign(self, uow: PostgresUnitOfWork, campaign: Campaign) -> Campaign:
        """Insert, or replace by code; a keyword leads to one campaign of an operator."""
        row = {
            "code": campaign.code,
            "service_id": campaign.service_id,
            "operator": campaign.operator,
            "keyword": campaign.keyword,
            "is_active": campaign.is_active,
            "created_at": campaign.created_at,
        }
        try:
            rows = await insert_many(
                uow.driver,
                tables.carrier.carrier_campaign,
                [row],
                f"ON CONFLICT (code) {_replacing(row, ('code', 'created_at'))} RETURNING *",
            )
        except asyncpg.UniqueViolationError as error:
            raise InvalidValue(
                f"the keyword {campaign.keyword!r} leads to another campaign of {campaign.operator}"
            ) from error
        return campaign_from_row(rows[0])

    async def take_off(
        self, uow: PostgresUnitOfWork, name: NumberList, numbers: Collection[Msisdn]
    ) -> int:
        """Take numbers off a list; return how many were on it."""
        rows = await uow.driver.fetch(
            "DELETE FROM carrier_number_list WHERE list = $1 AND msisdn = ANY($2) RETURNING 1",
            name.value,
            [one.digits for one in numbers],
        )
        return len(rows)

    async def lock_open(self, uow: PostgresUnitOfWork, key: UUID) -> Aside:
        """Load a report that still waits; raise NotFound."""
        row: Mapping[str, Any] | None = await uow.driver.fetchrow(
            "SELECT * FROM carrier_unresolved WHERE id = $1 AND status = 'open' FOR UPDATE", key
        )
        if row is None:
            raise NotFound("report that waits", key)
        return Aside(id=row["id"], operator=row["operator"], kind=row["kind"], report=row["report"])

    async def decide(
        self, uow: PostgresUnitOfWork, key: UUID, status: str, note: str, actor: str
    ) -> None:
        """Write how a report put aside ended."""
        await uow.driver.execute(
            "UPDATE carrier_unresolved SET status = $2, note = $3, resolved_by = $4, "
            "resolved_at = $5 WHERE id = $1",
            key,
            status,
            note,
            actor,
            uow.clock.now(),
        )
