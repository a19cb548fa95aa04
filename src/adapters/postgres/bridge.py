"""Messages and charges as the bridge to foreign programs needs them, in the unit of work given."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from adapters.postgres.claims import COLUMNS
from adapters.postgres.subscriptions import utc
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from application.carrier.bridge import HANDED_OUT, WireCharge, WireText
from application.ports import Message
from domain.shared.ids import AttemptId
from domain.shared.money import Money
from domain.shared.msisdn import Msisdn

_CHARGES = """
SELECT payment.id, payment.provider, payment.amount_minor, payment.currency, payment.occasion,
    invoice.status = 'processing' AS is_wanted, invoice.reference,
    numbers.msisdn, one.id AS subscription_id, one.wire_id, one.created_at AS ordered_at,
    coalesce(one.service_code, split_part(invoice.reference, ':', 2)) AS service_code,
    one.carrier_terms AS terms, one.renewal = 'automatic' AS periodic,
    ordered.tid, ordered.campaign_code, ordered.pixel, ordered.publisher,
    earlier.attempts, earlier.last_at
FROM payment
JOIN invoice ON invoice.id = payment.invoice_id
JOIN carrier_subscriber AS numbers ON numbers.customer_id = payment.customer_id
LEFT JOIN subscription AS one ON one.id = invoice.subscription_id
LEFT JOIN carrier_order AS ordered ON ordered.subscription_id = one.id
LEFT JOIN LATERAL (
    SELECT count(*) AS attempts, max(before.created_at) AS last_at
    FROM invoice AS owed JOIN payment AS before ON before.invoice_id = owed.id
    WHERE owed.subscription_id = one.id AND before.id < payment.id
) AS earlier ON true
WHERE payment.id = ANY($1)
"""

_TEXTS = """
SELECT sms.id, sms.operator, sms.msisdn, sms.service_code, sms.body, sms.subscription_id,
    sms.status, one.wire_id, ordered.tid
