"""The runs of days: which are closed, which are settled."""

from collections.abc import Sequence
from datetime import date, datetime

from adapters.postgres import tables
from adapters.postgres.bulk import insert_many
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from application.ledger.envelopes import DayOver
from application.ledger.task_events import TASK_EVENT

# A tracker that marks its days has told all of one when every part of it has, and nothing that was
# told before waits to be digested; dead messages wait for a person.
_UNMARKED = """
SELECT producer FROM (SELECT DISTINCT producer FROM day_marker WHERE day >= $1::date - 31) AS known
WHERE NOT EXISTS (
    SELECT FROM day_marker AS one WHERE one.producer = known.producer AND one.day = $1
    GROUP BY one.producer HAVING count(*) = max(one.partition_count)
) OR EXISTS (
    SELECT FROM message WHERE message.name = $2 AND message.id < (
        SELECT max(message_id) FROM day_marker AS one
        WHERE one.producer = known.producer AND one.day = $1)
)
ORDER BY producer
"""


class PostgresDays:
    """The runs of days, in the transaction of the unit of work it is given."""

    async def closed_through(self, uow: PostgresUnitOfWork) -> date | None:
        """Return the last closed day."""
        day: date | None = await uow.driver.fetchval("SELECT closed_through FROM ledger_calendar")
        return day

    async def first_unsettled(self, uow: PostgresUnitOfWork) -> date | None:
        """Return the first day with movements that no run has taken."""
        day: date | None = await uow.driver.fetchval(
            "SELECT min(day) FROM wallet_day WHERE settled_run IS NULL"
        )
        return day

    async def carries(self, uow: PostgresUnitOfWork) -> bool:
        """Tell whether anybody carries money that could be paid."""
        return bool(
            await uow.driver.fetchval("SELECT EXISTS (SELECT FROM wallet WHERE carry_minor > 0)")
        )

    async def open_run(self, uow: PostgresUnitOfWork) -> date | None:
        """Return the run that was begun and not ended."""
        day: date | None = await uow.driver.fetchval(
            "SELECT min(day) FROM payout_run WHERE status = 'closed'"
        )
        return day

    async def begin(self, uow: PostgresUnitOfWork, first: date, last: date, now: datetime) -> None:
        """Write runs of days down; all but the last have nothing to settle and are done."""
        await uow.driver.execute(
            "INSERT INTO payout_run (day, status, closed_at, done_at) "
            "SELECT day::date, CASE WHEN day::date = $2 THEN 'closed' ELSE 'done' END, "
            "$3::timestamptz, CASE WHEN day::date < $2 THEN $3::timestamptz END "
            "FROM generate_series($1::date, $2::date, interval '1 day') AS day "
            "ON CONFLICT (day) DO NOTHING",
            first,
            last,
            now,
        )

    async def end(self, uow: PostgresUnitOfWork, day: date, now: datetime) -> bool:
        """End a run; False when somebody else did."""
        ended = await uow.driver.fetchval(
            "UPDATE payout_run SET status = 'done', done_at = $2 "
            "WHERE day = $1 AND status = 'closed' RETURNING true",
            day,
            now,
        )
        return bool(ended)

    async def waiting(self, uow: PostgresUnitOfWork, until: datetime) -> int:
        """Count facts that are parked and happened before an instant."""
        count: int = await uow.driver.fetchval(
            "SELECT count(*) FROM parked_fact WHERE occurred_at < $1", until
        )
        return count

    async def mark(self, uow: PostgresUnitOfWork, over: Sequence[tuple[DayOver, int]]) -> None:
        """Keep that days are over, each with the id of the message that said so."""
        await insert_many(
            uow.driver,
            tables.tasks.day_marker,
            [
                {
                    "producer": one.producer,
                    "day": one.day,
                    "partition": one.partition,
                    "partition_count": one.partition_count,
                    "message_id": message_id,
                }
                for one, message_id in over
            ],
            "ON CONFLICT DO NOTHING",
        )

    async def unmarked(self, uow: PostgresUnitOfWork, day: date) -> Sequence[str]:
        """Name the trackers that mark their days, and have not told everything of this one."""
        rows = await uow.driver.fetch(_UNMARKED, day, TASK_EVENT)
        return [row["producer"] for row in rows]
