"""Forget what nobody will ask for any more, a bounded piece at a time, oldest first."""

from datetime import timedelta

import asyncpg

# Rows are found by the order of their keys, which grow with time, so a piece costs its own size.
_JOB_RUNS = """
DELETE FROM job_run WHERE id IN (
    SELECT id FROM job_run AS old
    WHERE started_at < now() - $1::interval AND NOT EXISTS (
        SELECT FROM (SELECT id FROM job_run AS latest
            WHERE latest.job = old.job AND watermark IS NOT NULL
            ORDER BY id DESC LIMIT 1) AS kept WHERE kept.id = old.id)
    ORDER BY id LIMIT $2) RETURNING 1
"""
_INBOX = """
DELETE FROM inbox WHERE id IN (
    SELECT id FROM inbox WHERE handled_at < now() - $1::interval ORDER BY id LIMIT $2
) RETURNING 1
"""
_CLICKS = """
DELETE FROM carrier_click WHERE id IN (
    SELECT id FROM carrier_click WHERE received_at < now() - interval '2 days'
        AND subscription_id IS NULL
    ORDER BY received_at LIMIT $1
) RETURNING 1
"""
# A month is long enough to notice that a program has missed something, and to ask for it again.
_DELIVERIES = """
DELETE FROM webhook_delivery WHERE id IN (
    SELECT id FROM webhook_delivery WHERE kept_since < now() - interval '30 days'
        AND status IN ('delivered', 'failed')
    ORDER BY kept_since LIMIT $1
) RETURNING 1
"""
_CHALLENGES = """
DELETE FROM captcha_challenge WHERE id IN (
    SELECT id FROM captcha_challenge WHERE created_at < now() - interval '1 day'
    ORDER BY created_at LIMIT $1
) RETURNING 1
"""
_PASSES = """
DELETE FROM captcha_pass WHERE token_hash IN (
    SELECT token_hash FROM captcha_pass WHERE expires_at < now() ORDER BY expires_at LIMIT $1
) RETURNING 1
"""


async def prune(driver: asyncpg.Connection, older_than: timedelta, most: int) -> int:
    """Delete runs of jobs and handled notifications older than that; return how many.

    Clicks nobody ordered after go with their day, deliveries of webhooks with their month,
    challenges with their day, passes when they end.

    How far a listing was read is never forgotten: the last watermark of a job stays.
    """
    gone = 0
    for statement in (_JOB_RUNS, _INBOX):
        gone += len(await driver.fetch(statement, older_than, most))
    for statement in (_CLICKS, _DELIVERIES, _CHALLENGES, _PASSES):
        gone += len(await driver.fetch(statement, most))
    return gone
