"""The archive on PostgreSQL: finds whatever an id names, and collects its affair in a few reads."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres import explain_rows as rows
from adapters.postgres.codec import plain
from adapters.postgres.connections import borrowed
from application.explain.case import CaseFile, Fact, Ref, Thing

_MOST_FACTS = 2000
_MOST_SEQ = 32767

_BY_ID = """
SELECT 'invoice' AS kind, id FROM invoice WHERE id = $1
UNION ALL SELECT 'payment', id FROM payment WHERE id = $1
UNION ALL SELECT 'refund', id FROM refund WHERE id = $1
UNION ALL SELECT 'subscription', id FROM subscription WHERE id = $1
UNION ALL SELECT 'operation', id FROM operation WHERE id = $1
LIMIT 1
"""

_BY_NAME = """
SELECT 'invoice' AS kind, id FROM invoice WHERE number = $1
UNION ALL SELECT 'payment', id FROM payment WHERE provider = ANY($2) AND external_id = $1
UNION ALL SELECT 'refund', id FROM refund WHERE external_id = $1
UNION ALL SELECT 'operation', id FROM operation WHERE key = $1
LIMIT 1
"""

_OPERATIONS = """
SELECT * FROM operation WHERE id IN (
    SELECT id FROM operation WHERE attempt_id = ANY($1)
    UNION SELECT id FROM operation WHERE refund_id = ANY($2)
    UNION SELECT id FROM operation WHERE id = ANY($3)
    UNION SELECT id FROM operation WHERE reverses = ANY($3)
) ORDER BY recorded_at, id
"""

_ENTRIES = """
SELECT entry.operation_id, entry.seq, entry.amount_minor, entry.currency,
    account.code || coalesce('@' || account.owner, '') AS account
