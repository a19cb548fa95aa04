"""The rows of the timetable: locked one scheduler at a time, ticks kept under a unique key."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, assert_never
from zoneinfo import ZoneInfo

import msgspec

from adapters.postgres.unit_of_work import PostgresUnitOfWork
from application.messaging.cadence import Cadence, Daily, Every
from application.messaging.timetable import DueSchedule, Fired, Misfire, Schedule

_PUT = """
INSERT INTO schedule AS kept (name, queue, message_name, payload, order_key, priority,
                              every_seconds, daily_at, zone, misfire, enabled, next_due)
SELECT name, queue, message_name, payload::jsonb, order_key, priority,
       every_seconds, daily_at, zone, misfire, enabled, next_due
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::integer[],
            $7::integer[], $8::time[], $9::text[], $10::text[], $11::boolean[], $12::timestamptz[])
     AS given(name, queue, message_name, payload, order_key, priority,
              every_seconds, daily_at, zone, misfire, enabled, next_due)
ON CONFLICT (name) DO UPDATE SET
    queue = excluded.queue, message_name = excluded.message_name, payload = excluded.payload,
    order_key = excluded.order_key, priority = excluded.priority,
    every_seconds = excluded.every_seconds, daily_at = excluded.daily_at, zone = excluded.zone,
    misfire = excluded.misfire, enabled = excluded.enabled,
    next_due = CASE WHEN (kept.every_seconds, kept.daily_at, kept.zone) IS NOT DISTINCT FROM
                         (excluded.every_seconds, excluded.daily_at, excluded.zone)
                    THEN kept.next_due ELSE excluded.next_due END
"""

_LOCK_DUE = """
SELECT name, queue, message_name, payload, order_key, priority,
       every_seconds, daily_at, zone, misfire, enabled, next_due
FROM schedule WHERE enabled AND next_due <= $1
ORDER BY next_due, name FOR UPDATE SKIP LOCKED
"""

_TICK = """
INSERT INTO tick (schedule, due) SELECT * FROM unnest($1::text[], $2::timestamptz[])
ON CONFLICT DO NOTHING RETURNING schedule, due
"""

_MOVE = """
UPDATE schedule SET next_due = given.next_due
FROM unnest($1::text[], $2::timestamptz[]) AS given(name, next_due)
WHERE schedule.name = given.name
"""

# Ticks are there to be unique; one that lies far behind the next due can never fire again.
_FORGET = """
DELETE FROM tick USING schedule
WHERE schedule.name = tick.schedule AND schedule.name = ANY($1::text[])
  AND tick.due < schedule.next_due - interval '60 days'
"""


class PostgresTimetable:
    """Schedules and their ticks; all times are business time, given by the caller."""

    async def put(
        self, uow: PostgresUnitOfWork, schedules: Collection[Schedule], now: datetime
    ) -> None:
        """Write schedules; one whose cadence is the same keeps its next tick."""
        cadences = [_columns(one.cadence) for one in schedules]
        await uow.driver.execute(
            _PUT,
            [one.name for one in schedules],
            [one.queue for one in schedules],
            [one.message_name for one in schedules],
            [msgspec.json.encode(one.payload).decode() for one in schedules],
            [one.order_key for one in schedules],
            [one.priority for one in schedules],
            [every for every, _, _ in cadences],
            [at for _, at, _ in cadences],
            [zone for _, _, zone in cadences],
            [one.misfire.value for one in schedules],
            [one.enabled for one in schedules],
            [one.cadence.after(now) for one in schedules],
        )

    async def lock_due(self, uow: PostgresUnitOfWork, now: datetime) -> Sequence[DueSchedule]:
        """Return what is due and not being fired by another scheduler."""
        rows = await uow.driver.fetch(_LOCK_DUE, now)
        return [DueSchedule(_schedule(row), row["next_due"]) for row in rows]

    async def note(
        self, uow: PostgresUnitOfWork, fired: Sequence[Fired]
    ) -> Mapping[str, Sequence[datetime]]:
        """Keep ticks and next dues; return, by schedule, the ticks that never fired before."""
        ticks = [(one.schedule.name, tick) for one in fired for tick in one.ticks]
        rows = await uow.driver.fetch(_TICK, [name for name, _ in ticks], [due for _, due in ticks])
        names = [one.schedule.name for one in fired]
        await uow.driver.execute(_MOVE, names, [one.next_due for one in fired])
        await uow.driver.execute(_FORGET, names)
        fresh: dict[str, list[datetime]] = {}
        for row in rows:
            fresh.setdefault(row["schedule"], []).append(row["due"])
        return fresh


def _columns(cadence: Cadence) -> tuple[int | None, Any, str | None]:
    match cadence:
        case Every(seconds):
            return seconds, None, None
        case Daily(at, zone):
            return None, at, zone.key
        case _:
            assert_never(cadence)


def _schedule(row: Any) -> Schedule:
    cadence: Cadence = (
        Daily(row["daily_at"], ZoneInfo(row["zone"]))
        if row["every_seconds"] is None
        else Every(row["every_seconds"])
    )
    return Schedule(
        name=row["name"],
        cadence=cadence,
        queue=row["queue"],
        message_name=row["message_name"],
        payload=row["payload"],
        order_key=row["order_key"],
        priority=row["priority"],
        misfire=Misfire(row["misfire"]),
        enabled=row["enabled"],
    )
