"""Invoices on PostgreSQL: each with an append-only, hash-chained list of events."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import msgspec

from adapters.postgres import tables
from adapters.postgres.aggregates import Rows, states
from adapters.postgres.bulk import insert_many
from adapters.postgres.codec import fields_of, restored
from adapters.postgres.subscriptions import utc
from application.payments.ports import Chained, PeriodKey
from application.ports import Clock
from domain.payments import invoice as machine
from domain.payments import invoice_events as chain
from domain.payments.invoice import (
    Invoice,
    Manual,
    Purchase,
    Purpose,
    SubscriptionPeriod,
    status_of,
)
from domain.shared.calendar import Period
from domain.shared.ids import CustomerId, InvoiceId, PriceId, SubscriptionId
from domain.shared.money import Money

_STATES = states(
    machine.Issued,
    machine.Processing,
    machine.Canceling,
    machine.Paid,
    machine.Canceled,
    machine.Expired,
    machine.Refunding,
    machine.PartiallyRefunded,
    machine.Refunded,
    machine.Review,
)
EVENTS: Mapping[str, type[chain.InvoiceEvent]] = {
    event.name: event for event in chain.InvoiceEvent.__subclasses__()
}
GENESIS = bytes(32)


def read_event(name: str, data: Mapping[str, Any]) -> chain.InvoiceEvent:
    """Read an event of a chain back."""
    event: chain.InvoiceEvent = restored(EVENTS[name], data)
    return event


def link(before: bytes, name: str, seq: int, data: Mapping[str, Any]) -> bytes:
    """Return the hash of an event, which covers the whole chain before it."""
    told = msgspec.json.encode([name, seq, data], order="deterministic")
    return hashlib.sha256(before + told).digest()


def _purpose_columns(purpose: Purpose) -> dict[str, Any]:
    empty: dict[str, Any] = dict.fromkeys(
        ("subscription_id", "price_id", "period_start", "period_end", "reference")
    )
    match purpose:
        case SubscriptionPeriod(subscription_id, price_id, period):
            return empty | {
                "purpose": "renewal",
                "subscription_id": subscription_id,
                "price_id": price_id,
                "period_start": period.start,
                "period_end": period.end,
            }
        case Purchase(reference):
            return empty | {"purpose": "purchase", "reference": reference}
        case Manual(reason):
            return empty | {"purpose": "manual", "reference": reason}


def _purpose(row: Mapping[str, Any]) -> Purpose:
    match row["purpose"]:
        case "renewal":
            return SubscriptionPeriod(
                SubscriptionId(row["subscription_id"]),
                PriceId(row["price_id"]),
                Period(utc(row["period_start"]), utc(row["period_end"])),
            )
        case "purchase":
            return Purchase(row["reference"])
        case _:
            return Manual(row["reference"])


def from_row(row: Mapping[str, Any]) -> Invoice:
    """Read a row back."""
    return Invoice(
        id=InvoiceId(row["id"]),
        customer_id=CustomerId(row["customer_id"]),
        purpose=_purpose(row),
        description=row["description"],
        money=Money.of(row["amount_minor"], row["currency"]),
        state=restored(_STATES[row["status"]], row["state"]),
        issued_at=utc(row["issued_at"]),
        due_at=utc(row["due_at"]),
        length=row["length"],
        version=row["version"],
    )


class PostgresInvoices:
    """Invoices of one transaction; numbers are given out in its last statement."""

    def __init__(self, driver: asyncpg.Connection, clock: Clock, zone: ZoneInfo) -> None:
        self._driver = driver
        self._clock = clock
        self._zone = zone
        self._hashes: dict[InvoiceId, bytes] = {}
        self._told: dict[InvoiceId, machine.State | None] = {}
        self._unnumbered: dict[int, list[InvoiceId]] = {}
        self._rows = Rows(driver, tables.payments.invoice, self._to_row, self._from_row)

    def _to_row(self, invoice: Invoice) -> dict[str, Any]:
        return {
            "id": invoice.id,
            "customer_id": invoice.customer_id,
            **_purpose_columns(invoice.purpose),
            "description": invoice.description,
            "amount_minor": invoice.money.amount_minor,
            "currency": invoice.money.currency.code,
            "status": status_of(invoice.state),
            "state": fields_of(invoice.state),
            "issued_at": invoice.issued_at,
            "due_at": invoice.due_at,
            "length": invoice.length,
            "chain_hash": self._hashes[invoice.id],
            "version": invoice.version,
        }

    def _from_row(self, row: Mapping[str, Any]) -> Invoice:
        invoice = from_row(row)
        self._hashes[invoice.id] = row["chain_hash"]
        self._told[invoice.id] = invoice.state
        return invoice

    async def get_many(self, ids: Sequence[InvoiceId]) -> Mapping[InvoiceId, Invoice]:
        """Load, without locks."""
        return await self._rows.by_id(ids)

    async def lock_many(self, ids: Sequence[InvoiceId]) -> Mapping[InvoiceId, Invoice]:
        """Load for change."""
        return await self._rows.by_id(ids, lock=True)

    async def lock_for_periods(self, keys: Sequence[PeriodKey]) -> Mapping[PeriodKey, Invoice]:
        """Load for change by subscription and start of the period."""
        if not keys:
            return {}
        found = await self._rows.load(
            "(subscription_id, period_start) IN "
            "(SELECT * FROM unnest($1::uuid[], $2::timestamptz[])) ORDER BY id FOR UPDATE",
            [subscription_id for subscription_id, _ in keys],
            [start for _, start in keys],
        )
        return {
            (owed.purpose.subscription_id, owed.purpose.period.start): owed
            for owed in found
            if isinstance(owed.purpose, SubscriptionPeriod)
        }

    async def lock_open_of(self, subscription_ids: Sequence[SubscriptionId]) -> Sequence[Invoice]:
        """Load for change what is issued for subscriptions and not being paid."""
        if not subscription_ids:
            return []
        return await self._rows.load(
            "subscription_id = ANY($1) AND status = 'issued' ORDER BY id FOR UPDATE",
            list(subscription_ids),
        )

    async def lock_unpaid_of(self, subscription_ids: Sequence[SubscriptionId]) -> Sequence[Invoice]:
        """Load for change what is issued or being paid for these subscriptions."""
        if not subscription_ids:
            return []
        return await self._rows.load(
            "subscription_id = ANY($1) AND status IN ('issued', 'processing') "
            "ORDER BY id FOR UPDATE",
            list(subscription_ids),
        )

    async def lock_overdue(
        self, now: datetime, limit: int, leave_out: Collection[UUID] = ()
    ) -> Sequence[Invoice]:
        """Load for change issued invoices past their due date."""
        return await self._rows.load(
            "status = 'issued' AND due_at <= $1 AND id <> ALL($3::uuid[]) "
            "ORDER BY due_at, id LIMIT $2 FOR UPDATE SKIP LOCKED",
            now,
            limit,
            list(leave_out),
        )

    async def count_overdue(self, now: datetime) -> int:
        """Count issued invoices past their due date, without locks."""
        count = await self._driver.fetchval(
            "SELECT count(*) FROM invoice WHERE status = 'issued' AND due_at <= $1", now
        )
        return int(count)

    async def add_many(self, issued: Sequence[Chained]) -> None:
        """Insert with the beginning of the chain."""
        for _, owed, _ in issued:
            self._hashes[owed.id], self._told[owed.id] = GENESIS, None
            year = owed.issued_at.astimezone(self._zone).year
            self._unnumbered.setdefault(year, []).append(owed.id)
        links = self._links(issued)
        await self._rows.add([owed for _, owed, _ in issued])
        await insert_many(self._driver, tables.payments.invoice_event, links)

    async def save_many(self, moved: Sequence[Chained]) -> None:
        """Update and lengthen the chain; raise StaleVersion."""
        links = self._links(moved)
        await self._rows.save([owed for _, owed, _ in moved])
        await insert_many(self._driver, tables.payments.invoice_event, links)

    def _links(self, told: Sequence[Chained]) -> list[dict[str, Any]]:
        now = self._clock.now()
        rows = []
        for cause, owed, events in told:
            first = owed.length - len(events) + 1
            for seq, event in enumerate(events, start=first):
                data = fields_of(event)
                self._hashes[owed.id] = link(self._hashes[owed.id], event.name, seq, data)
                state = machine.apply(self._told[owed.id], event, owed.money)
                self._told[owed.id] = state
                rows.append(
                    {
                        "invoice_id": owed.id,
                        "seq": seq,
                        "name": event.name,
                        "status": status_of(state),
                        "data": data,
                        "actor": cause.actor,
                        "reason": cause.reason,
                        "correlation_id": cause.correlation_id,
                        "causation_id": cause.causation_id,
                        "occurred_at": now,
                        "hash": self._hashes[owed.id],
                    }
                )
        return rows

    async def number(self) -> None:
        """Give the new invoices their numbers: gapless per year, in the order of their issue.

        The counter's row is locked from here to the commit, so this is the last thing a
        transaction does; a rolled back one gives its numbers back.
        """
        for year, ids in sorted(self._unnumbered.items()):
            await self._driver.execute(_NUMBER, year, ids, len(ids))
        self._unnumbered.clear()


_NUMBER = """
WITH counter AS (
    INSERT INTO invoice_counter (year, last) VALUES ($1, $3)
    ON CONFLICT (year) DO UPDATE SET last = invoice_counter.last + $3
    RETURNING last
)
UPDATE invoice SET number = $1 || '-' || lpad((counter.last - $3 + given.place)::text, 7, '0')
FROM counter, unnest($2::uuid[]) WITH ORDINALITY AS given(id, place)
WHERE invoice.id = given.id
"""
