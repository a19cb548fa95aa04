"""Promotions and their people on PostgreSQL."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from adapters.postgres import tables
from adapters.postgres.bulk import insert_many
from adapters.postgres.queries import PostgresQueries, cursor_of, read_cursor
from adapters.postgres.subscriptions import utc
from adapters.postgres.tables.subscriptions import LIVE
from application.errors import NotFound
from application.ports import JsonObject, Listing, Page
from application.subscriptions.promote import (
    Outcome,
    PromotedPerson,
    Promotion,
    WaitingPerson,
)
from domain.shared.errors import InvalidValue
from domain.shared.ids import CustomerId, PlanId, PriceId

# Whoever is about to change to the plan has it as good as already.
_WAITING = f"""
SELECT person.external_id, person.place, customer.id AS customer_id, EXISTS (
    SELECT FROM subscription WHERE subscription.customer_id = customer.id AND {LIVE}
    AND (plan_id = $2 OR plan_change ->> 'plan_id' = $2::text)) AS has_plan
FROM promotion_person AS person LEFT JOIN customer ON customer.external_id = person.external_id
WHERE promotion_id = $1 AND place BETWEEN $3 AND $4 AND result = 'waiting'
ORDER BY place FOR UPDATE OF person
"""  # noqa: S608
_ANSWER = """
UPDATE promotion_person AS person
SET result = given.result, subscription_id = given.subscription_id
FROM unnest($2::integer[], $3::text[], $4::uuid[]) AS given(place, result, subscription_id)
WHERE person.promotion_id = $1 AND person.place = given.place
"""
_SHOWN = """
SELECT promotion.id, price_id, provider, days, reason, issued_by, created_at,
    (SELECT jsonb_object_agg(result, people) FROM (
        SELECT result, count(*) AS people FROM promotion_person
        WHERE promotion_id = promotion.id GROUP BY result) AS told) AS results
FROM promotion
"""


class PostgresPromotions:
    """Lists of one transaction."""

    def __init__(self, driver: asyncpg.Connection) -> None:
        self._driver = driver

    async def add(self, promotion: Promotion, people: Sequence[PromotedPerson]) -> None:
        """Insert a list."""
        row = {name: getattr(promotion, name) for name in Promotion.__slots__}
        await insert_many(self._driver, tables.subscriptions.promotion, [row])
        await insert_many(
            self._driver,
            tables.subscriptions.promotion_person,
            [
                {
                    "promotion_id": promotion.id,
                    "external_id": one.external_id,
                    "place": one.place,
                    "result": one.outcome.value,
                    "subscription_id": one.subscription_id,
                    "detail": one.detail,
                }
                for one in people
            ],
        )

    async def get(self, promotion_id: UUID) -> Promotion:
        """Load; raise NotFound."""
        row = await self._driver.fetchrow("SELECT * FROM promotion WHERE id = $1", promotion_id)
        if row is None:
            raise NotFound("promotion", promotion_id)
        return Promotion(
            id=row["id"],
            price_id=PriceId(row["price_id"]),
            provider=row["provider"],
            days=row["days"],
            reason=row["reason"],
            issued_by=row["issued_by"],
            correlation_id=row["correlation_id"],
            created_at=utc(row["created_at"]),
        )

    async def lock_waiting(
        self, promotion_id: UUID, plan_id: PlanId, first: int, last: int
    ) -> Sequence[WaitingPerson]:
        """Load for change who of these places has no answer yet."""
        return [
            WaitingPerson(
                person=PromotedPerson(external_id=row["external_id"], place=row["place"]),
                customer_id=CustomerId(row["customer_id"]) if row["customer_id"] else None,
                has_plan=row["has_plan"],
            )
            for row in await self._driver.fetch(_WAITING, promotion_id, plan_id, first, last)
        ]

    async def answer(self, promotion_id: UUID, people: Sequence[PromotedPerson]) -> None:
        """Write down what became of people."""
        await self._driver.execute(
            _ANSWER,
            promotion_id,
            [one.place for one in people],
            [one.outcome.value for one in people],
            [one.subscription_id for one in people],
        )


class PostgresPromotionQueries:
    """Lists newest first, their people in the order of the list."""

    def __init__(self, queries: PostgresQueries) -> None:
        self._queries = queries

    async def promotions(self, page: Page) -> Listing:
        """Return lists with how many got which answer."""
        after = read_cursor(page.cursor)
        found = await self._queries.rows(
            f"{_SHOWN} WHERE $1::text IS NULL OR promotion.id < $1::uuid "
            f"ORDER BY promotion.id DESC LIMIT {page.limit + 1}",
            _uuid(after),
        )
        return _listing([_told(row) for row in found], page.limit, "id")

    async def promotion(self, promotion_id: UUID) -> JsonObject:
        """Return one list; raise NotFound."""
        found = await self._queries.rows(f"{_SHOWN} WHERE promotion.id = $1", promotion_id)
        if not found:
            raise NotFound("promotion", promotion_id)
        return _told(found[0])

    async def people(self, promotion_id: UUID, page: Page, outcome: Outcome | None) -> Listing:
        """Return what became of the people of a list; raise NotFound."""
        await self.promotion(promotion_id)
        found = await self._queries.rows(
            "SELECT external_id, place, result, subscription_id, detail FROM promotion_person "  # noqa: S608
            "WHERE promotion_id = $1 AND place > $2 AND ($3::text IS NULL OR result = $3) "
            f"ORDER BY place LIMIT {page.limit + 1}",
            promotion_id,
            _place(read_cursor(page.cursor)),
            outcome.value if outcome else None,
        )
        return _listing(found, page.limit, "place")


def _told(row: JsonObject) -> JsonObject:
    told = row["results"] or {}
    return {**row, "results": {one.value: told.get(one.value, 0) for one in Outcome}}


def _listing(found: Sequence[JsonObject], limit: int, key: str) -> Listing:
    shown = found[:limit]
    return Listing(shown, cursor_of(shown[-1][key]) if len(found) > limit else None)


def _uuid(text: str | None) -> str | None:
    try:
        return str(UUID(text)) if text is not None else None
    except ValueError as error:
        raise InvalidValue("that cursor was not given out here") from error


def _place(text: str | None) -> int:
    if text is None:
        return 0
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise InvalidValue("that cursor was not given out here")
    return int(text)
