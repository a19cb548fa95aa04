"""What is old goes, a piece at a time; what a job has read to stays known."""

from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest

from adapters.postgres.pruning import prune
from tests.conftest import FreshDatabase


@pytest.fixture
async def driver(fresh_database: FreshDatabase):  # type: ignore[no-untyped-def]
    async with fresh_database() as url:
        connection = await asyncpg.connect(url)
        yield connection
        await connection.close()


async def _run(driver: asyncpg.Connection, days: int, *, watermark: bool = False) -> None:
    await driver.execute(
        "INSERT INTO job_run (id, job, business_time, dry_run, actor, started_at, watermark) "
        "VALUES ($1, 'match', now(), false, 'x', now() - make_interval(days => $2), "
        "CASE WHEN $3 THEN now() END)",
        uuid4(),
        days,
        watermark,
    )


async def _notified(driver: asyncpg.Connection, days: int) -> None:
    await driver.execute(
        "INSERT INTO inbox (source, external_id, raw, verified, received_at, handled_at, result) "
        "VALUES ('x', $1, '', true, now(), now() - make_interval(days => $2), '{}')",
        str(uuid4()),
        days,
    )


async def test_old_rows_go_and_the_last_watermark_stays(driver: asyncpg.Connection) -> None:
    await _run(driver, 400, watermark=True)
    for days in (300, 200, 10):
        await _run(driver, days)
        await _notified(driver, days)

    assert await prune(driver, timedelta(days=180), 1000) == 4

    assert await driver.fetchval("SELECT count(*) FROM job_run") == 2
    assert await driver.fetchval("SELECT count(*) FROM job_run WHERE watermark IS NOT NULL") == 1
    assert await driver.fetchval("SELECT count(*) FROM inbox") == 1


async def test_a_piece_is_no_larger_than_it_may_be(driver: asyncpg.Connection) -> None:
    for _ in range(5):
        await _run(driver, 300)

    assert await prune(driver, timedelta(days=180), 2) == 2
    assert await driver.fetchval("SELECT count(*) FROM job_run") == 3
