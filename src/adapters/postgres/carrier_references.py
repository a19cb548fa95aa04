"""Operators, services and campaigns: read as one picture, kept for a few seconds."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.codec import restored
from adapters.postgres.connections import borrowed
from adapters.postgres.subscriptions import utc
from application.carrier.ports import Offer, Reference
from application.errors import Unavailable
from domain.carrier.operator import Operator, SpendCaps
from domain.carrier.service import Campaign, Service, ServicePolicy, Texts
from domain.shared.calendar import Interval, Unit
from domain.shared.errors import DomainError
from domain.shared.ids import PlanId, PriceId
from domain.shared.money import Currency, Money

_LOG = logging.getLogger("kazna.carrier")
_FRESH_SECONDS = 5.0
_OFFERS = """
SELECT service.*, plan.interval_count, plan.interval_unit,
    price.id AS price_id, price.amount_minor, price.currency
FROM carrier_service AS service
JOIN carrier_operator AS operator ON operator.code = service.operator
JOIN plan ON plan.id = service.plan_id
LEFT JOIN price ON price.plan_id = plan.id AND price.archived_at IS NULL
    AND price.currency = operator.currency
"""

IsManaged = Callable[[str, Mapping[str, Any]], bool]


def operator_from_row(row: Mapping[str, Any]) -> Operator:
    """Read an operator."""
    return Operator(
        code=row["code"],
        wire_id=row["wire_id"],
        name=row["name"],
        country_code=row["country_code"],
        country_name=row["country_name"],
        currency=Currency(row["currency"]),
        time_zone=row["time_zone"],
        protocol=row["protocol"],
        base_url=row["base_url"],
        prefixes=tuple(row["prefixes"]),
        timeout_seconds=float(row["timeout_seconds"]),
        requests_per_second=float(row["requests_per_second"]),
        burst=row["burst"],
        queue_free_size=row["queue_free_size"],
        caps=restored(SpendCaps, row["caps"]),
        options=row["options"],
        is_active=row["is_active"],
        created_at=utc(row["created_at"]),
        version=row["version"],
    )


def operator_to_row(operator: Operator) -> dict[str, Any]:
    """Write an operator."""
    caps = operator.caps
    return {
        "code": operator.code,
        "wire_id": operator.wire_id,
        "name": operator.name,
        "country_code": operator.country_code,
        "country_name": operator.country_name,
        "currency": operator.currency.code,
        "time_zone": operator.time_zone,
        "protocol": operator.protocol,
        "base_url": operator.base_url,
        "prefixes": list(operator.prefixes),
        "timeout_seconds": Decimal(str(operator.timeout_seconds)),
        "requests_per_second": Decimal(str(operator.requests_per_second)),
        "burst": operator.burst,
        "queue_free_size": operator.queue_free_size,
        "caps": {name: getattr(caps, name) for name in SpendCaps.__dataclass_fields__},
        "options": dict(operator.options),
        "is_active": operator.is_active,
        "created_at": operator.created_at,
        "version": operator.version,
    }


def service_from_row(row: Mapping[str, Any]) -> Service:
    """Read a service."""
    return Service(
        id=row["id"],
        operator=row["operator"],
        code=row["code"],
        name=row["name"],
        plan_id=PlanId(row["plan_id"]),
        policy=restored(ServicePolicy, row["policy"]),
        texts=restored(Texts, row["texts"]),
        content_url=row["content_url"],
        is_active=row["is_active"],
        created_at=utc(row["created_at"]),
        version=row["version"],
    )


def campaign_from_row(row: Mapping[str, Any]) -> Campaign:
    """Read a campaign."""
    return Campaign(
        code=row["code"],
        service_id=row["service_id"],
        operator=row["operator"],
        keyword=row["keyword"],
        is_active=row["is_active"],
        created_at=utc(row["created_at"]),
    )


def _offer(row: Mapping[str, Any]) -> Offer:
    priced = row["price_id"] is not None
    return Offer(
        service=service_from_row(row),
        price_id=PriceId(row["price_id"]) if priced else None,
        money=Money.of(row["amount_minor"], row["currency"]) if priced else None,
        interval=Interval(row["interval_count"], Unit(row["interval_unit"])),
    )


class PostgresReferences:
    """The picture of one process; it is read anew when it is some seconds old.

    `is_managed` tells from protocol and options whether an operator charges by its own timetable.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        is_managed: IsManaged,
        *,
        fresh_seconds: float = _FRESH_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._is_managed = is_managed
        self._fresh = fresh_seconds
        self._monotonic = monotonic
        self._known: Reference | None = None
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()

    async def current(self) -> Reference:
        """Return what is known, read anew when it is old; a failed reading keeps the old."""
        if self._known is not None and self._monotonic() - self._read_at < self._fresh:
            return self._known
        try:
            return await self.reload()
        except Unavailable as error:
            if self._known is None:
                raise
            _LOG.warning("the reference data could not be read again: %s", error)
            self._read_at = self._monotonic()
            return self._known

    async def reload(self) -> Reference:
        """Read it all anew; raise Unavailable and keep what was known when that fails."""
        async with self._reading:
            try:
                self._known = await self._read()
            except (OSError, asyncpg.PostgresError, DomainError, TypeError, ValueError) as error:
                raise Unavailable(f"reference data: {type(error).__name__}: {error}") from error
            self._read_at = self._monotonic()
            return self._known

    async def _read(self) -> Reference:
        async with borrowed(self._engine) as (_, driver), driver.transaction():
            operators = [
                operator_from_row(row)
                for row in await driver.fetch("SELECT * FROM carrier_operator")
            ]
            offers = [_offer(row) for row in await driver.fetch(_OFFERS)]
            campaigns = [
                campaign_from_row(row)
                for row in await driver.fetch("SELECT * FROM carrier_campaign")
            ]
        return Reference(
            operators={one.code: one for one in operators},
            offers={(one.service.operator, one.service.code): one for one in offers},
            by_service_id={one.service.id: one for one in offers},
            campaigns={one.code: one for one in campaigns},
            keywords={
                (one.operator, one.keyword.casefold()): one
                for one in campaigns
                if one.keyword and one.is_active
            },
            managed=frozenset(
                one.code for one in operators if self._is_managed(one.protocol, one.options)
            ),
        )
