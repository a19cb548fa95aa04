"""Texts, content links and the operator log."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from adapters.postgres import tables
from adapters.postgres.bulk import insert_many
from adapters.postgres.subscriptions import utc
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from application.carrier.order_sms import LinkRow, SmsRow
from application.carrier.sms import Occasion
from domain.shared.ids import SubscriptionId

_FACTS = """
SELECT given.id,
    (SELECT count(*) FROM invoice JOIN payment ON payment.invoice_id = invoice.id
     WHERE invoice.subscription_id = given.id AND payment.status IN ('declined', 'refused')
       AND coalesce(payment.declined_at, payment.created_at) >= given.since) AS failed,
    (SELECT count(*) FROM carrier_content_link AS link
     WHERE link.subscription_id = given.id AND link.used_at IS NOT NULL) AS downloads
FROM unnest($1::uuid[], $2::timestamptz[]) AS given(id, since)
"""


class PostgresSms:
    """Rows of texts and links, in the transaction of the unit of work it is given."""

    async def add_texts(self, uow: PostgresUnitOfWork, rows: Sequence[SmsRow]) -> Sequence[SmsRow]:
        """Insert; return those that were not there, by subscription, occasion and key."""
        new = await insert_many(
            uow.driver,
            tables.carrier_sms.carrier_sms,
            [
                {
                    "id": row.id,
                    "subscription_id": row.subscription_id,
                    "operator": row.operator,
                    "msisdn": row.msisdn,
                    "service_code": row.service_code,
                    "occasion": row.occasion.value,
                    "key": row.key,
                    "body": row.body,
                    "status": "queued",
                    "created_at": row.created_at,
                }
                for row in rows
            ],
            "ON CONFLICT (subscription_id, occasion, key) DO NOTHING RETURNING id",
        )
        made = {row["id"] for row in new}
        return [row for row in rows if row.id in made]

    async def add_links(self, uow: PostgresUnitOfWork, rows: Sequence[LinkRow]) -> set[bytes]:
        """Insert; return the hashes of those that were not there."""
        new = await insert_many(
            uow.driver,
            tables.carrier_sms.carrier_content_link,
            [
                {
                    "token_hash": row.token_hash,
                    "subscription_id": row.subscription_id,
                    "key": row.key,
                    "url": row.url,
                    "created_at": row.created_at,
                    "expires_at": row.expires_at,
                }
                for row in rows
            ],
            "ON CONFLICT (subscription_id, key) DO NOTHING RETURNING token_hash",
        )
        return {bytes(row["token_hash"]) for row in new}

    async def queued(self, uow: PostgresUnitOfWork, ids: Sequence[UUID]) -> Mapping[UUID, SmsRow]:
        """Load those that are not decided yet."""
        rows = await uow.driver.fetch(
            "SELECT * FROM carrier_sms WHERE id = ANY($1) AND status = 'queued'", list(ids)
        )
        return {
            row["id"]: SmsRow(
                id=row["id"],
                subscription_id=SubscriptionId(row["subscription_id"]),
                operator=row["operator"],
                msisdn=row["msisdn"],
                service_code=row["service_code"],
                occasion=Occasion(row["occasion"]),
                key=row["key"],
                body=row["body"],
                created_at=utc(row["created_at"]),
            )
            for row in rows
        }

    async def decide(
        self,
        uow: PostgresUnitOfWork,
        answers: Sequence[tuple[UUID, str, str | None, str | None]],
    ) -> None:
        """Write what became of texts; that of a sent link is wiped, because it opens something."""
        ids, statuses, tokens, errors = zip(*answers, strict=True)
        await uow.driver.execute(
            "UPDATE carrier_sms AS kept SET status = given.status, token = given.token, "
            "error = given.error, decided_at = $5, "
            "body = CASE WHEN occasion = 'on_content' THEN '' ELSE body END "
            "FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) "
            "AS given(id, status, token, error) "
            "WHERE kept.id = given.id AND kept.status = 'queued'",
            list(ids),
            list(statuses),
            list(tokens),
            list(errors),
            uow.clock.now(),
        )

    async def open_link(
        self, uow: PostgresUnitOfWork, token_hash: bytes, now: datetime
    ) -> str | None:
        """Use a link up and return where it leads; None when it is unknown, used or too old."""
        url: str | None = await uow.driver.fetchval(
            "UPDATE carrier_content_link SET used_at = $2 "
            "WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2 RETURNING url",
            token_hash,
            now,
        )
        return url

    async def facts(
        self, uow: PostgresUnitOfWork, ended: Sequence[tuple[SubscriptionId, datetime]]
    ) -> Mapping[SubscriptionId, tuple[int, int]]:
        """Return failed charges since an instant, and downloads ever, of subscriptions."""
        latest = dict(ended)
        rows = await uow.driver.fetch(_FACTS, list(latest), list(latest.values()))
        return {SubscriptionId(row["id"]): (row["failed"], row["downloads"]) for row in rows}


class PostgresOperatorLog:
    """The partitioned table of exchanges with operators."""

    async def write(self, uow: PostgresUnitOfWork, lines: Sequence[Mapping[str, Any]]) -> None:
        """Append lines."""
        await insert_many(
            uow.driver,
            tables.carrier_sms.carrier_operator_log,
            [
                {
                    "operator": line["operator"],
                    "kind": line["kind"],
                    "msisdn": line["msisdn"],
                    "token": line["token"],
                    "code": line["code"],
                    "decision": line["decision"],
                    "request": line["request"].replace("\x00", ""),
                    "response": line["response"].replace("\x00", ""),
                    "http_status": line["http_status"],
                    "attempt_id": _id(line["attempt_id"]),
                    "subscription_id": _id(line["subscription_id"]),
                }
                for line in lines
            ],
        )


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text else None
