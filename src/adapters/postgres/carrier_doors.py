"""Small questions of the carrier's doors and jobs."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.number_words import uuid_or_none
from adapters.postgres.connections import borrowed
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from application.carrier.bridge import foreign_queues
from application.carrier.cache import Fresh
from application.carrier.reconcile import KnownCharge
from application.queues import QueueSpec, queue_table
from domain.shared.ids import AttemptId, SubscriptionId
from domain.shared.money import Money
from domain.shared.msisdn import Msisdn

_LIVE_NUMBERS = """
SELECT number.msisdn, number.version, live.ids
FROM carrier_subscriber AS number
JOIN LATERAL (
    SELECT array_agg(one.id) AS ids FROM subscription AS one
    WHERE one.msisdn = number.msisdn
        AND one.status IN ('created', 'active', 'past_due', 'paused')
) AS live ON live.ids IS NOT NULL
WHERE number.msisdn > $1 ORDER BY number.msisdn LIMIT $2
"""


async def all_queues(engine: AsyncEngine) -> Mapping[str, QueueSpec]:
    """Return every queue of this deployment: the shared ones, and those of its operators."""
    async with borrowed(engine) as (_, driver):
        rows = await driver.fetch(
            "SELECT code, protocol, options FROM carrier_operator ORDER BY code"
        )
    foreign = {name for row in rows for name in foreign_queues(**row)}
    return queue_table([row["code"] for row in rows], foreign)


class PostgresBacklog:
    """How many requests wait for an operator."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def waiting(self, operator: str, at_most: int) -> int:
        """Count the messages of its request queue, up to so many."""
        async with borrowed(self._engine) as (_, driver):
            count = await driver.fetchval(
                "SELECT count(*) FROM (SELECT FROM message WHERE queue = $1 AND state <> 'dead' "
                "LIMIT $2) AS waiting",
                f"{operator}_requests",
                at_most,
            )
        return int(count)


class PostgresLiveNumbers:
    """What numbers have, a page at a time; versions and ids are of one moment."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def page(self, after: str, limit: int) -> Mapping[Msisdn, Fresh]:
        """Return numbers with live subscriptions behind a number, in the order of the numbers."""
        async with borrowed(self._engine) as (_, driver):
            rows = await driver.fetch(_LIVE_NUMBERS, after, limit)
        return {Msisdn(row["msisdn"]): Fresh(row["version"], row["ids"]) for row in rows}


class PostgresWireIds:
    """The small numbers that messages and files call subscriptions by."""

    async def subscriptions(
        self, uow: PostgresUnitOfWork, ids: Sequence[int]
    ) -> dict[int, SubscriptionId]:
        """Return our ids by theirs."""
        rows = await uow.driver.fetch(
            "SELECT wire_id, id FROM subscription WHERE wire_id = ANY($1)", list(ids)
        )
        return {row["wire_id"]: SubscriptionId(row["id"]) for row in rows}


class PostgresInbox:
    """The inbox, for callbacks that are digested by the messages written beside them."""

    async def receive_many(
        self, uow: PostgresUnitOfWork, source: str, ids: Sequence[str]
    ) -> set[str]:
        """Keep event ids; return those that are new."""
        rows = await uow.driver.fetch(
            "INSERT INTO inbox (source, external_id, raw, verified, received_at, handled_at, "
            "result) SELECT $1, id, ''::bytea, true, $3, now(), "
            '\'{"led_to": "message"}\'::jsonb FROM unnest($2::text[]) AS given(id) '
            "ON CONFLICT (source, external_id) DO NOTHING RETURNING external_id",
            source,
            sorted(set(ids)),
            uow.clock.now(),
        )
        return {row["external_id"] for row in rows}


class PostgresChargeRecords:
    """Charges of an operator, for whoever compares them with its records."""

    async def known(
        self, uow: PostgresUnitOfWork, operator: str, tokens: Collection[str]
    ) -> Mapping[str, KnownCharge]:
        """Return our charges by the operator's token or by ours."""
        ours = {str(key): token for token in tokens if (key := uuid_or_none(token)) is not None}
        rows = await uow.driver.fetch(
            "SELECT id, external_id, captured_minor, currency FROM payment WHERE provider = $1 "
            "AND (external_id = ANY($2) OR id = ANY($3::uuid[]))",
            operator,
            list(tokens),
            list(ours),
        )
        found: dict[str, KnownCharge] = {}
        for row in rows:
            taken = row["captured_minor"]
            captured = None if taken is None else Money.of(taken, row["currency"])
            charge = KnownCharge(AttemptId(row["id"]), row["external_id"], captured)
            for token in (row["external_id"], ours.get(str(row["id"]))):
                if token is not None:
                    found[token] = charge
        return found

    async def unknown(
        self, uow: PostgresUnitOfWork, operator: str, since: datetime, until: datetime
    ) -> Mapping[AttemptId, str | None]:
        """Return charges made in a stretch whose outcome is unknown, with the operator's token."""
        rows = await uow.driver.fetch(
            "SELECT id, external_id FROM payment WHERE provider = $1 AND status = 'unknown' "
            "AND created_at >= $2 AND created_at < $3",
            operator,
            since,
            until,
        )
        return {AttemptId(row["id"]): row["external_id"] for row in rows}
