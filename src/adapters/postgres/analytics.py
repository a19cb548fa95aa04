"""What the feed of events comes to: where its reader stopped, and sums that grow set by set."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from uuid import UUID

from adapters.postgres import tables
from adapters.postgres.bulk import insert_many
from adapters.postgres.feed import Recorded
from adapters.postgres.feed_reading import FeedReading
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from application.analytics.ports import Told
from domain.analytics.dearest import ClosedTask
from domain.analytics.facts import Moved
from domain.analytics.totals import Totals

READER = "analytics"
_OURS = "kazna"
_COMPANY = """
ON CONFLICT (dated, day, currency) DO UPDATE SET
    fees_minor = company_day.fees_minor + excluded.fees_minor,
    rewards_minor = company_day.rewards_minor + excluded.rewards_minor,
    adjustments_minor = company_day.adjustments_minor + excluded.adjustments_minor
"""
_PEOPLE = """
ON CONFLICT (person_id, currency, day) DO UPDATE SET
    net_minor = person_day.net_minor + excluded.net_minor
"""
_BALANCES = """
ON CONFLICT (person_id, currency) DO UPDATE SET
    balance_minor = excluded.balance_minor, wallet_seq = excluded.wallet_seq
WHERE person_balance.wallet_seq < excluded.wallet_seq
"""
# The dearer of two stands: a higher price, then an earlier end, then a smaller id.
_DEAREST = """
ON CONFLICT (currency, day) DO UPDATE SET price_minor = excluded.price_minor,
    completed_at = excluded.completed_at, task_id = excluded.task_id
WHERE (top_task_day.price_minor, excluded.completed_at, excluded.task_id)
    < (excluded.price_minor, top_task_day.completed_at, top_task_day.task_id)
"""
# A maximum cannot be undone: days of tasks whose reward was taken back are looked at anew.
_UNREWARDED = """
WITH gone AS (
    SELECT DISTINCT reward.currency, reward.day FROM told_operation AS reward
    WHERE reward.kind = 'TASK_REWARD' AND reward.task_id = ANY($1) AND EXISTS (
        SELECT FROM told_operation AS back
        WHERE back.task_id = reward.task_id AND back.reverses_kind = 'TASK_REWARD')
), found AS (
    SELECT gone.currency, gone.day, best.* FROM gone LEFT JOIN LATERAL (
        SELECT amount_minor, occurred_at, task_id FROM told_operation AS reward
        WHERE reward.kind = 'TASK_REWARD' AND reward.currency = gone.currency
            AND reward.day = gone.day AND NOT EXISTS (
                SELECT FROM told_operation AS back
                WHERE back.task_id = reward.task_id AND back.reverses_kind = 'TASK_REWARD')
        ORDER BY amount_minor DESC, occurred_at, task_id LIMIT 1) AS best ON true
), emptied AS (
    DELETE FROM top_task_day USING found WHERE top_task_day.currency = found.currency
        AND top_task_day.day = found.day AND found.task_id IS NULL
)
UPDATE top_task_day SET price_minor = found.amount_minor, completed_at = found.occurred_at,
    task_id = found.task_id
FROM found WHERE top_task_day.currency = found.currency AND top_task_day.day = found.day
    AND found.task_id IS NOT NULL
"""
_CLOSE = """
INSERT INTO red_day (day, people)
SELECT $1, count(DISTINCT person_id) FROM person_balance WHERE balance_minor < 0
ON CONFLICT (day) DO NOTHING
"""
_EMPTY = """
TRUNCATE told_operation, company_day, person_day, person_balance, top_task_day, red_day
"""


class PostgresReading(FeedReading[Told]):
    """The feed as analytics reads it."""

    def __init__(self) -> None:
        super().__init__(READER, _told)


def _told(event: Recorded) -> Told:
    return Told(
        name=event.name,
        version=event.version,
        recorded_at=event.occurred_at if event.producer == _OURS else None,
        data=event.data,
        place=str(event.place),
    )


class PostgresAggregates:
    """Rows of sums, in the transaction of the unit of work it is given."""

    async def keep(self, uow: PostgresUnitOfWork, operations: Sequence[Moved]) -> Collection[UUID]:
        """Insert operations; return those that were not there."""
        rows = await insert_many(
            uow.driver,
            tables.analytics.told_operation,
            [
                {
                    "operation_id": one.operation_id,
                    "kind": one.kind,
                    "reverses_kind": one.reverses_kind,
                    "task_id": one.task_id,
                    "currency": one.currency,
                    "day": one.value_date,
                    "amount_minor": one.amount_minor,
                    "occurred_at": one.occurred_at,
                }
                for one in operations
            ],
            "ON CONFLICT (operation_id) DO NOTHING RETURNING operation_id",
        )
        return {row["operation_id"] for row in rows}

    async def add(self, uow: PostgresUnitOfWork, totals: Totals) -> None:
        """Add sums, let later balances and dearer tasks stand."""
        await self._sums(uow, totals)
        await insert_many(
            uow.driver,
            tables.analytics.person_balance,
            [
                {
                    "person_id": person,
                    "currency": currency,
                    "balance_minor": balance.minor,
                    "wallet_seq": balance.seq,
                }
                for (person, currency), balance in totals.balances.items()
            ],
            _BALANCES,
        )
        await self._dearest(uow, totals.dearest.items(), totals.unrewarded)

    async def _sums(self, uow: PostgresUnitOfWork, totals: Totals) -> None:
        await insert_many(
            uow.driver,
            tables.analytics.company_day,
            [
                {
                    "dated": dated.value,
                    "day": day,
                    "currency": currency,
                    "fees_minor": sums.fees_minor,
                    "rewards_minor": sums.rewards_minor,
                    "adjustments_minor": sums.adjustments_minor,
                }
                for (dated, day, currency), sums in totals.company.items()
            ],
            _COMPANY,
        )
        await insert_many(
            uow.driver,
            tables.analytics.person_day,
            [
                {"person_id": person, "currency": currency, "day": day, "net_minor": minor}
                for (person, currency, day), minor in totals.people.items()
            ],
            _PEOPLE,
        )

    async def _dearest(
        self,
        uow: PostgresUnitOfWork,
        tasks: Iterable[tuple[tuple[date, str], ClosedTask]],
        unrewarded: Collection[UUID],
    ) -> None:
        rows = [
            {
                "currency": currency,
                "day": day,
                "price_minor": task.price_minor,
                "completed_at": task.completed_at,
                "task_id": task.task_id,
            }
            for (day, currency), task in tasks
        ]
        await insert_many(uow.driver, tables.analytics.top_task_day, rows, _DEAREST)
        # A reward may be read after what takes it back: the feed keeps the order of transactions.
        looked_at = {*unrewarded, *(row["task_id"] for row in rows)}
        if looked_at:
            await uow.driver.execute(_UNREWARDED, list(looked_at))

    async def close(self, uow: PostgresUnitOfWork, day: date) -> None:
        """Count who owes, as far as the feed was read."""
        await uow.driver.execute(_CLOSE, day)

    async def empty(self, uow: PostgresUnitOfWork) -> None:
        """Empty the tables."""
        await uow.driver.execute(_EMPTY)
