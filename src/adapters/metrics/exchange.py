"""The state of tasks' books, read from the database when Prometheus asks.

Every question follows a small index or a table that holds only what is open.
"""

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.connections import borrowed
from application.ports import Clock

_STATE = """
SELECT (SELECT count(*) FROM parked_fact) AS parked,
    (SELECT count(*) FROM dead_fact) AS dead,
    (SELECT coalesce(extract(epoch FROM $1 - min(parked_at)), 0) FROM parked_fact
     WHERE why = 'unknown_task') AS oldest,
    (SELECT count(*) FROM wallet WHERE balance_minor < 0) AS red,
    (SELECT count(*) FROM payout WHERE state = 'pending') AS pending,
    (SELECT coalesce(extract(epoch FROM $1 - min(created_at)), 0) FROM payout
     WHERE state = 'pending') AS pending_age,
    (SELECT count(*) FROM correction WHERE state = 'proposed') AS proposed,
    (SELECT extract(epoch FROM $1 - (max(closed_through) + 1)::timestamp AT TIME ZONE $2)
     FROM ledger_calendar) AS behind
"""
_READERS = "SELECT reader, extract(epoch FROM now() - as_of) AS lag FROM feed_cursor"


class ExchangeMetrics:
    """Gauges made anew for each scrape."""

    def __init__(self, engine: AsyncEngine, clock: Clock, zone: str) -> None:
        self._engine, self._clock, self._zone = engine, clock, zone

    async def text(self) -> bytes:
        """Return the gauges in Prometheus' text format."""
        async with borrowed(self._engine) as (_, driver):
            state = await driver.fetchrow(_STATE, self._clock.now(), self._zone)
            readers = await driver.fetch(_READERS)
        assert state is not None, "a question without FROM has one answer"
        registry = CollectorRegistry()
        facts = _gauge(registry, "waiting_facts", "facts of tasks that wait, or died", "state")
        facts.labels("parked").set(state["parked"])
        facts.labels("dead").set(state["dead"])
        single = {
            "parked_oldest_seconds": ("age of the oldest fact of an unknown task", "oldest"),
            "wallets_in_the_red": ("wallets with a debt", "red"),
            "payouts_pending": ("payouts on their way", "pending"),
            "payouts_pending_seconds": ("age of the oldest of them", "pending_age"),
            "corrections_proposed": ("corrections that wait for a second person", "proposed"),
            "closed_behind_seconds": ("since the end of the last closed day", "behind"),
        }
        for name, (about, column) in single.items():
            _gauge(registry, name, about).set(float(state[column] or 0))
        lag = _gauge(registry, "feed_lag_seconds", "what a reader has read is so old", "reader")
        for row in readers:
            lag.labels(row["reader"]).set(float(row["lag"] or 0))
        return generate_latest(registry)


def _gauge(registry: CollectorRegistry, name: str, about: str, *labels: str) -> Gauge:
    return Gauge(f"kazna_exchange_{name}", about, labels, registry=registry)
