"""How much work waits in each queue, and for how long: what an operator looks at first."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.connections import borrowed

_DEPTHS = """
SELECT queue,
       count(*) FILTER (WHERE state = 'ready' AND run_at <= now()) AS due,
       count(*) FILTER (WHERE state = 'ready' AND run_at > now()) AS waiting,
       count(*) FILTER (WHERE state = 'leased') AS leased,
       count(*) FILTER (WHERE state = 'dead') AS dead,
       coalesce(extract(epoch FROM now() - min(run_at) FILTER (
           WHERE state = 'ready' AND run_at <= now())), 0)::double precision AS oldest_seconds
FROM message GROUP BY queue ORDER BY queue
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueDepth:
    """The messages of one queue by what they wait for; `oldest_seconds` is of what is due."""

    queue: str
    due: int
    waiting: int
    leased: int
    dead: int
    oldest_seconds: float


async def queue_depths(engine: AsyncEngine) -> Sequence[QueueDepth]:
    """Count; queues without a row are not mentioned."""
    async with borrowed(engine) as (_, driver):
        rows = await driver.fetch(_DEPTHS)
    return [QueueDepth(**row) for row in rows]
