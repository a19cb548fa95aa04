"""Subscriptions in figures: what gateways took by day, what recurs, who came and who left."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.codec import plain
from adapters.postgres.connections import borrowed
from application.ports import JsonObject
from domain.analytics.periods import Span
from domain.shared.calendar import start_of_day

_CLEARING = "gateway_clearing:"
_REVENUE = ("subscription_revenue", "purchase_revenue", "manual_revenue")
_DAY = timedelta(days=1)

# Codes are few and accounts may be millions: the first statement steps from code to code.
_TURNOVER = """
WITH RECURSIVE step AS (
    SELECT min(code) AS code FROM account
    UNION ALL
    SELECT (SELECT min(account.code) FROM account WHERE account.code > step.code)
    FROM step WHERE step.code IS NOT NULL
)
SELECT kept.day, account.code, account.currency, sum(kept.debit_minor)::bigint AS debit_minor,
    sum(kept.credit_minor)::bigint AS credit_minor
FROM step JOIN account ON account.code = step.code AND account.owner IS NULL
JOIN day_balance AS kept ON kept.account_id = account.id
WHERE (step.code LIKE $1 || '%' OR step.code = ANY($2)) AND kept.day BETWEEN $3 AND $4
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
# A day is a thirtieth of a month and a bit: 365.25 / 12 days.
_RUNNING = """
WITH running AS (
    SELECT currency, status, renewal,
        amount_minor / (interval_count * CASE interval_unit
            WHEN 'month' THEN 1.0 WHEN 'year' THEN 12.0 ELSE 1 / 30.4375 END) AS monthly,
        EXISTS (SELECT FROM subscription_period AS one WHERE one.subscription_id = subscription.id
            AND one.period_start = subscription.period_start AND one.kind = 'trial') AS in_trial
    FROM subscription WHERE status IN ('active', 'past_due')
)
SELECT currency, count(*) FILTER (WHERE status = 'active') AS active,
    count(*) FILTER (WHERE status = 'active' AND in_trial) AS in_trial,
    count(*) FILTER (WHERE status = 'past_due') AS past_due,
    coalesce(round(sum(monthly) FILTER (
        WHERE status = 'active' AND renewal = 'automatic' AND NOT in_trial)), 0)::bigint
        AS mrr_minor
FROM running GROUP BY currency
"""
_BEGAN = """
SELECT currency, count(*) AS new FROM subscription WHERE created_at >= $1 AND created_at < $2
    AND EXISTS (SELECT FROM subscription_period AS one WHERE one.subscription_id = subscription.id)
GROUP BY currency
"""
# The index is of the text, whose order holds between days; the instant itself decides.
_ENDED = """
SELECT currency, count(*) AS churned FROM subscription
WHERE status IN ('canceled', 'expired') AND state ->> 'at' >= $3 AND state ->> 'at' < $4
    AND (state ->> 'at')::timestamptz >= $1 AND (state ->> 'at')::timestamptz < $2
    AND EXISTS (SELECT FROM subscription_period AS one WHERE one.subscription_id = subscription.id)
GROUP BY currency
"""
_COUNTS = ("active", "in_trial", "past_due", "mrr_minor", "new", "churned")


class PostgresSubscriptionFigures:
    """Figures straight from the books and from subscriptions; nothing is kept beside them.

    *Taken* is what gateways captured on a day of the books, *returned* what went back through
    them. *Active* subscriptions are paid for or in their trial; *past due* ones had a charge
    declined and are still tried. *MRR* is what active ones with automatic renewal, trials aside,
    bring in a month of 30.4375 days. *New* ones were agreed on in the stretch and granted a
    period since; *churned* ones had a period, ended in the stretch, and have not come back.
    """

    def __init__(self, engine: AsyncEngine, zone: ZoneInfo) -> None:
        self._engine, self._zone = engine, zone

    async def read(self, span: Span, now: datetime) -> JsonObject:
        """Return the figures of a stretch of days, and how things stand now."""
        start, end = (start_of_day(day, self._zone) for day in (span.first, span.last + _DAY))
        texts = _text(span.first - _DAY), _text(span.last + 2 * _DAY)
        async with (
            borrowed(self._engine) as (_, driver),
            driver.transaction(isolation="repeatable_read", readonly=True),
        ):
            turnover = await driver.fetch(
                _TURNOVER, _CLEARING, list(_REVENUE), span.first, span.last
            )
            figures: dict[str, dict[str, Any]] = {}
            for rows in (
                await driver.fetch(_RUNNING),
                await driver.fetch(_BEGAN, start, end),
                await driver.fetch(_ENDED, start, end, *texts),
            ):
                for row in rows:
                    figures.setdefault(row["currency"], dict.fromkeys(_COUNTS, 0)).update(row)
        return {
            "as_of": now.isoformat(),
            "from": span.first.isoformat(),
            "to": span.last.isoformat(),
            "gateways": [_gateway(row) for row in turnover if row["code"].startswith(_CLEARING)],
            "revenue": [_revenue(row) for row in turnover if row["code"] in _REVENUE],
            "totals": [figures[currency] for currency in sorted(figures)],
        }


def _gateway(row: Any) -> JsonObject:
    taken, returned = row["debit_minor"], row["credit_minor"]
    shown: JsonObject = plain(
        {
            "day": row["day"],
            "gateway": row["code"].removeprefix(_CLEARING),
            "currency": row["currency"],
            "taken_minor": taken,
            "returned_minor": returned,
            "net_minor": taken - returned,
        }
    )
    return shown


def _revenue(row: Any) -> JsonObject:
    shown: JsonObject = plain(
        {
            "day": row["day"],
            "account": row["code"],
            "currency": row["currency"],
            "amount_minor": row["credit_minor"] - row["debit_minor"],
        }
    )
    return shown


def _text(day: date) -> str:
    return day.isoformat()
