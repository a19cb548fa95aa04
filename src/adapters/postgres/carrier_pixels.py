"""Postbacks to advertisers, their settings, and clicks that wait for orders."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from adapters.postgres import tables
from adapters.postgres.bulk import insert_many
from adapters.postgres.subscriptions import utc
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from application.carrier.aftermath import PixelOrder
from application.carrier.pixel_ports import Choice, Click, NewPixel, PixelRow
from domain.carrier.postback import PixelSetting, Publisher
from domain.shared.ids import SubscriptionId
from domain.shared.msisdn import Msisdn

_FREE = """
SELECT click.id FROM carrier_click AS click
JOIN carrier_campaign AS campaign ON campaign.code = click.campaign_code
WHERE click.operator = $1 AND campaign.service_id = $2 AND click.subscription_id IS NULL
    AND click.clicked_at >= $3 AND ($4::text IS NULL OR click.campaign_code = $4)
"""
_NAMED = f"{_FREE} AND (click.msisdn = $5 OR click.tid = $6 OR click.operator_token = $7) "
_NAMED += "ORDER BY click.clicked_at DESC, click.id LIMIT 1"
# Two are enough to know that nobody knows.
_NAMELESS = f"{_FREE} AND click.msisdn IS NULL AND click.tid IS NULL "
_NAMELESS += "AND click.operator_token IS NULL LIMIT 2"
_TAKE = """
UPDATE carrier_click SET subscription_id = $2 WHERE id = $1 AND subscription_id IS NULL
RETURNING *
"""
_LOAD = """
SELECT one.*, subscription.msisdn, subscription.service_code FROM carrier_pixel AS one
JOIN subscription ON subscription.id = one.subscription_id
WHERE one.id = ANY($1) AND one.status IN ('queued', 'chosen')
ORDER BY one.id FOR UPDATE OF one
"""
_COUNT = """
UPDATE carrier_pixel_setting AS kept SET counted = counted + given.turns
FROM unnest($1::uuid[], $2::bigint[]) AS given(id, turns) WHERE kept.id = given.id
RETURNING kept.id, kept.counted - given.turns AS before
"""
_CHOOSE = """
UPDATE carrier_pixel AS kept SET publisher = given.publisher, setting_id = given.setting_id,
    url = given.url, timeout_seconds = given.timeout_seconds, why = given.why,
    status = CASE WHEN given.url IS NULL THEN 'skipped' ELSE 'chosen' END,
    decided_at = CASE WHEN given.url IS NULL THEN $7::timestamptz END
FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::numeric[], $6::text[])
    AS given(id, publisher, setting_id, url, timeout_seconds, why)
WHERE kept.id = given.id AND kept.status = 'queued'
"""
_TRIED = """
UPDATE carrier_pixel AS kept SET response_code = given.code, took_ms = given.took, why = given.why,
    status = CASE WHEN given.code = 200 THEN 'sent' ELSE kept.status END,
    decided_at = CASE WHEN given.code = 200 THEN $5::timestamptz ELSE kept.decided_at END
FROM unnest($1::uuid[], $2::integer[], $3::integer[], $4::text[]) AS given(id, code, took, why)
WHERE kept.id = given.id AND kept.status = 'chosen'
"""
_UNSENT = """
SELECT id FROM carrier_pixel AS one WHERE status = 'chosen' AND created_at >= $1
    AND NOT EXISTS (SELECT FROM message
        WHERE order_key = 'pixel:' || one.id::text AND state <> 'dead')
