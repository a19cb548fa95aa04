"""Charge attempts, methods and refunds on PostgreSQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import asyncpg

from adapters.postgres import tables
from adapters.postgres.aggregates import Rows, states
from adapters.postgres.codec import fields_of, restored
from adapters.postgres.subscriptions import utc
from adapters.postgres.tables.payments import OPEN_PAYMENT
from domain.payments import attempt as machine
from domain.payments.attempt import Attempt, external_id_of, status_of
from domain.payments.method import PaymentMethod
from domain.payments.occasion import Occasion
from domain.payments.receipt import Receipt
from domain.shared.ids import AttemptId, CustomerId, InvoiceId, MethodId
from domain.shared.money import Money

_STATES = states(
    machine.Reserved,
    machine.Sent,
    machine.Accepted,
    machine.Authorized,
    machine.Succeeded,
    machine.Declined,
    machine.Refused,
    machine.Unknown,
    machine.Canceled,
    machine.Expired,
    machine.Review,
    machine.PartiallyRefunded,
    machine.Refunded,
    machine.Disputed,
)


def _money_columns(state: machine.State) -> dict[str, Any]:
    """Return what constraints and reports look for in a state."""
    nothing: dict[str, Any] = {
        "decline_reason": None,
        "declined_at": None,
        "captured_minor": None,
        "captured_at": None,
        "refunded_minor": 0,
    }
    match state:
        case machine.Declined(decline, at):
            return nothing | {"decline_reason": decline.reason.value, "declined_at": at}
        case machine.Succeeded(_, captured, at) | machine.Disputed(_, captured, at):
            return nothing | {"captured_minor": captured.amount_minor, "captured_at": at}
        case machine.PartiallyRefunded(_, captured, at, refunded):
            return nothing | {
                "captured_minor": captured.amount_minor,
                "captured_at": at,
                "refunded_minor": refunded.amount_minor,
            }
        case machine.Refunded(_, captured, at):
            return nothing | {
                "captured_minor": captured.amount_minor,
                "captured_at": at,
                "refunded_minor": captured.amount_minor,
            }
        case _:
            return nothing


def to_row(attempt: Attempt) -> dict[str, Any]:
    """Write an aggregate as a row."""
    return {
        "id": attempt.id,
        "invoice_id": attempt.invoice_id,
        "customer_id": attempt.customer_id,
        "provider": attempt.provider,
        "amount_minor": attempt.money.amount_minor,
        "currency": attempt.money.currency.code,
        "number": attempt.number,
        "occasion": attempt.occasion.value,
        "method_id": attempt.method_id,
        "saves_method": attempt.saves_method,
        "return_url": attempt.return_url,
        "status": status_of(attempt),
        "state": fields_of(attempt.state),
        "external_id": external_id_of(attempt),
        **_money_columns(attempt.state),
        "created_at": attempt.created_at,
        "asked": attempt.asked,
        "next_ask_at": attempt.next_ask_at,
        "version": attempt.version,
        "receipt": attempt.receipt and fields_of(attempt.receipt),
    }


def from_row(row: Mapping[str, Any]) -> Attempt:
    """Read a row back."""
    return Attempt(
        id=AttemptId(row["id"]),
        invoice_id=InvoiceId(row["invoice_id"]),
        customer_id=CustomerId(row["customer_id"]),
        provider=row["provider"],
        money=Money.of(row["amount_minor"], row["currency"]),
        number=row["number"],
        occasion=Occasion(row["occasion"]),
        method_id=MethodId(row["method_id"]) if row["method_id"] else None,
        saves_method=row["saves_method"],
        return_url=row["return_url"],
        state=restored(_STATES[row["status"]], row["state"]),
        created_at=utc(row["created_at"]),
        asked=row["asked"],
        next_ask_at=utc(row["next_ask_at"]) if row["next_ask_at"] else None,
        version=row["version"],
        receipt=restored(Receipt | None, row["receipt"]),
    )


class PostgresAttempts:
    """Charge attempts of one transaction."""

    def __init__(self, driver: asyncpg.Connection) -> None:
        self._driver = driver
        self._rows = Rows(driver, tables.payments.payment, to_row, from_row)

    async def lock_many(self, ids: Sequence[AttemptId]) -> Mapping[AttemptId, Attempt]:
        """Load for change."""
        return await self._rows.by_id(ids, lock=True)

    async def get_many(self, ids: Sequence[AttemptId]) -> Mapping[AttemptId, Attempt]:
        """Load, without locks."""
        return await self._rows.by_id(ids)

    async def ids_by_external(
        self, provider: str, external_ids: Sequence[str]
    ) -> Mapping[str, AttemptId]:
        """Find our attempts by the gateway's ids."""
        if not external_ids:
            return {}
        found = await self._driver.fetch(
            "SELECT external_id, id FROM payment WHERE provider = $1 AND external_id = ANY($2)",
            provider,
            list(external_ids),
        )
        return {row["external_id"]: AttemptId(row["id"]) for row in found}

    async def unsettled(self, ids: Sequence[AttemptId]) -> set[AttemptId]:
        """Return those that took no money yet."""
        if not ids:
            return set()
        found = await self._driver.fetch(
            "SELECT id FROM payment WHERE id = ANY($1) AND captured_minor IS NULL "
            "AND status <> 'review'",
            list(ids),
        )
        return {AttemptId(row["id"]) for row in found}

    async def numbers(self, invoice_ids: Sequence[InvoiceId]) -> Mapping[InvoiceId, int]:
        """Count the attempts of each invoice."""
        if not invoice_ids:
            return {}
        found = await self._driver.fetch(
            "SELECT invoice_id, max(number) AS number FROM payment "
            "WHERE invoice_id = ANY($1) GROUP BY invoice_id",
            list(invoice_ids),
        )
        return {InvoiceId(row["invoice_id"]): row["number"] for row in found}

    async def declines_of(
        self, method_ids: Sequence[MethodId], since: datetime
    ) -> Mapping[MethodId, Sequence[datetime]]:
        """Return when tries of these methods were declined."""
        if not method_ids:
            return {}
        found = await self._driver.fetch(
            "SELECT method_id, array_agg(declined_at) AS declines FROM payment "
            "WHERE method_id = ANY($1) AND declined_at > $2 GROUP BY method_id",
            list(method_ids),
            since,
        )
        return {MethodId(row["method_id"]): row["declines"] for row in found}

    async def lock_to_ask(self, now: datetime, limit: int) -> Sequence[Attempt]:
        """Load for change what is due to be asked for."""
        return await self._rows.load(
            "next_ask_at <= $1 ORDER BY next_ask_at, id LIMIT $2 FOR UPDATE SKIP LOCKED",
            now,
            limit,
        )

    async def open_since(
        self, created_before: datetime, limit: int, after: AttemptId | None
    ) -> Sequence[Attempt]:
        """Load open attempts of cards older than that, in the order of ids."""
        return await self._rows.load(
            f"{OPEN_PAYMENT} AND occasion IN ('checkout', 'saved') AND created_at < $1 "
            "AND ($3::uuid IS NULL OR id > $3) ORDER BY id LIMIT $2",
            created_before,
            limit,
            after,
        )

    async def add_many(self, attempts: Sequence[Attempt]) -> None:
        """Insert."""
        await self._rows.add(attempts)

    async def save_many(self, attempts: Sequence[Attempt]) -> None:
        """Update; raise StaleVersion."""
        await self._rows.save(attempts)


