"""Refunds on PostgreSQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import asyncpg

from adapters.postgres import tables
from adapters.postgres.aggregates import Rows, states
from adapters.postgres.codec import fields_of, restored
from adapters.postgres.subscriptions import utc
from domain.payments import refund as machine
from domain.payments.receipt import Receipt
from domain.payments.refund import Refund, status_of
from domain.shared.ids import AttemptId, InvoiceId, RefundId
from domain.shared.money import Money

_STATES = states(
    machine.Reserved,
    machine.Sent,
    machine.Pending,
    machine.Unknown,
    machine.Succeeded,
    machine.Declined,
)


def to_row(refund: Refund) -> dict[str, Any]:
    """Write an aggregate as a row."""
    return {
        "id": refund.id,
        "payment_id": refund.attempt_id,
        "invoice_id": refund.invoice_id,
        "amount_minor": refund.money.amount_minor,
        "currency": refund.money.currency.code,
        "reason": refund.reason,
        "requested_by": refund.requested_by,
        "status": status_of(refund),
        "state": fields_of(refund.state),
        "external_id": getattr(refund.state, "external_id", None),
        "created_at": refund.created_at,
        "asked": refund.asked,
        "next_ask_at": refund.next_ask_at,
        "version": refund.version,
        "receipt": refund.receipt and fields_of(refund.receipt),
    }


def from_row(row: Mapping[str, Any]) -> Refund:
    """Read a row back."""
    return Refund(
        id=RefundId(row["id"]),
        attempt_id=AttemptId(row["payment_id"]),
        invoice_id=InvoiceId(row["invoice_id"]),
        money=Money.of(row["amount_minor"], row["currency"]),
        reason=row["reason"],
        requested_by=row["requested_by"],
        state=restored(_STATES[row["status"]], row["state"]),
        created_at=utc(row["created_at"]),
        asked=row["asked"],
        next_ask_at=utc(row["next_ask_at"]) if row["next_ask_at"] else None,
        version=row["version"],
        receipt=restored(Receipt | None, row["receipt"]),
    )


class PostgresRefunds:
    """Refunds of one transaction."""

    def __init__(self, driver: asyncpg.Connection) -> None:
        self._driver = driver
        self._rows = Rows(driver, tables.payments.refund, to_row, from_row)

    async def lock_many(self, ids: Sequence[RefundId]) -> Mapping[RefundId, Refund]:
        """Load for change."""
        return await self._rows.by_id(ids, lock=True)

    async def lock_unbound_of(self, attempt_id: AttemptId) -> Sequence[Refund]:
        """Load for change what is under way of a payment and has no id of the gateway yet."""
        return await self._rows.load(
            "payment_id = $1 AND status IN ('sent', 'unknown') ORDER BY id FOR UPDATE", attempt_id
        )

    async def spoken_for(self, attempt_id: AttemptId) -> int:
        """Sum what went back or is on its way, in minor units."""
        return int(
            await self._driver.fetchval(
                "SELECT coalesce(sum(amount_minor), 0) FROM refund "
                "WHERE payment_id = $1 AND status <> 'declined'",
                attempt_id,
            )
        )

    async def ids_by_external(
        self, provider: str, external_ids: Sequence[str]
    ) -> Mapping[str, RefundId]:
        """Find refunds by the gateway's ids."""
        found = await self._driver.fetch(
            "SELECT refund.external_id, refund.id FROM refund "
            "JOIN payment ON payment.id = refund.payment_id "
            "WHERE payment.provider = $1 AND refund.external_id = ANY($2)",
            provider,
            list(external_ids),
        )
        return {row["external_id"]: RefundId(row["id"]) for row in found}

    async def lock_to_ask(self, now: datetime, limit: int) -> Sequence[Refund]:
        """Load for change what is due to be asked for."""
        return await self._rows.load(
            "next_ask_at <= $1 ORDER BY next_ask_at, id LIMIT $2 FOR UPDATE SKIP LOCKED",
            now,
            limit,
        )

    async def add(self, refund: Refund) -> None:
        """Insert."""
        await self._rows.add([refund])

    async def save_many(self, refunds: Sequence[Refund]) -> None:
        """Update; raise StaleVersion."""
        await self._rows.save(refunds)
