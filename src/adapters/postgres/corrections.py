"""Corrections by hand on PostgreSQL."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import asyncpg

from adapters.postgres import tables
from adapters.postgres.bulk import insert_many
from adapters.postgres.subscriptions import utc
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from application.ledger.account_ports import Movement
from domain.ledger.corrections import Correction, CorrectionState, NotCorrectable
from domain.shared.ids import OperationId

_COLUMNS = (
    *("id", "person_id", "currency", "amount_minor", "operation_id", "reversed_kind", "task_id"),
    *("reason", "proposed_by", "proposed_at", "state", "decided_by", "decided_at", "note"),
)


class PostgresCorrections:
    """Rows of proposals, in the transaction of the unit of work it is given."""

    async def moved(self, uow: PostgresUnitOfWork, operation_id: OperationId) -> Movement | None:
        """Return what an operation did to a wallet."""
        row = await uow.driver.fetchrow(
            "SELECT * FROM wallet_entry WHERE operation_id = $1", operation_id
        )
        if row is None:
            return None
        return Movement(
            person_id=row["person_id"],
            currency=row["currency"],
            operation_id=operation_id,
            kind=row["kind"],
            amount_minor=row["amount_minor"],
            value_date=row["value_date"],
            posting_date=row["posting_date"],
            occurred_at=utc(row["occurred_at"]),
            task_id=row["task_id"],
            assignation_id=row["assignation_id"],
            payout_id=row["payout_id"],
        )

    async def add(self, uow: PostgresUnitOfWork, correction: Correction) -> None:
        """Insert one; raises NotCorrectable for an operation that has one which stands."""
        row = {name: getattr(correction, name) for name in _COLUMNS}
        row["state"] = correction.state.value
        try:
            await insert_many(uow.driver, tables.accounts.correction, [row])
        except asyncpg.UniqueViolationError as error:
            raise NotCorrectable("the operation is being taken back already") from error

    async def lock(self, uow: PostgresUnitOfWork, correction_id: UUID) -> Correction | None:
        """Lock and return one."""
        row = await uow.driver.fetchrow(
            "SELECT * FROM correction WHERE id = $1 FOR UPDATE", correction_id
        )
        return None if row is None else _correction(row)

    async def save(
        self, uow: PostgresUnitOfWork, correction: Correction, posted: OperationId | None
    ) -> None:
        """Write a decision down, with the operation it led to."""
        await uow.driver.execute(
            "UPDATE correction SET state = $2, decided_by = $3, decided_at = $4, note = $5, "
            "posted_id = $6 WHERE id = $1",
            correction.id,
            correction.state.value,
            correction.decided_by,
            correction.decided_at,
            correction.note,
            posted,
        )

    async def hold(
        self, uow: PostgresUnitOfWork, person_id: UUID, currency: str, is_held: bool
    ) -> bool:
        """Hold a locked wallet or let it go; False when it is so already."""
        changed = await uow.driver.fetchval(
            "UPDATE wallet SET is_held = $3 WHERE person_id = $1 AND currency = $2 "
            "AND is_held <> $3 RETURNING true",
            person_id,
            currency,
            is_held,
        )
        return bool(changed)


def _correction(row: Mapping[str, Any]) -> Correction:
    given = {name: row[name] for name in _COLUMNS}
    given["state"] = CorrectionState(row["state"])
    given["proposed_at"] = utc(row["proposed_at"])
    given["decided_at"] = utc(row["decided_at"]) if row["decided_at"] else None
    return Correction(**given)
