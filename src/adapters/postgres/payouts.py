"""Payouts that a provider carries out, and where people's payouts go."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from typing import Any
from uuid import UUID

from adapters.postgres import tables
from adapters.postgres.bulk import insert_many
from adapters.postgres.subscriptions import utc
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from application.ledger.payout_methods import (
    Decided,
    KeptPayout,
    NewPayout,
    PayoutOrder,
    Sending,
)
from domain.ledger.destination import Destination
from domain.ledger.payout import PayoutState
from domain.shared.money import Currency, Money

# A person may be known by their wallet alone: the tracker is then somebody else's.
_SET = """
INSERT INTO payout_destination AS kept (person_id, account, set_at, set_by)
SELECT $1, $2, $3, $4
WHERE EXISTS (SELECT FROM person WHERE id = $1) OR EXISTS (SELECT FROM wallet WHERE person_id = $1)
ON CONFLICT (person_id) DO UPDATE
    SET account = excluded.account, set_at = excluded.set_at, set_by = excluded.set_by
RETURNING true
"""
_BEGIN = """
WITH open AS (
    SELECT id, sent_at FROM payout
    WHERE id = ANY($1) AND state = 'pending' AND account IS NOT NULL ORDER BY id FOR UPDATE
)
UPDATE payout SET sent_at = coalesce(open.sent_at, $2) FROM open WHERE payout.id = open.id
RETURNING payout.*, open.sent_at IS NULL AS is_fresh
"""
_LOCK = "SELECT * FROM payout WHERE id = ANY($1) AND account IS NOT NULL ORDER BY id FOR UPDATE"
_NOTE = """
UPDATE payout SET reference = given.reference
FROM unnest($1::uuid[], $2::text[]) AS given(id, reference)
WHERE payout.id = given.id AND payout.reference IS NULL
"""
_DECIDE = """
UPDATE payout SET state = given.state, why = given.why, decided_at = $5,
    reference = coalesce(given.reference, payout.reference)
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS given(id, state, reference, why)
WHERE payout.id = given.id AND payout.state = 'pending'
"""


class PostgresPayouts:
    """Rows of payouts and destinations, in the transaction of the unit of work it is given."""

    async def destinations(
        self, uow: PostgresUnitOfWork, people: AbstractSet[UUID]
    ) -> Mapping[UUID, Destination]:
        """Return where the payouts of these people go, of those who have said it."""
        rows = await uow.driver.fetch(
            "SELECT person_id, account FROM payout_destination WHERE person_id = ANY($1)",
            list(people),
        )
        return {row["person_id"]: Destination(row["account"]) for row in rows}

    async def set_destination(
        self,
        uow: PostgresUnitOfWork,
        person_id: UUID,
        destination: Destination,
        now: datetime,
        by: str,
    ) -> bool:
        """Write down where a person's payouts go; False for a person nobody knows."""
        account = destination.account
        return bool(await uow.driver.fetchval(_SET, person_id, account, now, by))

    async def add(
        self,
        uow: PostgresUnitOfWork,
        day: date,
        payouts: Sequence[NewPayout],
        method: str,
        now: datetime,
    ) -> None:
        """Insert payouts of a day's run that are on their way."""
        await insert_many(
            uow.driver,
            tables.accounts.payout,
            [
                {
                    "id": one.payout_id,
                    "person_id": one.person_id,
                    "currency": one.money.currency.code,
                    "run": day,
                    "amount_minor": one.money.amount_minor,
                    "state": PayoutState.PENDING.value,
                    "created_at": now,
                    "method": method,
                    "account": one.destination.account,
                }
                for one in payouts
            ],
        )

    async def begin_sending(
        self, uow: PostgresUnitOfWork, ids: Sequence[UUID], now: datetime
    ) -> Sequence[Sending]:
        """Mark open payouts as sent and return them; those that have ended are left out."""
        return [
            Sending(payout=_kept(row), first_sent_at=utc(row["sent_at"]), is_fresh=row["is_fresh"])
            for row in await uow.driver.fetch(_BEGIN, list(ids), now)
        ]

    async def note_references(
        self, uow: PostgresUnitOfWork, references: Mapping[UUID, str]
    ) -> None:
        """Write down what the provider calls payouts; what is written stays."""
        ordered = sorted(references)
        await uow.driver.execute(_NOTE, ordered, [references[key] for key in ordered])

    async def lock(self, uow: PostgresUnitOfWork, ids: Sequence[UUID]) -> Mapping[UUID, KeptPayout]:
        """Lock payouts, in order, and return them as they stand."""
        return {row["id"]: _kept(row) for row in await uow.driver.fetch(_LOCK, list(ids))}

    async def decide(
        self, uow: PostgresUnitOfWork, decided: Sequence[Decided], now: datetime
    ) -> None:
        """Write down how payouts ended; they are locked and open."""
        await uow.driver.execute(
            _DECIDE,
            [one.payout_id for one in decided],
            [one.state.value for one in decided],
            [one.reference for one in decided],
            [one.why for one in decided],
            now,
        )


def _kept(row: Mapping[str, Any]) -> KeptPayout:
    return KeptPayout(
        order=PayoutOrder(
            payout_id=row["id"],
            money=Money(row["amount_minor"], Currency(row["currency"])),
            destination=Destination(row["account"]),
            run_date=row["run"],
        ),
        person_id=row["person_id"],
        method=row["method"],
        state=PayoutState(row["state"]),
        reference=row["reference"],
    )
