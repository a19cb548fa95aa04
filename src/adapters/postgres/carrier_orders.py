"""Orders as they came, and reports nobody can be named for."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import asyncpg

from adapters.postgres import tables
from adapters.postgres.bulk import insert_many
from adapters.postgres.subscriptions import utc
from application.carrier.ports import Order, OrderRow, Unresolved
from domain.shared.ids import SubscriptionId
from domain.shared.msisdn import Msisdn


def _instant(text: str | None) -> datetime | None:
    return utc(datetime.fromisoformat(text)) if text else None


class PostgresOrders:
    """Orders of one transaction."""

    def __init__(self, driver: asyncpg.Connection) -> None:
        self._driver = driver

    async def known(self, keys: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        """Return those pairs that were written down or put aside before."""
        pairs = sorted(keys)
        rows = await self._driver.fetch(
            "SELECT given.operator, given.event_id FROM unnest($1::text[], $2::text[]) "
            "AS given(operator, event_id) WHERE EXISTS (SELECT 1 FROM carrier_order AS o "
            "WHERE o.operator = given.operator AND o.event_id = given.event_id)",
            [operator for operator, _ in pairs],
            [event_id for _, event_id in pairs],
        )
        return {(row["operator"], row["event_id"]) for row in rows}

    async def add_many(self, rows: Sequence[OrderRow]) -> None:
        """Insert; a repeat is refused by the database."""
        await insert_many(
            self._driver,
            tables.carrier.carrier_order,
            [
                {
                    "id": row.id,
                    "operator": row.order.operator,
                    "event_id": row.order.event_id,
                    "tid": row.order.tid,
                    "msisdn": row.order.msisdn.digits,
                    "service_id": row.service_id,
                    "campaign_code": row.order.campaign_code,
                    "subscription_id": row.subscription_id,
                    "consent": {
                        "source": row.order.source,
                        "text": row.order.text,
                        "said_at": row.order.said_at.isoformat() if row.order.said_at else None,
                        "keyword": row.order.keyword,
                        "operator_token": row.order.operator_token,
                    },
                    "pixel": row.order.pixel,
                    "publisher": row.order.publisher,
                    "received_at": row.order.received_at,
                }
                for row in rows
            ],
        )

    async def of_subscriptions(
        self, ids: Collection[SubscriptionId]
    ) -> Mapping[SubscriptionId, OrderRow]:
        """Return the orders that subscriptions began with."""
        rows = await self._driver.fetch(
            "SELECT * FROM carrier_order WHERE subscription_id = ANY($1)", list(ids)
        )
        return {SubscriptionId(row["subscription_id"]): _row(row) for row in rows}

    async def put_aside(self, rows: Sequence[Unresolved]) -> int:
        """Keep reports for a person; repeats are kept once."""
        new = await insert_many(
            self._driver,
            tables.carrier.carrier_unresolved,
            [
                {
                    "id": row.id,
                    "operator": row.operator,
                    "event_id": row.event_id,
                    "kind": row.kind,
                    "msisdn": row.msisdn.digits if row.msisdn else None,
                    "report": dict(row.report),
                    "why": row.why,
                    "candidates": [str(key) for key in row.candidates],
                    "status": "open",
                    "received_at": row.received_at,
                }
                for row in rows
            ],
            "ON CONFLICT (operator, event_id) DO NOTHING RETURNING id",
        )
        return len(new)


def _row(row: asyncpg.Record) -> OrderRow:
    consent = row["consent"]
    return OrderRow(
        id=row["id"],
        service_id=row["service_id"],
        subscription_id=SubscriptionId(row["subscription_id"]),
        order=Order(
            operator=row["operator"],
            event_id=row["event_id"],
            tid=row["tid"],
            msisdn=Msisdn(row["msisdn"]),
            campaign_code=row["campaign_code"],
            keyword=consent.get("keyword"),
            text=consent.get("text", ""),
            source=consent.get("source", ""),
            said_at=_instant(consent.get("said_at")),
            operator_token=consent.get("operator_token"),
            pixel=row["pixel"],
            publisher=row["publisher"],
            received_at=utc(row["received_at"]),
        ),
    )
