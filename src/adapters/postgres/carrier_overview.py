"""What became of orders, charges and subscriptions of numbers, operator by operator."""

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.number_words import uuid_or_none
from adapters.postgres.overview import PostgresOverview, Rows

_BY_OPERATOR = """
SELECT operator.code,
    (SELECT count(*) FROM carrier_order AS one WHERE one.operator = operator.code) AS orders,
    sold.*, tried.*,
    (SELECT coalesce(sum(debit_minor - credit_minor), 0)::bigint FROM day_balance
     JOIN account ON account.id = day_balance.account_id
     WHERE account.code = 'gateway_clearing:' || operator.code) AS ledger_minor
FROM carrier_operator AS operator
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE one.status = 'refused' AND one.state ->> 'why' = 'rejected')
            AS rejected,
        count(*) FILTER (WHERE one.status = 'refused' AND one.state ->> 'why' <> 'rejected')
            AS listed,
        count(*) FILTER (WHERE one.status = 'canceled') AS unsubscribed,
        count(*) FILTER (WHERE one.status = 'expired') AS expired,
        count(*) FILTER (WHERE one.status = 'active') AS active,
        count(*) FILTER (WHERE one.status = 'past_due') AS past_due
    FROM subscription AS one WHERE one.operator = operator.code
) AS sold
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE payment.captured_minor IS NOT NULL) AS paid,
        count(*) FILTER (WHERE payment.status IN ('declined', 'refused')) AS failed,
        count(*) FILTER (WHERE payment.occasion = 'retry') AS retried,
        count(*) FILTER (WHERE payment.status IN
            ('unknown', 'accepted', 'sent', 'reserved', 'review')) AS open,
        coalesce(sum(payment.captured_minor), 0)::bigint AS captured_minor
    FROM payment WHERE payment.provider = operator.code
) AS tried
ORDER BY operator.wire_id
"""

_PAID_BY_DAY = """
SELECT payment.provider AS operator, (payment.captured_at AT TIME ZONE 'UTC')::date AS day,
    count(*) AS paid, sum(payment.captured_minor)::bigint AS captured_minor
FROM payment WHERE payment.captured_minor IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2
"""

_PAID_TWICE = """
SELECT count(*) AS n FROM (
    SELECT FROM payment JOIN invoice ON invoice.id = payment.invoice_id
    WHERE payment.captured_minor IS NOT NULL AND invoice.subscription_id IS NOT NULL
    GROUP BY invoice.subscription_id, invoice.period_start HAVING count(*) > 1
) AS twice
"""

# Asked for after the subscriber had said stop; what was on its way by then is booked and counts
# for nothing here.
_CHARGED_AFTER_STOP = """
SELECT count(*) AS n FROM payment
JOIN invoice ON invoice.id = payment.invoice_id
JOIN subscription AS one ON one.id = invoice.subscription_id
WHERE one.operator IS NOT NULL AND one.status = 'canceled'
    AND payment.occasion <> 'reported'
    AND payment.created_at > (one.state ->> 'at')::timestamptz
"""

_LISTED_CHARGED = """
SELECT count(*) AS n FROM payment
JOIN carrier_subscriber AS number ON number.customer_id = payment.customer_id
JOIN carrier_number_list AS listed ON listed.msisdn = number.msisdn
WHERE payment.captured_minor IS NOT NULL
"""

# Messages that could be carried out now; those that wait for another try are left out.
_CALM = """
SELECT (SELECT count(*) FROM message WHERE state = 'leased' OR state = 'ready' AND run_at <= now())
    AS open,
    (SELECT count(*) FROM schedule WHERE enabled AND next_due <= $1) AS due,
    (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM message_id_seq) AS sent
"""


class PostgresCarrierOverview(PostgresOverview):
    """Answers in plain rows; every answer is of its own moment."""

    async def by_operator(self) -> Rows:
        """Sum up orders, subscriptions and charges of each operator, and its ledger account."""
        return await self._rows(_BY_OPERATOR)

    async def paid_by_day(self) -> Rows:
        """Count and sum paid charges by operator and day."""
        return await self._rows(_PAID_BY_DAY)

    async def broken_promises(self) -> Mapping[str, int]:
        """Count what must never be: periods paid twice, charges after a stop or of listed ones."""
        queries = {
            "paid_twice": _PAID_TWICE,
            "after_stop": _CHARGED_AFTER_STOP,
            "listed": _LISTED_CHARGED,
        }
        return {name: (await self._rows(sql))[0]["n"] for name, sql in queries.items()}

    async def waiting(self) -> int:
        """Count the reports that wait for a person."""
        sql = "SELECT count(*) AS n FROM carrier_unresolved WHERE status = 'open'"
        return int((await self._rows(sql))[0]["n"])

    async def billed_to(self, operator: str, tokens: Sequence[str]) -> Mapping[str, int]:
        """Return what each of the operator's tokens brought us, by token; unpaid ones are left out.

        A token may be the operator's or ours.
        """
        ours = [key for token in tokens if (key := uuid_or_none(token)) is not None]
        rows: Sequence[Mapping[str, Any]] = await self._rows(
            "SELECT id::text AS ours, external_id AS theirs, captured_minor FROM payment "
            "WHERE provider = $1 AND captured_minor IS NOT NULL "
            "AND (external_id = ANY($2) OR id = ANY($3))",
            operator,
            list(tokens),
            ours,
        )
        return {row[name]: row["captured_minor"] for row in rows for name in ("ours", "theirs")}

    async def calm(self, now: Any) -> dict[str, int]:
        """Count like `quiet`, without messages that wait for another try."""
        return (await self._rows(_CALM, now))[0]
