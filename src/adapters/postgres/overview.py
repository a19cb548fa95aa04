"""The books at a glance: revenue by month, what became of charges, what the jobs did."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.connections import borrowed

Rows = list[dict[str, Any]]

_REVENUE = """
SELECT to_char(day_balance.day, 'YYYY-MM') AS month, account.code, account.currency,
    sum(credit_minor - debit_minor)::bigint AS amount_minor, sum(entries)::bigint AS charges
FROM day_balance JOIN account ON account.id = day_balance.account_id
WHERE account.kind = 'income' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""

_SUBSCRIPTIONS = (
    "SELECT status, count(*) AS count FROM subscription GROUP BY status ORDER BY status"
)

_ATTEMPTS = """
SELECT invoice.purpose, CASE WHEN payment.method_id IS NULL THEN 'checkout' ELSE 'saved method' END
    AS how, payment.status, payment.decline_reason AS reason, payment.currency,
    count(*) AS count, sum(payment.amount_minor)::bigint AS amount_minor
FROM payment JOIN invoice ON invoice.id = payment.invoice_id
GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 6 DESC, 3, 4
"""

_JOBS = """
SELECT run.job, count(*) AS runs, count(*) FILTER (WHERE error IS NOT NULL) AS failed,
    round(extract(epoch FROM sum(finished_at - started_at))::numeric, 1)::float8 AS seconds,
    (SELECT coalesce(jsonb_object_agg(word, items), '{}') FROM (
        SELECT key AS word, sum(value::bigint) AS items
        FROM job_run AS each, jsonb_each_text(each.counts)
        WHERE each.job = run.job GROUP BY key ORDER BY key) AS summed) AS counts
FROM job_run AS run GROUP BY run.job ORDER BY run.job
"""

_MESSAGES = """
SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS sent,
    (SELECT count(*) FROM message WHERE state <> 'dead') AS open,
    (SELECT count(*) FROM message WHERE state = 'dead') AS dead,
    (SELECT count(*) FROM event) AS events,
    (SELECT count(*) FROM inbox) AS notifications
FROM message_id_seq
"""

_PURCHASES = """
SELECT count(*) AS issued, coalesce(sum(amount_minor), 0)::bigint AS issued_minor,
    count(*) FILTER (WHERE status = 'paid') AS paid,
    coalesce(sum(amount_minor) FILTER (WHERE status = 'paid'), 0)::bigint AS paid_minor,
    count(*) FILTER (WHERE amount_minor = 0 AND status = 'paid' AND NOT EXISTS (
        SELECT FROM payment WHERE payment.invoice_id = invoice.id)) AS free,
    (SELECT count(*) FROM (SELECT FROM invoice WHERE purpose = 'purchase'
        GROUP BY customer_id, (issued_at AT TIME ZONE $1)::date HAVING count(*) > 1) AS several)
        AS days_with_several
FROM invoice WHERE purpose = 'purchase'
"""

_AT_GATEWAY = """
SELECT external_id, status, amount_minor, currency, coalesce(captured_minor, 0) AS captured_minor,
    refunded_minor
FROM payment WHERE provider = $1 AND external_id = ANY($2)
"""

_SAMPLES = """
SELECT invoice.number FROM invoice
LEFT JOIN payment ON payment.invoice_id = invoice.id AND payment.status = 'declined'
WHERE invoice.purpose = 'renewal' AND invoice.status = 'paid'
ORDER BY payment.id IS NULL, invoice.id DESC LIMIT 1
"""

_QUIET = """
SELECT (SELECT count(*) FROM message WHERE state <> 'dead') AS open,
    (SELECT count(*) FROM schedule WHERE enabled AND next_due <= $1) AS due,
    (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM message_id_seq) AS sent
"""


class PostgresOverview:
    """Answers in plain rows; every answer is of its own moment."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def revenue(self) -> Rows:
        """Sum the income accounts by month, account and currency, from the ledger's days."""
        return await self._rows(_REVENUE)

    async def subscriptions(self) -> dict[str, int]:
        """Count subscriptions by status."""
        return {row["status"]: row["count"] for row in await self._rows(_SUBSCRIPTIONS)}

    async def attempts(self) -> Rows:
        """Count charge attempts by purpose, way of paying, outcome and reason."""
        return await self._rows(_ATTEMPTS)

    async def jobs(self) -> Rows:
        """Sum up the runs of each job."""
        return await self._rows(_JOBS)

    async def messages(self) -> dict[str, Any]:
        """Count messages ever sent, open and dead; events; notifications received."""
        return (await self._rows(_MESSAGES))[0]

    async def purchases(self, zone: ZoneInfo) -> dict[str, Any]:
        """Count what was bought, what of it is paid, and what was free."""
        return (await self._rows(_PURCHASES, zone.key))[0]

    async def at_gateway(self, provider: str, external_ids: Sequence[str]) -> Rows:
        """Return our side of these payments of a gateway."""
        return await self._rows(_AT_GATEWAY, provider, list(external_ids))

    async def count_at_gateway(self, provider: str) -> int:
        """Count our payments that a gateway knows."""
        sql = "SELECT count(*) AS n FROM payment WHERE provider = $1 AND external_id IS NOT NULL"
        return int((await self._rows(sql, provider))[0]["n"])

    async def quiet(self, now: Any) -> dict[str, int]:
        """Count open messages and due schedules; `sent` rises with every message ever written."""
        return (await self._rows(_QUIET, now))[0]

    async def samples(self) -> list[str]:
        """Name an invoice that was renewed, if there is one after a declined charge."""
        return [row["number"] for row in await self._rows(_SAMPLES)]

    async def is_unused(self) -> bool:
        """Tell whether nobody has been billed here yet."""
        return not await self._rows("SELECT 1 FROM customer UNION ALL SELECT 1 FROM plan LIMIT 1")

    async def _rows(self, sql: str, *values: Any) -> Rows:
        async with borrowed(self._engine) as (_, driver):
            return [dict(row) for row in await driver.fetch(sql, *values)]
