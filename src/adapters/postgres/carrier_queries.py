"""What the carrier's desk looks at; numbers are masked before they leave."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.codec import plain
from adapters.postgres.connections import borrowed
from adapters.postgres.queries import cursor_of, read_cursor
from application.ports import JsonObject, Listing, Page
from domain.shared.errors import InvalidValue
from domain.shared.msisdn import Msisdn

_OPERATORS = """
SELECT operator.*,
    (SELECT coalesce(jsonb_agg(jsonb_build_object(
        'id', service.id, 'code', service.code, 'name', service.name,
        'plan_id', service.plan_id, 'policy', service.policy, 'texts', service.texts,
        'is_active', service.is_active,
        'campaigns', (SELECT coalesce(jsonb_agg(jsonb_build_object(
            'code', campaign.code, 'keyword', campaign.keyword, 'is_active', campaign.is_active)
            ORDER BY campaign.code), '[]')
            FROM carrier_campaign AS campaign WHERE campaign.service_id = service.id))
        ORDER BY service.code), '[]')
     FROM carrier_service AS service WHERE service.operator = operator.code) AS services
FROM carrier_operator AS operator ORDER BY operator.code
"""
_UNRESOLVED = """
SELECT id, operator, event_id, kind, msisdn, report, why, candidates, received_at
FROM carrier_unresolved
WHERE status = 'open' AND ($1::text IS NULL OR operator = $1)
    AND ($2::timestamptz IS NULL OR (received_at, id) > ($2, $3))
ORDER BY received_at, id LIMIT $4
"""
_BROADCASTS = """
SELECT service.operator, service.code AS service_code, one.day, one.body, one.status, one.token,
    one.error, one.decided_at, one.service_id
FROM carrier_broadcast AS one JOIN carrier_service AS service ON service.id = one.service_id
WHERE ($1::text IS NULL OR service.operator = $1) AND ($2::text IS NULL OR one.status = $2)
    AND ($3::date IS NULL OR (one.day, one.service_id) < ($3, $4))
ORDER BY one.day DESC, one.service_id DESC LIMIT $5
"""
_EXPIRED = """
SELECT DISTINCT expired.msisdn FROM carrier.retries_expired AS expired
LEFT JOIN carrier_order AS ordered ON ordered.tid = expired.tid
    AND ordered.operator = expired.operator_name
WHERE expired.operator_name = $1 AND expired.service_code = $2
    AND ($3::timestamptz IS NULL OR expired.expired_at >= $3)
    AND ($4::timestamptz IS NULL OR expired.expired_at < $4)
    AND ($5::text IS NULL OR ordered.campaign_code = $5)
    AND expired.msisdn > $6
ORDER BY expired.msisdn LIMIT $7
"""
_NUMBERS_IN_REPORTS = ("msisdn", "before", "after")


class PostgresCarrierQueries:
    """Read models of the carrier."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def operators(self) -> list[JsonObject]:
        """Return all operators, with their services and campaigns."""
        async with borrowed(self._engine) as (_, driver):
            return [plain(_numbers_as_floats(dict(row))) for row in await driver.fetch(_OPERATORS)]

    async def unresolved(self, page: Page, operator: str | None) -> Listing:
        """Return reports that wait for a person, oldest first."""
        received_at, key = _after(page.cursor, datetime.fromisoformat)
        async with borrowed(self._engine) as (_, driver):
            rows = await driver.fetch(_UNRESOLVED, operator, received_at, key, page.limit + 1)
        shown: Sequence[Any] = rows[: page.limit]
        last = shown[-1] if len(rows) > page.limit else None
        return Listing(
            items=[plain(_masked(dict(row))) for row in shown],
            next_cursor=cursor_of(f"{last['received_at'].isoformat()} {last['id']}")
            if last
            else None,
        )

    async def expired(
        self,
        operator: str,
        service_code: str,
        *,
        since: datetime | None,
        until: datetime | None,
        campaign: str | None,
        after: str,
        limit: int,
    ) -> Sequence[Msisdn]:
        """Return numbers whose retries came to nothing, each once, by number; `after` goes on."""
        async with borrowed(self._engine) as (_, driver):
            rows = await driver.fetch(
                _EXPIRED, operator, service_code, since, until, campaign, after, limit
            )
        return [Msisdn(row["msisdn"]) for row in rows]

    async def broadcasts(self, page: Page, operator: str | None, status: str | None) -> Listing:
        """Return the texts of days, latest day first."""
        day, key = _after(page.cursor, date.fromisoformat)
        async with borrowed(self._engine) as (_, driver):
            rows = await driver.fetch(_BROADCASTS, operator, status, day, key, page.limit + 1)
        last = rows[page.limit - 1] if len(rows) > page.limit else None
        return Listing(
            items=[plain(dict(row)) for row in rows[: page.limit]],
            next_cursor=cursor_of(f"{last['day']} {last['service_id']}") if last else None,
        )


def _after(cursor: str | None, first: Callable[[str], Any]) -> tuple[Any, Any]:
    text = read_cursor(cursor)
    if text is None:
        return None, None
    place, _, key = text.partition(" ")
    try:
        return first(place), UUID(key)
    except ValueError as error:
        raise InvalidValue("that cursor was not given out here") from error


def _numbers_as_floats(row: dict[str, Any]) -> dict[str, Any]:
    """Show the two decimals of an operator as JSON numbers."""
    return row | {name: float(row[name]) for name in ("timeout_seconds", "requests_per_second")}


def _masked(row: dict[str, Any]) -> dict[str, Any]:
    report = {
        name: Msisdn(value).masked if name in _NUMBERS_IN_REPORTS and value else value
        for name, value in row["report"].items()
    }
    msisdn = Msisdn(row["msisdn"]).masked if row["msisdn"] else None
    return row | {"msisdn": msisdn, "report": report}
