"""Read models: rows as the API shows them, a page at a time; no aggregate is loaded."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.codec import plain
from adapters.postgres.connections import borrowed, borrowed_driver
from adapters.postgres.migrations import revisions
from adapters.postgres.subscriptions import from_row as subscription_from_row
from application.errors import NotFound
from application.ports import JsonObject, Listing, Page
from domain.shared.errors import InvalidValue
from domain.subscriptions.model import Paused, access_until, awake, has_access, status_of
from domain.subscriptions.renewal import renew_at

MOST = 100

# What is shown of each table; tokens of gateways and internal counters are not.
_COLUMNS = {
    "customer": "id, external_id, email, time_zone, locale, created_at",
    "invoice": "id, number, customer_id, purpose, subscription_id, period_start, period_end, "
    "reference, description, amount_minor, currency, status, issued_at, due_at",
    "payment": "id, invoice_id, customer_id, provider, amount_minor, currency, number, method_id, "
    "status, external_id, decline_reason, captured_minor, captured_at, refunded_minor, created_at, "
    "state ->> 'confirmation_url' AS confirmation_url",
    "refund_ticket": "id, payment_id, customer_id, reason, text, amount_minor, currency, status, "
    "(state #>> '{approval,money,amount_minor}')::bigint AS approved_minor, opened_by, "
    "state #>> '{approval,by}' AS approved_by, state #>> '{approval,second}' AS seconded_by, "
    "state ->> 'by' AS rejected_by, coalesce(state ->> 'note', state #>> '{approval,note}') "
    "AS note, state ->> 'why' AS failure, created_at",
    "payment_method": "id, customer_id, provider, type, title, last4, saved_at, inactive_reason",
    "price": "id, plan_id, amount_minor, currency, set_by, created_at, archived_at, valid_from, "
    "migrates",
    "plan": "id, name, description, interval_count, interval_unit, is_recurring, trial_days, "
    "retry_days, grace_seconds, features, is_active, created_at",
    "feature": "code, name, description, entities",
    "job_run": "id, job, business_time, dry_run, actor, started_at, finished_at, counts, errors, "
    "error",
    "discrepancy": "id, provider, external_id, kind, expected, actual, status, note, found_at",
}

WhichPrices = Literal["active", "coming", "archived"]
_PRICES: Mapping[WhichPrices, str] = {
    "active": "valid_from <= {now} AND (archived_at IS NULL OR archived_at > {now})",
    "coming": "valid_from > {now} AND (archived_at IS NULL OR archived_at > valid_from)",
    "archived": "archived_at <= greatest({now}, valid_from)",
}


def cursor_of(key: Any) -> str:
    """Wrap a key into a cursor that says nothing."""
    return base64.urlsafe_b64encode(str(key).encode()).decode().rstrip("=")


def read_cursor(cursor: str | None) -> str | None:
    """Unwrap a cursor; refuse one that was not given out here."""
    if cursor is None:
        return None
    try:
        return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError) as error:
        raise InvalidValue("that cursor was not given out here") from error


class PostgresQueries:
    """Listings newest first, by keys that never change, so pages hold still under inserts."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        """Return rows as plain JSON values."""
        async with borrowed_driver(self._engine) as driver:
            return [
                {name: plain(value) for name, value in row.items()}
                for row in await driver.fetch(sql, *values)
            ]

    async def listing(
        self,
        table: str,
        page: Page,
        where: Mapping[str, Any],
        period: tuple[datetime | None, datetime | None] = (None, None),
        extra: str = "true",
    ) -> Listing:
        """Return a page of a table; conditions with the value None are left out.

        `period` is half-open and meets `created_at`.
        """
        kind = "bigint" if table == "discrepancy" else "uuid"
        asked: list[tuple[str, Any]] = [
            *((f"{name} = ${{}}", value) for name, value in where.items()),
            ("created_at >= ${}", period[0]),
            ("created_at < ${}", period[1]),
            (f"id < ${{}}::{kind}", _key(kind, read_cursor(page.cursor))),
        ]
        wanted = [(text, value) for text, value in asked if value is not None]
        conditions = [text.format(place) for place, (text, _) in enumerate(wanted, start=1)]
        limit = min(max(page.limit, 1), MOST)
        sql = (
            f"SELECT {_COLUMNS[table]} FROM {table} "  # noqa: S608 - names are ours
            f"WHERE {' AND '.join([*conditions, extra])} ORDER BY id DESC LIMIT {limit + 1}"
        )
        found = await self.rows(sql, *(value for _, value in wanted))
        more = len(found) > limit
        return Listing(found[:limit], cursor_of(found[limit - 1]["id"]) if more else None)

    async def prices(
        self, page: Page, plan_id: UUID | None, *, which: WhichPrices, now: datetime
    ) -> Listing:
        """Return prices that are in force, those to come, or the archive."""
        extra = _PRICES[which].format(now=f"'{now.isoformat()}'::timestamptz")
        return await self.listing("price", page, {"plan_id": plan_id}, extra=extra)

    async def methods(self, page: Page, where: Mapping[str, Any]) -> Listing:
        """Return saved methods that can be charged."""
        return await self.listing("payment_method", page, where, extra="inactive_reason IS NULL")

    async def one(self, table: str, key: UUID, owner: UUID | None = None) -> JsonObject:
        """Return a row that the owner may see; raise NotFound."""
        column = "id" if table == "customer" else "customer_id"
        sql = (
            f"SELECT {_COLUMNS[table]} FROM {table} "  # noqa: S608 - names are ours
            f"WHERE id = $1 AND ($2::uuid IS NULL OR {column} = $2)"
        )
        found = await self.rows(sql, key, owner)
        if not found:
            raise NotFound(table.replace("_", " "), key)
        return found[0]

    async def chain(self, invoice_id: UUID, owner: UUID | None) -> Sequence[JsonObject]:
        """Return the events of an invoice."""
        await self.one("invoice", invoice_id, owner)
        return await self.rows(
            "SELECT seq, name, status, data, actor, reason, correlation_id, occurred_at, "
            "recorded_at, encode(hash, 'hex') AS hash FROM invoice_event "
            "WHERE invoice_id = $1 ORDER BY seq",
            invoice_id,
        )

    async def subscriptions(
        self, page: Page, *, owner: UUID | None, active: bool | None, now: datetime
    ) -> Listing:
        """Return subscriptions with what matters of them right now."""
        values: list[Any] = [owner, _key("uuid", read_cursor(page.cursor))]
        live = {None: "true", True: f"({_LIVE})", False: f"NOT ({_LIVE})"}[active]
        limit = min(max(page.limit, 1), MOST)
        async with borrowed(self._engine) as (_, driver):
            rows = await driver.fetch(
                "SELECT * FROM subscription WHERE ($1::uuid IS NULL OR customer_id = $1) "  # noqa: S608
                f"AND ($2::uuid IS NULL OR id < $2) AND {live} "
                f"ORDER BY id DESC LIMIT {limit + 1}",
                *values,
            )
        shown = [show_subscription(row, now) for row in rows[:limit]]
        return Listing(shown, cursor_of(rows[limit - 1]["id"]) if len(rows) > limit else None)

    async def subscription(self, key: UUID, *, owner: UUID | None, now: datetime) -> JsonObject:
        """Return one subscription; raise NotFound."""
        async with borrowed(self._engine) as (_, driver):
            row = await driver.fetchrow(
                "SELECT * FROM subscription WHERE id = $1 "
                "AND ($2::uuid IS NULL OR customer_id = $2)",
                key,
                owner,
            )
        if row is None:
            raise NotFound("subscription", key)
        return show_subscription(row, now)

    async def plans(self, *, only_active: bool, now: datetime) -> Sequence[JsonObject]:
        """Return plans with their active prices."""
        return await self.rows(
            f"SELECT {_COLUMNS['plan']}, (SELECT coalesce(jsonb_agg(jsonb_build_object("  # noqa: S608
            "'id', price.id, 'amount_minor', price.amount_minor, 'currency', price.currency) "
            "ORDER BY price.currency), '[]') FROM price "
            "WHERE price.plan_id = plan.id AND valid_from <= $2 "
            "AND (archived_at IS NULL OR archived_at > $2)) AS prices "
            "FROM plan WHERE is_active OR NOT $1 ORDER BY id",
            only_active,
            now,
        )

    async def features(self) -> Sequence[JsonObject]:
        """Return what plans may give."""
        return await self.rows(f"SELECT {_COLUMNS['feature']} FROM feature ORDER BY code")  # noqa: S608

    async def is_ready(self) -> bool:
        """Tell whether the database answers and has the tables of this version, or newer ones."""
        if not (await self.rows("SELECT to_regclass('alembic_version') AS found"))[0]["found"]:
            return False
        found = {row["version_num"] for row in await self.rows(_REVISION)}
        return bool(found) and found.isdisjoint(_older_revisions())


_REVISION = "SELECT version_num FROM alembic_version"


@lru_cache(maxsize=1)
def _older_revisions() -> frozenset[str]:
    return frozenset(revisions()[:-1])


_LIVE = "status IN ('created', 'active', 'past_due', 'paused')"


def _key(kind: str, text: str | None) -> Any:
    if text is None:
        return None
    try:
        key = UUID(text) if kind == "uuid" else int(text)
    except ValueError as error:
        raise InvalidValue("that cursor was not given out here") from error
    if isinstance(key, int) and not 0 <= key < 2**63:
        raise InvalidValue("that cursor was not given out here")
    return key


def show_subscription(row: Mapping[str, Any], now: datetime) -> JsonObject:
    """Return a subscription as its customer understands it."""
    subscription = awake(subscription_from_row(row), now)
    until, change = access_until(subscription), subscription.change
    paused = subscription.state if isinstance(subscription.state, Paused) else None
    shown: JsonObject = plain(
        {
            "id": subscription.id,
            "customer_id": subscription.customer_id,
            "plan_id": subscription.plan_id,
            "price_id": subscription.price_id,
            "amount_minor": subscription.money.amount_minor,
            "currency": subscription.money.currency,
            "interval": str(subscription.interval),
            "provider": subscription.terms.provider,
            "method_id": subscription.terms.method_id,
            "status": status_of(subscription.state),
            "renewal": subscription.renewal,
            "period_start": row["period_start"],
            "period_end": row["period_end"],
            "has_access": has_access(subscription, now),
            "access_until": until,
            "next_charge_at": renew_at(subscription),
            "charge_open": subscription.charge is not None,
            "paused_until": paused.until if paused else None,
            "plan_change": change
            and {
                "plan_id": change.plan_id,
                "price_id": change.price_id,
                "amount_minor": change.money.amount_minor,
                "currency": change.money.currency,
                "at_once": change.at_once is not None,
            },
            "created_at": subscription.created_at.astimezone(UTC),
        }
    )
    return shown
