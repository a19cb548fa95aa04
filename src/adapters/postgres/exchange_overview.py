"""What became of tasks: fees, rewards, payouts and debts, by year and in all."""

from collections.abc import Mapping
from typing import Any

from adapters.postgres.overview import PostgresOverview, Rows

_BY_YEAR = """
WITH moved AS (
    SELECT extract(year FROM value_date)::integer AS year,
        count(*) FILTER (WHERE kind = 'TASK_REWARD') AS completed,
        coalesce(-sum(amount_minor) FILTER (WHERE kind = 'ASSIGN_FEE'), 0)::bigint AS fees_minor,
        coalesce(sum(amount_minor) FILTER (WHERE kind = 'TASK_REWARD'), 0)::bigint
            AS rewards_minor,
        count(*) FILTER (WHERE kind = 'PAYOUT') AS payouts,
        coalesce(-sum(amount_minor) FILTER (WHERE kind = 'PAYOUT'), 0)::bigint AS paid_minor
    FROM wallet_entry GROUP BY 1
), best AS (
    SELECT DISTINCT ON (1) extract(year FROM value_date)::integer AS year, amount_minor, task_id
    FROM wallet_entry WHERE kind = 'TASK_REWARD'
    ORDER BY 1, amount_minor DESC, occurred_at, task_id
)
SELECT moved.*, best.amount_minor AS dearest_minor, best.task_id AS dearest_task,
    task.title AS dearest_title
FROM moved LEFT JOIN best USING (year) LEFT JOIN task_account AS task USING (task_id)
ORDER BY moved.year
"""
_TOTALS = """
SELECT count(*) AS wallets,
    coalesce(sum(balance_minor), 0)::bigint AS balance_minor,
    count(*) FILTER (WHERE balance_minor < 0) AS in_the_red,
    coalesce(-sum(balance_minor) FILTER (WHERE balance_minor < 0), 0)::bigint AS debt_minor,
    (SELECT count(*) FROM wallet_entry) AS movements,
    (SELECT count(*) FROM wallet_entry WHERE posting_date > value_date) AS late,
    (SELECT count(*) FROM payout) AS payouts,
    (SELECT coalesce(sum(amount_minor), 0)::bigint FROM payout) AS paid_minor,
    (SELECT count(*) FROM payout_run WHERE status = 'done') AS days_closed,
    (SELECT count(*) FROM payout_run WHERE status <> 'done') AS days_open,
    (SELECT count(*) FROM parked_fact) AS parked,
    (SELECT count(*) FROM dead_fact) AS dead
FROM wallet
"""
_COMPANY = """
SELECT account.code, sum(kept.balance_minor)::bigint AS balance_minor
FROM account JOIN account_balance AS kept ON kept.account_id = account.id
WHERE account.owner IS NULL GROUP BY 1 ORDER BY 1
"""


class PostgresExchangeOverview(PostgresOverview):
    """Answers in plain rows; every answer is of its own moment."""

    async def by_year(self) -> Rows:
        """Sum up what moved by the year it happened in, with the dearest task of each."""
        return await self._rows(_BY_YEAR)

    async def totals(self) -> Mapping[str, Any]:
        """Count wallets, movements, payouts, days, and facts that wait or died."""
        return (await self._rows(_TOTALS))[0]

    async def company(self) -> Mapping[str, int]:
        """Return the company's accounts; a credit balance is negative."""
        return {row["code"]: row["balance_minor"] for row in await self._rows(_COMPANY)}

    async def keys(self) -> set[str]:
        """Return the keys of every fee and reward on the books."""
        rows = await self._rows(
            "SELECT key FROM operation WHERE kind IN ('assign_fee', 'task_reward')"
        )
        return {row["key"] for row in rows}

    async def earned(self) -> Mapping[Any, int]:
        """Return what people's fees and rewards come to, by person, from their logs."""
        rows = await self._rows(
            "SELECT person_id, sum(amount_minor)::bigint AS net FROM wallet_entry "
            "WHERE kind IN ('ASSIGN_FEE', 'TASK_REWARD') GROUP BY 1"
        )
        return {row["person_id"]: row["net"] for row in rows}

    async def payouts(self) -> Rows:
        """Return every payout: person, day and sum."""
        return await self._rows(
            "SELECT person_id::text, run::text, amount_minor FROM payout ORDER BY 2, 1"
        )

    async def of_our_tracker(self) -> Rows:
        """Return assignments and completions of our own tracker, as it told them."""
        return await self._rows(
            "SELECT name, data FROM event WHERE producer = 'kazna.tasks' "
            "AND name IN ('TaskAssigned', 'TaskCompleted') ORDER BY position"
        )

    async def is_unused(self) -> bool:
        """Tell whether nobody works here yet."""
        return not await self._rows(
            "SELECT 1 FROM person UNION ALL SELECT 1 FROM wallet UNION ALL SELECT 1 FROM task "
            "LIMIT 1"
        )