def _method_to_row(method: PaymentMethod) -> dict[str, Any]:
    return fields_of(method) | {
        "id": method.id,
        "customer_id": method.customer_id,
        "saved_at": method.saved_at,
    }


def _method_from_row(row: Mapping[str, Any]) -> PaymentMethod:
    return PaymentMethod(
        id=MethodId(row["id"]),
        customer_id=CustomerId(row["customer_id"]),
        provider=row["provider"],
        external_id=row["external_id"],
        type=row["type"],
        title=row["title"],
        last4=row["last4"],
        saved_at=utc(row["saved_at"]),
        inactive_reason=row["inactive_reason"],
        version=row["version"],
    )


class PostgresMethods:
    """Saved payment methods of one transaction."""

    def __init__(self, driver: asyncpg.Connection) -> None:
        self._driver = driver
        self._rows = Rows(driver, tables.payments.payment_method, _method_to_row, _method_from_row)

    async def get_many(self, ids: Sequence[MethodId]) -> Mapping[MethodId, PaymentMethod]:
        """Load."""
        return await self._rows.by_id(list(dict.fromkeys(ids)))

    async def latest_of(
        self, customer_ids: Sequence[CustomerId], provider: str
    ) -> Mapping[CustomerId, PaymentMethod]:
        """Return each customer's newest active method."""
        found = await self._rows.load(
            "customer_id = ANY($1) AND provider = $2 AND inactive_reason IS NULL "
            "ORDER BY saved_at, id",
            list(customer_ids),
            provider,
        )
        return {method.customer_id: method for method in found}

    async def keep(self, methods: Sequence[PaymentMethod]) -> Mapping[str, MethodId]:
        """Insert, or find by (provider, external id)."""
        # Locking the known row, too, makes both cases return it.
        found = await self._rows.add(
            methods,
            "ON CONFLICT (provider, external_id) DO UPDATE SET title = payment_method.title "
            "RETURNING external_id, id",
        )
        return {row["external_id"]: MethodId(row["id"]) for row in found}

    async def save_many(self, methods: Sequence[PaymentMethod]) -> None:
        """Update; raise StaleVersion."""
        await self._rows.save(methods)