FROM entry JOIN account ON account.id = entry.account_id
WHERE entry.operation_id = ANY($1) ORDER BY entry.operation_id, entry.seq
"""

_EVENTS = """
SELECT * FROM event WHERE aggregate_id = ANY($1) ORDER BY position LIMIT $2
"""

# What the same stories did to the subscription; a run that settled a whole page of payments under
# one correlation must not bring its other payments into this one's story.
_AROUND = """
SELECT * FROM event
WHERE aggregate_id = ANY($1) AND correlation_id = ANY($2) ORDER BY position LIMIT $3
"""

_WAITING = """
SELECT id, queue, name, payload, state, attempt, run_at, error FROM message
WHERE correlation_id = ANY($1) ORDER BY id LIMIT 20
"""

_RUNS = """
SELECT id, job, business_time, actor, started_at, finished_at, counts, error
FROM job_run WHERE id = ANY($1)
"""


class PostgresArchive:
    """Reads stories; `gateways` are the codes of the providers whose ids may be asked for."""

    def __init__(self, engine: AsyncEngine, gateways: Sequence[str]) -> None:
        self._engine = engine
        self._gateways = list(gateways)

    async def find(self, reference: str) -> Ref | None:
        """Find a thing by id, invoice number, gateway id or key of an operation."""
        if "\x00" in reference:
            return None
        async with borrowed(self._engine) as (_, driver):
            name, slash, seq = reference.partition("/")
            if slash:
                return await _find_entry(driver, name, seq)
            row = None
            with suppress(ValueError):
                row = await driver.fetchrow(_BY_ID, UUID(reference))
            row = row or await driver.fetchrow(_BY_NAME, reference, self._gateways)
        return Ref(row["kind"], str(row["id"])) if row else None

    async def case(self, subject: Ref) -> CaseFile:
        """Collect the affair of a thing, as of one moment."""
        async with (
            borrowed(self._engine) as (_, driver),
            driver.transaction(isolation="repeatable_read", readonly=True),
        ):
            return await _Collection(driver, subject).collected()


async def _find_entry(driver: asyncpg.Connection, name: str, seq: str) -> Ref | None:
    try:
        operation_id, place = UUID(name), int(seq)
    except ValueError:
        return None
    if not 0 < place <= _MOST_SEQ:
        return None
    sql = "SELECT 1 FROM entry WHERE operation_id = $1 AND seq = $2"
    found = await driver.fetchval(sql, operation_id, place)
    return Ref("entry", f"{operation_id}/{place}") if found else None


class _Collection:
    """One story being collected: the ids that belong to it, then everything about them."""

    def __init__(self, driver: asyncpg.Connection, subject: Ref) -> None:
        self._driver = driver
        self._subject = subject
        self._things: list[Thing] = []
        self._facts: list[tuple[Any, int, int, Fact]] = []

    async def collected(self) -> CaseFile:
        operations = await self._scope()
        await self._postings(operations)
        facts = _attributed(fact for *_, fact in sorted(self._facts, key=lambda kept: kept[:3]))
        answered = {fact.causation_id for fact in facts if fact.causation_id}
        runs = await self._driver.fetch(_RUNS, list(answered))
        stories = list({fact.correlation_id for fact in facts if fact.correlation_id})
        waiting = await self._driver.fetch(_WAITING, stories)
        return CaseFile(
            subject=self._subject,
            things=self._things,
            facts=facts,
            runs={row["id"]: _plain(row, leave_out=("id",)) for row in runs},
            waiting=[rows.waiting(_plain(row)) for row in waiting],
        )

    async def _scope(self) -> list[UUID]:
        """Find what the story reaches, and return the operations it begins with, if with any."""
        own = UUID(self._subject.id.partition("/")[0])
        match self._subject.kind:
            case "subscription":
                await self._subscription(own)
                return []
            case "invoice":
                await self._invoices([own])
                return []
            case "payment" | "refund":
                sql = f"SELECT invoice_id FROM {self._subject.kind} WHERE id = $1"  # noqa: S608
                await self._invoices([await self._driver.fetchval(sql, own)])
                return []
            case _:
                sql = "SELECT invoice_id, reverses FROM operation WHERE id = $1"
                row = await self._driver.fetchrow(sql, own)
                if row["invoice_id"]:
                    await self._invoices([row["invoice_id"]])
                return [own, row["reverses"]] if row["reverses"] else [own]

    async def _subscription(self, key: UUID) -> None:
        row = await self._driver.fetchrow("SELECT * FROM subscription WHERE id = $1", key)
        self._things.append(rows.subscription(row))
        found = await self._driver.fetch(
            "SELECT * FROM invoice WHERE subscription_id = $1 ORDER BY period_start", key
        )
        self._things += [rows.invoice(owed) for owed in found]
        await self._events("subscription", [key])
        await self._events("invoice", [owed["id"] for owed in found])
        await self._periods("subscription_id", [key])

    async def _invoices(self, ids: Sequence[UUID]) -> None:
        invoices = await self._driver.fetch("SELECT * FROM invoice WHERE id = ANY($1)", list(ids))
        payments = await self._of("payment", "invoice_id", ids)
        payment_ids = [row["id"] for row in payments]
        refunds = await self._of("refund", "payment_id", payment_ids)
        self._things += [rows.invoice(row) for row in invoices]
        self._things += [rows.payment(row) for row in payments]
        self._things += [rows.refund(row) for row in refunds]
        await self._events("invoice", ids)
        await self._events("payment", payment_ids)
        await self._events("refund", [row["id"] for row in refunds])
        await self._exchanges(payment_ids)
        await self._periods("invoice_id", ids)
        await self._around([r["subscription_id"] for r in invoices if r["subscription_id"]])

    async def _of(self, table: str, column: str, ids: Iterable[UUID]) -> list[Any]:
        sql = f"SELECT * FROM {table} WHERE {column} = ANY($1) ORDER BY created_at, id"  # noqa: S608
        found: list[Any] = await self._driver.fetch(sql, list(ids))
        return found

    async def _events(self, kind: str, ids: Iterable[UUID]) -> None:
        for row in await self._driver.fetch(_EVENTS, list(ids), _MOST_FACTS):
            self._keep(row["recorded_at"], 1, row["position"], rows.event(kind, row))

    async def _around(self, subscription_ids: Sequence[UUID]) -> None:
        """Bring the subscription, and what these stories did to it."""
        if not subscription_ids:
            return
        sql = "SELECT * FROM subscription WHERE id = ANY($1)"
        self._things += [
            rows.subscription(row) for row in await self._driver.fetch(sql, subscription_ids)
        ]
        stories = list({fact.correlation_id for *_, fact in self._facts if fact.correlation_id})
        for row in await self._driver.fetch(_AROUND, subscription_ids, stories, _MOST_FACTS):
            self._keep(row["recorded_at"], 1, row["position"], rows.event("subscription", row))

    async def _exchanges(self, payment_ids: Sequence[UUID]) -> None:
        sql = "SELECT * FROM gateway_exchange WHERE payment_id = ANY($1) ORDER BY id LIMIT $2"
        for row in await self._driver.fetch(sql, list(payment_ids), _MOST_FACTS):
            self._keep(row["recorded_at"], 0, row["id"], rows.exchange(row))

    async def _periods(self, column: str, ids: Sequence[UUID]) -> None:
        sql = f"SELECT * FROM subscription_period WHERE {column} = ANY($1) ORDER BY period_start"  # noqa: S608
        for place, row in enumerate(await self._driver.fetch(sql, list(ids))):
            self._keep(row["granted_at"], 3, place, rows.period(row))
            self._things.append(rows.period_thing(row))

    async def _postings(self, own: Sequence[UUID]) -> None:
        kept = {kind: [] for kind in ("payment", "refund")}  # type: dict[str, list[UUID]]
        for thing in self._things:
            if thing.ref.kind in kept:
                kept[thing.ref.kind].append(UUID(thing.ref.id))
        found = await self._driver.fetch(_OPERATIONS, kept["payment"], kept["refund"], list(own))
        lines = await self._driver.fetch(_ENTRIES, [row["id"] for row in found])
        for place, row in enumerate(found):
            entries = [_plain(line) for line in lines if line["operation_id"] == row["id"]]
            self._keep(row["recorded_at"], 2, place, rows.posting(row, entries))
            self._things.append(rows.operation(row))
            self._things += [rows.entry(row["id"], line) for line in entries]

    def _keep(self, recorded_at: Any, rank: int, place: int, fact: Fact) -> None:
        """Keep a fact; those of one transaction go question, events, postings, periods."""
        self._facts.append((recorded_at, rank, place, fact))


def _attributed(facts: Iterable[Fact]) -> list[Fact]:
    """Give answers of gateways and periods the cause of the transaction that recorded them."""
    facts = list(facts)
    causes = {fact.recorded_at: fact for fact in facts if fact.actor}
    return [
        replace(fact, at=cause.at, actor=cause.actor, reason=cause.reason)
        if fact.actor is None and (cause := causes.get(fact.recorded_at))
        else fact
        for fact in facts
    ]


def _plain(row: Mapping[str, Any], leave_out: Sequence[str] = ()) -> dict[str, Any]:
    return {name: plain(value) for name, value in row.items() if name not in leave_out}
