"""The due run (P5): claiming what is due costs what is due, not what exists."""

from time import perf_counter

from sqlalchemy import MetaData, select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.ext.automap import automap_base

from adapters.postgres.engine import async_url
from bench.place import START, Place, place
from bench.rounds import Goal, Rates, interleaved, show

_CHUNK = 1000
_SEED = """
INSERT INTO customer SELECT gen_random_uuid(), 'c' || n, NULL, 'UTC', 'en', now()
    FROM generate_series(1, 1) AS n;
INSERT INTO plan VALUES (gen_random_uuid(), 'Cinema', '', 1, 'month', true, 0, '[0,1,2,3]', 259200,
    '[]', true, now(), 1);
INSERT INTO price SELECT gen_random_uuid(), id, 49900, 'RUB', 'bench', now(), NULL, now() FROM plan;
ALTER TABLE subscription DISABLE TRIGGER ALL;
DROP INDEX uq_subscription_live;
"""
_GROW = """
INSERT INTO subscription (id, customer_id, plan_id, price_id, amount_minor, currency,
    interval_count, interval_unit, anchor_day, provider, retry_days, grace_seconds, renewal,
    source, status, state, period_start, period_end, renew_at, expires_at, created_at, version)
SELECT gen_random_uuid(), customer.id, plan.id, price.id, 49900, 'RUB', 1, 'month', 1, 'test',
    '[0,1,2,3]', 259200, 'automatic', 'purchase', 'active',
    jsonb_build_object('period', jsonb_build_object('start', $1::timestamptz - interval '1 month',
        'end', $1::timestamptz + n * interval '1 second')),
    $1::timestamptz - interval '1 month', $1::timestamptz + n * interval '1 second',
    $1::timestamptz + n * interval '1 second', $1::timestamptz + n * interval '1 second', now(), 1
FROM customer, plan, price, generate_series($2::bigint, $3::bigint) AS n
"""
_DUE = 20_000
_DUE_ROWS = """
SELECT id FROM subscription WHERE renew_at < $1 AND operator IS NULL
ORDER BY renew_at, id LIMIT $2 FOR UPDATE SKIP LOCKED
"""


async def _grow(here: Place, first: int, last: int) -> None:
    async with here.engine.connect() as connection:
        raw = await connection.get_raw_connection()
        driver = raw.driver_connection
        await driver.execute("SET statement_timeout = 0")
        for start in range(first, last, 500_000):
            end = min(start + 499_999, last - 1)
            await driver.execute(_GROW, START, start, end, timeout=900)
    await _vacuum(here)


async def _vacuum(here: Place) -> None:
    """Do what autovacuum does between two nights, so that runs do not pay for one another."""
    await here.run_sql("VACUUM ANALYZE subscription")


async def _claim(here: Place, rows: int) -> float:
    """Claim chunks and move their dates, as the claim of a due run does."""
    began, done = perf_counter(), 0
    while done < rows:
        async with here.open_uow() as uow:
            ids = await uow.driver.fetch(
                _DUE_ROWS,
                START.replace(year=2100),
                _CHUNK,
            )
            await uow.driver.execute(
                "UPDATE subscription SET renew_at = renew_at + interval '1 year', "
                "version = version + 1 WHERE id = ANY($1)",
                [row["id"] for row in ids],
            )
            await uow.commit()
        done += len(ids)
    return rows / (perf_counter() - began)


async def _check_index(here: Place) -> None:
    """Refuse to measure a claim that reads the table: both sides are to use the index."""
    async with here.open_uow() as uow:
        await uow.driver.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        await uow.driver.execute("PREPARE claim(timestamptz, bigint) AS " + _DUE_ROWS)
        plan = await uow.driver.fetch("EXPLAIN EXECUTE claim('2100-01-01', 1000)")
        await uow.driver.execute("DEALLOCATE claim")
    told = "\n".join(row[0] for row in plan)
    if "ix_subscription_renew_at" not in told:
        raise RuntimeError(f"the claim does not use its index:\n{told}")


async def _probe(here: Place) -> float:
    """Return the milliseconds of a run that finds nothing due."""
    began = perf_counter()
    for _ in range(50):
        async with here.open_uow() as uow:
            assert not await uow.subscriptions.lock_due(START.replace(year=2000), _CHUNK)
    return 1000 * (perf_counter() - began) / 50


async def run(*, quick: bool) -> None:
    """Measure and print."""
    small, large = (100_000, 500_000) if quick else (1_000_000, 5_000_000)
    due = 5_000 if quick else _DUE
    async with place() as here:
        await here.run_sql(_SEED)
        await _grow(here, 0, small)
        await _check_index(here)
        engine = create_async_engine(async_url(here.url))
        known = MetaData()
        async with engine.connect() as connection:
            await connection.run_sync(lambda sync: known.reflect(sync, only=["subscription"]))
        base = automap_base(metadata=known)
        base.prepare()
        kind = base.classes.subscription

        async def orm() -> float:
            began = perf_counter()
            for _ in range(200):
                async with AsyncSession(engine) as session, session.begin():
                    due_rows = select(kind).where(
                        kind.renew_at < START.replace(year=2100), kind.operator.is_(None)
                    )
                    wanted = due_rows.order_by(kind.renew_at, kind.id).limit(1)
                    found = await session.execute(wanted.with_for_update(skip_locked=True))
                    row = found.scalar_one()
                    row.renew_at = row.renew_at.replace(year=row.renew_at.year + 1)
                    row.version += 1
            return 200 / (perf_counter() - began)

        async def ours() -> float:
            return await _claim(here, due)

        rates = await interleaved({"ORM, a row per transaction": orm, "Kazna": ours}, 3)
        show(
            f"Claims of a due run at {small:,} subscriptions",
            rates,
            [Goal("P5 claim ÷ ORM", "Kazna", "ORM, a row per transaction", 100)],
        )
        await _vacuum(here)
        at_small = Rates(tuple([await _claim(here, due) for _ in range(5)]))
        await _vacuum(here)
        probe_small = await _probe(here)
        await _grow(here, small, large)
        at_large = Rates(tuple([await _claim(here, due) for _ in range(5)]))
        await _vacuum(here)
        probe_large = await _probe(here)
        ratio = at_small.median / at_large.median
        print(f"P5 cost per due row at {large:,} ÷ {small:,}: {ratio:.2f}, aimed at 1.2 at most")
        print(f"P5 empty probe: {probe_small:.2f} ms, {probe_large:.2f} ms; aimed at 1 ms at most")
        await engine.dispose()
