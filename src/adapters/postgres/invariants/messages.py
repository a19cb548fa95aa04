"""Messages: nothing that happened is without its work, no work is out of sight, queues drain."""

from collections.abc import Collection, Sequence

import asyncpg

from application.invariants import Violation
from application.messaging.sweep import OVERDUE_SECONDS

# A worker may be late by a sweep and by the pause of a busy machine.
SWEEP_ALLOWANCE_SECONDS = 5.0

_OUT_OF_SIGHT = """
SELECT id, queue, 'no worker serves the queue' AS why FROM message
WHERE state <> 'dead' AND NOT queue = ANY($1::text[])
UNION ALL
SELECT id, queue, 'its delay is longer than any backoff' FROM message
WHERE state = 'ready' AND run_at > now() + interval '7 days'
ORDER BY id LIMIT 20
"""

_OLD_LEASES = """
SELECT id, queue, extract(epoch FROM now() - lease_until)::integer AS late FROM message
WHERE state = 'leased' AND lease_until < now() - $1 * interval '1 second'
ORDER BY id LIMIT 20
"""

_TICKS = """
SELECT schedule.name FROM schedule JOIN tick ON tick.schedule = schedule.name
WHERE tick.due >= schedule.next_due ORDER BY schedule.name LIMIT 20
"""

_INBOX = """
SELECT inbox.id, inbox.source FROM inbox
WHERE handled_at IS NULL AND NOT EXISTS (
    SELECT FROM message WHERE payload ->> 'inbox_id' = inbox.id::text)
ORDER BY inbox.id LIMIT 20
"""

_UNDRAINED = """
SELECT queue, count(*) AS messages FROM message
WHERE state = 'leased' OR state = 'ready' AND run_at < now() - $1 * interval '1 second'
GROUP BY queue ORDER BY queue
"""


async def check_messages(
    driver: asyncpg.Connection, queues: Collection[str], *, drained: bool = False
) -> Sequence[Violation]:
    """Check rules 14, 15 and 16, and 19 where the faults have stopped and queues must be empty.

    `queues` are those some worker serves. What is dead is not a violation: it is in sight.
    """
    found = [
        Violation(14, "every fact has its messages done or visible", f"{row['why']}: {row['id']}")
        for row in await driver.fetch(_OUT_OF_SIGHT, list(queues))
    ]
    found += [
        Violation(14, "a tick that fired is behind the next", f"schedule {row['name']}")
        for row in await driver.fetch(_TICKS)
    ]
    found += [
        Violation(15, "no lease is older than lease and sweep", f"{row['id']}: {row['late']} s")
        for row in await driver.fetch(_OLD_LEASES, SWEEP_ALLOWANCE_SECONDS)
    ]
    found += [
        Violation(16, "what came in is handled or dead", f"{row['source']} {row['id']}")
        for row in await driver.fetch(_INBOX)
    ]
    if drained:
        found += [
            Violation(19, "queues drain", f"{row['messages']} left in {row['queue']}")
            for row in await driver.fetch(_UNDRAINED, OVERDUE_SECONDS)
        ]
    return found