FROM carrier_sms AS sms
JOIN subscription AS one ON one.id = sms.subscription_id
LEFT JOIN carrier_order AS ordered ON ordered.subscription_id = one.id
WHERE sms.id = ANY($1)
"""

_HELD = f"""
SELECT {COLUMNS} FROM message WHERE id = ANY($3::bigint[]) AND queue = $1 AND lease = $2
ORDER BY id FOR UPDATE"""  # noqa: S608 - the columns are a constant

_HANDED_OUT = f"""
SELECT {COLUMNS}, lease_until FROM message
WHERE queue = $1 AND state = 'leased' AND lease = $2 AND lease_until > now()
  AND payload ? '{HANDED_OUT}' ORDER BY id"""  # noqa: S608 - constants

_IN_HAND = f"""
SELECT payload ->> 'attempt_id' AS id FROM message
WHERE queue = $1 AND state = 'leased' AND lease_until > now() AND lease <> $2
  AND payload ? '{HANDED_OUT}' AND payload ? 'attempt_id'"""  # noqa: S608 - a constant

_HAND_OUT = f"""
UPDATE message SET payload = payload || jsonb_build_object('{HANDED_OUT}', given.how)
FROM unnest($2::bigint[], $3::text[]) AS given(id, how)
WHERE message.id = given.id AND lease = $1 RETURNING lease_until"""  # noqa: S608 - a constant

_RENEW = """
UPDATE message SET lease_until = now() + $4 * interval '1 second'
WHERE id = ANY($3::bigint[]) AND queue = $1 AND lease = $2 RETURNING id, lease_until"""


class PostgresBridge:
    """Rows of messages that are leased to programs outside, and what those are told."""

    async def charges(
        self, uow: PostgresUnitOfWork, ids: Collection[AttemptId]
    ) -> Mapping[AttemptId, WireCharge]:
        """Load charges of numbers, without locks."""
        rows = await uow.driver.fetch(_CHARGES, list(ids)) if ids else []
        return {AttemptId(row["id"]): _charge(row) for row in rows}

    async def texts(
        self, uow: PostgresUnitOfWork, ids: Collection[UUID]
    ) -> Mapping[UUID, WireText]:
        """Load texts, without locks."""
        rows = await uow.driver.fetch(_TEXTS, list(ids)) if ids else []
        return {
            row["id"]: WireText(
                sms_id=row["id"],
                operator=row["operator"],
                msisdn=Msisdn(row["msisdn"]),
                tid=row["tid"] or "",
                service_code=row["service_code"],
                subscription_id=row["subscription_id"],
                wire_id=row["wire_id"],
                body=row["body"],
                is_open=row["status"] == "queued",
            )
            for row in rows
        }

    async def held(
        self, uow: PostgresUnitOfWork, queue: str, lease: UUID, ids: Collection[int]
    ) -> Mapping[int, Message]:
        """Lock and return those messages of a queue that are still under the lease."""
        rows = await uow.driver.fetch(_HELD, queue, lease, list(ids))
        return {row["id"]: _message(row) for row in rows}

    async def handed_out(
        self, uow: PostgresUnitOfWork, queue: str, lease: UUID
    ) -> tuple[Sequence[Message], datetime | None]:
        """Return what is handed out under a lease, without locks, and when that ends."""
        rows = await uow.driver.fetch(_HANDED_OUT, queue, lease)
        ends = min((utc(row["lease_until"]) for row in rows), default=None)
        return [_message(row) for row in rows], ends

    async def in_hand(self, uow: PostgresUnitOfWork, queue: str, lease: UUID) -> set[AttemptId]:
        """Return the charges that are handed out under other leases."""
        rows = await uow.driver.fetch(_IN_HAND, queue, lease)
        return {AttemptId(UUID(row["id"])) for row in rows}

    async def hand_out(
        self, uow: PostgresUnitOfWork, lease: UUID, given: Mapping[int, str]
    ) -> datetime | None:
        """Mark messages as handed out; return when their lease ends."""
        if not given:
            return None
        rows = await uow.driver.fetch(_HAND_OUT, lease, list(given), list(given.values()))
        return min((utc(row["lease_until"]) for row in rows), default=None)

    async def renew(
        self,
        uow: PostgresUnitOfWork,
        queue: str,
        lease: UUID,
        ids: Collection[int],
        seconds: float,
    ) -> Mapping[int, datetime]:
        """Prolong the lease of messages; return when it ends of those that are still held."""
        rows = await uow.driver.fetch(_RENEW, queue, lease, list(ids), seconds)
        return {row["id"]: utc(row["lease_until"]) for row in rows}


def _message(row: Mapping[str, Any]) -> Message:
    return Message(
        id=row["id"],
        queue=row["queue"],
        name=row["name"],
        payload=row["payload"],
        attempt=row["attempt"],
        created_at=row["created_at"],
        order_key=row["order_key"],
        correlation_id=row["correlation_id"],
    )


def _charge(row: Mapping[str, Any]) -> WireCharge:
    terms: Mapping[str, Any] = row["terms"] or {}
    calendar: Mapping[str, Any] = terms.get("calendar", {})
    return WireCharge(
        attempt_id=AttemptId(row["id"]),
        operator=row["provider"],
        msisdn=Msisdn(row["msisdn"]),
        money=Money.of(row["amount_minor"], row["currency"]),
        occasion=row["occasion"],
        tid=row["tid"] or row["reference"] or "",
        service_code=row["service_code"] or "",
        campaign_code=row["campaign_code"],
        subscription_id=row["subscription_id"],
        wire_id=row["wire_id"],
        earlier_attempts=row["attempts"],
        ordered_at=utc(row["ordered_at"]) if row["ordered_at"] else None,
        last_attempt_at=utc(row["last_at"]) if row["last_at"] else None,
        delay_hours=terms.get("delay_hours", 0),
        retry_days=terms.get("retry_for_days", 0),
        periodic=bool(row["periodic"]),
        days=tuple(calendar.get("days", ())),
        allowed_from=calendar.get("allowed_from", 0),
        allowed_to=calendar.get("allowed_to", 0),
        pixel=row["pixel"],
        publisher=row["publisher"],
        is_wanted=row["is_wanted"],
    )
