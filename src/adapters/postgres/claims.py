"""The statements that claim messages: set-based, skipping what others hold, in queue order.

The due index is walked priority by priority (a loose scan), so that rows waiting for a later
time cost nothing. Rows of ordinary priority that a bell named are found by their id; whatever is
more urgent overtakes them, and the rest of the batch is topped up from the queue.
"""
# ruff: noqa: S608 - the statements are put together from the constants of this file alone

COLUMNS = "id, queue, name, payload, order_key, priority, attempt, correlation_id, created_at"

# A dead message lets its successors pass: it is out of the queue until somebody replays it.
_FREE = """(m.order_key IS NULL OR NOT EXISTS (
    SELECT FROM message earlier
    WHERE earlier.order_key = m.order_key AND earlier.id < m.id AND earlier.state <> 'dead'))"""

_LEVELS = """
WITH RECURSIVE level(priority) AS (
    (SELECT priority FROM message WHERE queue = $1 AND state = 'ready'
     ORDER BY priority DESC LIMIT 1)
    UNION ALL
    SELECT (SELECT lower.priority FROM message lower
            WHERE lower.queue = $1 AND lower.state = 'ready' AND lower.priority < level.priority
            ORDER BY lower.priority DESC LIMIT 1)
    FROM level WHERE level.priority IS NOT NULL
)"""


def _due(where: str, limit: str) -> str:
    return f"""
    SELECT due.id FROM level CROSS JOIN LATERAL (
        SELECT m.id FROM message m
        WHERE m.queue = $1 AND m.state = 'ready' AND m.priority = level.priority
          AND m.run_at <= now() AND {_FREE}
        ORDER BY m.run_at, m.id LIMIT $3 FOR UPDATE OF m SKIP LOCKED
    ) due
    WHERE {where} LIMIT {limit}"""


_PICKED = f"""{_LEVELS},
urgent AS MATERIALIZED ({_due("level.priority > 0", "$3")}
),
rung AS MATERIALIZED (
    SELECT m.id FROM message m
    WHERE m.id = ANY($2::bigint[]) AND m.queue = $1 AND {_FREE}
      AND (m.state = 'ready' AND m.run_at <= now() AND m.priority = 0
           OR m.state = 'leased' AND m.lease_until < now())
    ORDER BY m.id LIMIT $3 - (SELECT count(*) FROM urgent) FOR UPDATE OF m SKIP LOCKED
),
rest AS MATERIALIZED ({
    _due(
        "level.priority <= 0 AND due.id NOT IN (SELECT id FROM rung)",
        "$3 - (SELECT count(*) FROM urgent) - (SELECT count(*) FROM rung)",
    )
}
),
picked AS (SELECT id FROM urgent UNION ALL SELECT id FROM rung UNION ALL SELECT id FROM rest)
"""

_REMOVED = f"DELETE FROM message WHERE id = ANY(ARRAY(SELECT id FROM picked)) RETURNING {COLUMNS}"

TAKE = f"{_PICKED} {_REMOVED}"
"""$1 queue, $2 ids, $3 limit: claim and remove in the transaction at hand."""

RETAKE = f"""
WITH picked AS MATERIALIZED (
    SELECT m.id FROM message m
    WHERE m.id = ANY($2::bigint[]) AND m.queue = $1 AND m.state = 'ready'
      AND m.run_at <= now() AND {_FREE}
    ORDER BY m.id FOR UPDATE OF m SKIP LOCKED
)
{_REMOVED}"""
"""$1 queue, $2 ids: claim and remove exactly these."""

LEASE = f"""{_PICKED}
UPDATE message SET state = 'leased', attempt = attempt + 1, lease = $4,
    lease_until = now() + $5 * interval '1 second'
WHERE id = ANY(ARRAY(SELECT id FROM picked)) RETURNING {COLUMNS}"""
"""$1 queue, $2 ids, $3 limit, $4 token, $5 seconds: lease and count the try."""

TAKE_OVER = f"""
WITH picked AS MATERIALIZED (
    SELECT m.id FROM message m
    WHERE m.id = ANY($2::bigint[]) AND m.queue = $1 AND m.state = 'leased'
      AND m.lease_until < now()
    ORDER BY m.id LIMIT $3 FOR UPDATE OF m SKIP LOCKED
)
UPDATE message SET attempt = attempt + 1, lease = $4,
    lease_until = now() + $5 * interval '1 second'
WHERE id = ANY(ARRAY(SELECT id FROM picked)) RETURNING {COLUMNS}"""
"""$1 queue, $2 ids, $3 limit, $4 token, $5 seconds: lease what others let fall, and no more."""

RENEW = """
UPDATE message SET lease_until = now() + $3 * interval '1 second'
WHERE id = ANY($2::bigint[]) AND lease = $1 RETURNING id"""
"""$1 token, $2 ids, $3 seconds."""

FINISH = "DELETE FROM message WHERE id = ANY($2::bigint[]) AND lease = $1 RETURNING id"
"""$1 token, $2 ids."""

SET_BACK = """
UPDATE message m SET
    state = CASE WHEN given.delay_seconds IS NULL THEN 'dead' ELSE 'ready' END,
    attempt = given.tries, error = given.why, lease = NULL, lease_until = NULL,
    run_at = now() + coalesce(given.delay_seconds, 0) * interval '1 second'
FROM unnest($1::bigint[], $2::integer[], $3::integer[], $4::text[], $5::double precision[])
     AS given(id, seen, tries, why, delay_seconds)
WHERE m.id = given.id
  AND CASE WHEN $6::uuid IS NULL THEN m.state = 'ready' AND m.attempt = given.seen
           ELSE m.lease = $6 END
RETURNING m.id"""
"""$1 ids, $2 tries before this one, $3 tries to keep, $4 reasons, $5 delays, $6 token or null."""

OVERDUE = f"""
SELECT given.queue, found.id, extract(epoch FROM now() - found.since)::double precision AS late
FROM unnest($1::text[]) AS given(queue) CROSS JOIN LATERAL (
    {_LEVELS.replace("$1", "given.queue")}
    (SELECT due.id, due.run_at AS since FROM level CROSS JOIN LATERAL (
        SELECT m.id, m.run_at FROM message m
        WHERE m.queue = given.queue AND m.state = 'ready' AND m.priority = level.priority
          AND m.run_at < now() - $2 * interval '1 second' AND {_FREE}
        ORDER BY m.run_at, m.id LIMIT $3
    ) due LIMIT $3)
    UNION ALL
    (SELECT m.id, m.lease_until FROM message m
     WHERE m.queue = given.queue AND m.state = 'leased' AND m.lease_until < now()
     ORDER BY m.lease_until LIMIT $3)
) found"""
"""$1 queues, $2 seconds, $3 limit per queue."""

FALLEN = """
SELECT given.queue, found.id, extract(epoch FROM now() - found.since)::double precision AS late
FROM unnest($1::text[]) AS given(queue) CROSS JOIN LATERAL (
    SELECT m.id, m.lease_until AS since FROM message m
    WHERE m.queue = given.queue AND m.state = 'leased' AND m.lease_until < now()
    ORDER BY m.lease_until LIMIT $2
) found"""
"""$1 queues, $2 limit per queue."""

BURY_EXHAUSTED = """
UPDATE message SET state = 'dead', lease = NULL, lease_until = NULL,
    error = coalesce(error || '; ', '') || 'its process died during try ' || attempt
WHERE queue = $1 AND state = 'leased' AND lease_until < now() AND attempt >= $2
RETURNING id"""
"""$1 queue, $2 allowed tries."""
