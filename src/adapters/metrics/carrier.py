"""The state of operators, read from the database when Prometheus asks.

What is asked follows indexes over the last day or over what is open, as everything here does.
"""

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.metrics.state import DAY_BEGAN
from adapters.postgres.connections import borrowed
from application.ports import Clock

_DAY = (
    "SELECT provider, occasion, status, count(*) AS count, "  # noqa: S608 - no value is in it
    "extract(epoch FROM $1 - max(captured_at)) AS since_paid FROM payment "
    f"WHERE id >= {DAY_BEGAN} AND occasion NOT IN ('checkout', 'saved') "
    "GROUP BY provider, occasion, status"
)
_PENDING = """
SELECT provider, count(*) AS count, extract(epoch FROM $1 - min(created_at)) AS age
FROM payment
WHERE status IN ('reserved', 'sent', 'accepted', 'authorized', 'unknown', 'review')
    AND occasion NOT IN ('checkout', 'saved')
GROUP BY provider
"""
_ASIDE = """
SELECT operator, count(*) AS count FROM carrier_unresolved WHERE status = 'open' GROUP BY operator
"""
_OPERATORS = "SELECT code FROM carrier_operator WHERE is_active ORDER BY code"


class CarrierMetrics:
    """Gauges made anew for each scrape; every active operator has its lines, with zeros too."""

    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    async def text(self) -> bytes:
        """Return the gauges in Prometheus' text format."""
        registry = CollectorRegistry()
        charges = _gauge(
            registry, "charges", "charges begun within 24 hours", "operator", "occasion", "status"
        )
        since_paid = _gauge(
            registry, "since_last_paid_seconds", "since the last paid charge; a day at most"
        )
        pending = _gauge(registry, "pending", "charges that are not decided")
        oldest = _gauge(registry, "oldest_pending_seconds", "age of the oldest of them")
        aside = _gauge(registry, "unresolved", "reports that wait for a person")
        now = self._clock.now()
        async with borrowed(self._engine) as (_, driver):
            operators = [row["code"] for row in await driver.fetch(_OPERATORS)]
            lately = await driver.fetch(_DAY, now)
            open_ = {row["provider"]: row for row in await driver.fetch(_PENDING, now)}
            waiting = {row["operator"]: row["count"] for row in await driver.fetch(_ASIDE)}
        paid: dict[str, float] = {}
        for row in lately:
            charges.labels(row["provider"], row["occasion"], row["status"]).set(row["count"])
            if row["since_paid"] is not None:
                known = paid.get(row["provider"], float("inf"))
                paid[row["provider"]] = min(known, float(row["since_paid"]))
        for code in operators:
            since_paid.labels(code).set(paid.get(code, 86_400.0))
            pending.labels(code).set(open_[code]["count"] if code in open_ else 0)
            oldest.labels(code).set(float(open_[code]["age"]) if code in open_ else 0)
            aside.labels(code).set(waiting.get(code, 0))
        return generate_latest(registry)


def _gauge(registry: CollectorRegistry, name: str, about: str, *labels: str) -> Gauge:
    return Gauge(f"kazna_carrier_{name}", about, labels or ("operator",), registry=registry)