ORDER BY created_at, id LIMIT $2
FOR UPDATE SKIP LOCKED
"""


class PostgresPixels:
    """Rows of postbacks, in the transaction of the unit of work it is given."""

    async def add_many(self, uow: PostgresUnitOfWork, rows: Sequence[NewPixel]) -> set[UUID]:
        """Insert; return those whose subscription had none."""
        new = await insert_many(
            uow.driver,
            tables.carrier_pixels.carrier_pixel,
            [
                {
                    "id": row.id,
                    "subscription_id": row.subscription_id,
                    "operator": row.operator,
                    "campaign_code": row.campaign_code,
                    "pixel": row.pixel,
                    "publisher": row.publisher,
                    "paid": row.paid,
                    "status": "queued",
                    "created_at": row.created_at,
                }
                for row in rows
            ],
            "ON CONFLICT (subscription_id) DO NOTHING RETURNING id",
        )
        return {row["id"] for row in new}

    async def claim_click(
        self, uow: PostgresUnitOfWork, wanted: PixelOrder, since: datetime
    ) -> Click | None:
        """Give a subscription the click that led to it, if that is certain."""
        order = wanted.order.order
        where = (order.operator, wanted.order.service_id, since, order.campaign_code)
        names = (order.msisdn.digits, order.tid, order.operator_token)
        found = await uow.driver.fetch(_NAMED, *where, *names)
        if not found:
            nameless = await uow.driver.fetch(_NAMELESS, *where)
            found = nameless if len(nameless) == 1 else []
        if not found:
            return None
        # Somebody else may have taken it a moment ago: then there is none for this one.
        row = await uow.driver.fetchrow(_TAKE, found[0]["id"], wanted.subscription.id)
        return _click(row) if row else None

    async def add_click(self, uow: PostgresUnitOfWork, click: Click) -> bool:
        """Keep a click; False when its pixel is known already."""
        rows = await insert_many(
            uow.driver,
            tables.carrier_pixels.carrier_click,
            [
                {
                    "id": click.id,
                    "operator": click.operator,
                    "campaign_code": click.campaign_code,
                    "pixel": click.pixel,
                    "publisher": click.publisher,
                    "tid": click.tid,
                    "msisdn": click.msisdn.digits if click.msisdn else None,
                    "operator_token": click.operator_token,
                    "clicked_at": click.clicked_at,
                }
            ],
            "ON CONFLICT (campaign_code, pixel) DO NOTHING RETURNING id",
        )
        return bool(rows)

    async def load(self, uow: PostgresUnitOfWork, ids: Sequence[UUID]) -> Sequence[PixelRow]:
        """Load for change those that are queued or chosen."""
        return [_row(row) for row in await uow.driver.fetch(_LOAD, list(ids))]

    async def settings(self, uow: PostgresUnitOfWork) -> Sequence[PixelSetting]:
        """Return all settings."""
        rows = await uow.driver.fetch(
            "SELECT * FROM carrier_pixel_setting ORDER BY publisher, wire_id"
        )
        return [_setting(row) for row in rows]

    async def put_setting(self, uow: PostgresUnitOfWork, setting: PixelSetting) -> UUID:
        """Insert, or replace by campaign, operator and publisher; return its id."""
        (row,) = await insert_many(
            uow.driver,
            tables.carrier_pixels.carrier_pixel_setting,
            [
                {
                    "id": setting.id,
                    "campaign_code": setting.campaign_code,
                    "operator": setting.operator,
                    "publisher": setting.publisher,
                    "endpoint": setting.endpoint,
                    "timeout_seconds": setting.timeout_seconds,
                    "ratio": setting.ratio,
                    "is_enabled": setting.is_enabled,
                    "created_at": uow.clock.now(),
                }
            ],
            "ON CONFLICT (campaign_code, operator, publisher) DO UPDATE SET "
            "endpoint = excluded.endpoint, timeout_seconds = excluded.timeout_seconds, "
            "ratio = excluded.ratio, is_enabled = excluded.is_enabled RETURNING id",
        )
        key: UUID = row["id"]
        return key

    async def drop_setting(self, uow: PostgresUnitOfWork, key: UUID) -> bool:
        """Delete a setting; False when there is none."""
        gone = await uow.driver.fetchval(
            "DELETE FROM carrier_pixel_setting WHERE id = $1 RETURNING true", key
        )
        return bool(gone)

    async def publishers(self, uow: PostgresUnitOfWork) -> Sequence[Publisher]:
        """Return all publishers, in the order their patterns are tried in."""
        rows = await uow.driver.fetch("SELECT * FROM carrier_publisher ORDER BY place, name")
        return [Publisher(row["name"], row["pattern"]) for row in rows]

    async def put_publisher(
        self, uow: PostgresUnitOfWork, publisher: Publisher, place: int
    ) -> None:
        """Insert, or replace by name."""
        await uow.driver.execute(
            "INSERT INTO carrier_publisher VALUES ($1, $2, $3) ON CONFLICT (name) "
            "DO UPDATE SET pattern = excluded.pattern, place = excluded.place",
            publisher.name,
            publisher.pattern,
            place,
        )

    async def count(self, uow: PostgresUnitOfWork, turns: Mapping[UUID, int]) -> Mapping[UUID, int]:
        """Count so many postbacks of settings; return what each stood at before."""
        keys = sorted(turns)
        rows = await uow.driver.fetch(_COUNT, keys, [turns[key] for key in keys])
        return {row["id"]: row["before"] for row in rows}

    async def choose(self, uow: PostgresUnitOfWork, choices: Sequence[Choice]) -> None:
        """Write down where postbacks go, or that they are skipped."""
        if not choices:
            return
        settings = [one.setting for one in choices]
        await uow.driver.execute(
            _CHOOSE,
            [one.id for one in choices],
            [one.publisher for one in choices],
            [setting.id if setting else None for setting in settings],
            [one.url for one in choices],
            [setting.timeout_seconds if setting else None for setting in settings],
            [one.why for one in choices],
            uow.clock.now(),
        )

    async def tried(
        self,
        uow: PostgresUnitOfWork,
        tries: Sequence[tuple[UUID, int | None, int | None, str | None]],
    ) -> None:
        """Write (id, response code, milliseconds, why) of tries; 200 makes it sent."""
        ids, codes, took, why = zip(*tries, strict=True)
        await uow.driver.execute(
            _TRIED, list(ids), list(codes), list(took), list(why), uow.clock.now()
        )

    async def unsent(self, uow: PostgresUnitOfWork, since: datetime, limit: int) -> Sequence[UUID]:
        """Return chosen ones that were not sent and have no message on its way, oldest first."""
        return [row["id"] for row in await uow.driver.fetch(_UNSENT, since, limit)]


def _setting(row: Mapping[str, Any]) -> PixelSetting:
    return PixelSetting(
        id=row["id"],
        campaign_code=row["campaign_code"],
        operator=row["operator"],
        publisher=row["publisher"],
        endpoint=row["endpoint"],
        timeout_seconds=float(row["timeout_seconds"]),
        ratio=row["ratio"],
        is_enabled=row["is_enabled"],
    )


def _click(row: asyncpg.Record) -> Click:
    return Click(
        id=row["id"],
        operator=row["operator"],
        campaign_code=row["campaign_code"],
        pixel=row["pixel"],
        publisher=row["publisher"],
        tid=row["tid"],
        msisdn=Msisdn(row["msisdn"]) if row["msisdn"] else None,
        operator_token=row["operator_token"],
        clicked_at=utc(row["clicked_at"]),
    )


def _row(row: asyncpg.Record) -> PixelRow:
    return PixelRow(
        id=row["id"],
        subscription_id=SubscriptionId(row["subscription_id"]),
        operator=row["operator"],
        campaign_code=row["campaign_code"],
        pixel=row["pixel"],
        publisher=row["publisher"],
        paid=row["paid"],
        created_at=utc(row["created_at"]),
        status=row["status"],
        url=row["url"],
        timeout_seconds=float(row["timeout_seconds"] or 5),
        msisdn=row["msisdn"],
        service_code=row["service_code"],
    )
