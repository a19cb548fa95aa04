"""Endpoints that are told of events, and their sealed secrets."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from adapters.postgres.unit_of_work import PostgresUnitOfWork
from application.webhooks.ports import Listener
from domain.webhooks.endpoint import Disabled, Enabled, Endpoint, Off

_ADD = """
INSERT INTO webhook_endpoint (id, url, events, description, status, created_at)
VALUES ($1, $2, $3, $4, 'enabled', $5)
"""
# Deliveries refer to the row while it is locked, which this lock lets them.
_LOCK = """
SELECT * FROM webhook_endpoint WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE
"""
_SAVE = """
UPDATE webhook_endpoint SET url = $2, events = $3, description = $4, status = $5,
    failing_since = $6, disabled_at = $7, disabled_why = $8,
    listens_since = CASE WHEN status = 'disabled' AND $5 = 'enabled' THEN now()
        ELSE listens_since END
WHERE id = $1
"""
_SECRETS = """
SELECT endpoint_id, sealed FROM webhook_secret
WHERE endpoint_id = ANY($1::uuid[]) AND (expires_at IS NULL OR expires_at > $2)
ORDER BY endpoint_id, expires_at DESC NULLS FIRST, id DESC
"""


class PostgresEndpoints:
    """Rows of endpoints, in the transaction of the unit of work it is given."""

    async def listeners(self, uow: PostgresUnitOfWork) -> Sequence[Listener]:
        """Return those that are on."""
        rows = await uow.driver.fetch(
            "SELECT * FROM webhook_endpoint WHERE status = 'enabled' ORDER BY id"
        )
        return [Listener(_endpoint(row), row["listens_since"]) for row in rows]

    async def lock(self, uow: PostgresUnitOfWork, ids: Collection[UUID]) -> Mapping[UUID, Endpoint]:
        """Load for change, in an order that cannot deadlock."""
        rows = await uow.driver.fetch(_LOCK, list(ids))
        return {row["id"]: _endpoint(row) for row in rows}

    async def add(self, uow: PostgresUnitOfWork, endpoint: Endpoint) -> None:
        """Insert; it listens from now on."""
        await uow.driver.execute(
            _ADD,
            endpoint.id,
            endpoint.url,
            list(endpoint.events),
            endpoint.description,
            uow.clock.now(),
        )

    async def save(self, uow: PostgresUnitOfWork, endpoints: Sequence[Endpoint]) -> None:
        """Write changes; one that is switched on listens from now on."""
        for one in endpoints:
            await uow.driver.execute(
                _SAVE, one.id, one.url, list(one.events), one.description, *_columns(one)
            )

    async def secrets(
        self, uow: PostgresUnitOfWork, ids: Collection[UUID], now: datetime
    ) -> Mapping[UUID, Sequence[str]]:
        """Return the sealed secrets that are valid, newest first."""
        found: dict[UUID, list[str]] = {}
        for row in await uow.driver.fetch(_SECRETS, list(ids), now):
            found.setdefault(row["endpoint_id"], []).append(row["sealed"])
        return found

    async def put_secret(
        self,
        uow: PostgresUnitOfWork,
        key: UUID,
        endpoint_id: UUID,
        sealed: str,
        old_until: datetime,
    ) -> None:
        """Make it the secret; the one before is valid until then, what has ended goes."""
        now = uow.clock.now()
        await uow.driver.execute(
            "DELETE FROM webhook_secret WHERE endpoint_id = $1 AND expires_at <= $2",
            endpoint_id,
            now,
        )
        await uow.driver.execute(
            "UPDATE webhook_secret SET expires_at = $2 "
            "WHERE endpoint_id = $1 AND expires_at IS NULL",
            endpoint_id,
            old_until,
        )
        await uow.driver.execute(
            "INSERT INTO webhook_secret (id, endpoint_id, sealed, created_at) "
            "VALUES ($1, $2, $3, $4)",
            key,
            endpoint_id,
            sealed,
            now,
        )

    async def drop_secrets(self, uow: PostgresUnitOfWork, endpoint_id: UUID) -> None:
        """Delete them all."""
        await uow.driver.execute("DELETE FROM webhook_secret WHERE endpoint_id = $1", endpoint_id)


def _columns(endpoint: Endpoint) -> tuple[str, datetime | None, datetime | None, str | None]:
    match endpoint.state:
        case Enabled(failing_since):
            return "enabled", failing_since, None, None
        case Disabled(at, why):
            return "disabled", None, at, str(why)


def _endpoint(row: Mapping[str, Any]) -> Endpoint:
    off = row["status"] == "disabled"
    return Endpoint(
        id=row["id"],
        url=row["url"],
        events=tuple(row["events"]),
        description=row["description"],
        state=Disabled(row["disabled_at"], Off(row["disabled_why"]))
        if off
        else Enabled(row["failing_since"]),
    )
