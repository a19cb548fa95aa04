"""The periodic run of an operator's numbers: claiming what is due costs what is due.

One chunk at a time, as the job claims it: rows locked, read into the domain, moved on and written.
The same number of due subscriptions is claimed among a million and among five million.
"""

from datetime import timedelta
from time import perf_counter

from tests.integration.carrier.house import CarrierHouse

from bench.place import START, Place
from bench.processes import stage
from bench.rounds import Rates

_CHUNK = 1000
_OPERATOR = "bench"
_SPECIAL = {
    "id": "gen_random_uuid()",
    "wire_id": None,
    "msisdn": "'93' || lpad(n::text, 10, '0')",
    "renew_at": "$1::timestamptz + n * interval '1 second'",
}
_PREPARE = """
ALTER TABLE subscription DISABLE TRIGGER ALL;
DROP INDEX IF EXISTS uq_subscription_live;
"""


async def _grow(here: Place, first: int, last: int) -> None:
    """Copy the one real subscription, each copy with a number and a due date of its own."""
    async with here.open_uow() as uow:
        rows = await uow.driver.fetch(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'subscription' "
            "AND table_schema = 'public' ORDER BY ordinal_position"
        )
    names = [row["column_name"] for row in rows if _SPECIAL.get(row["column_name"], "") is not None]
    values = [_SPECIAL.get(name) or f"one.{name}" for name in names]
    sql = (
        f"INSERT INTO subscription ({', '.join(names)}) SELECT {', '.join(values)} "
        "FROM (SELECT * FROM subscription WHERE msisdn LIKE '92%' LIMIT 1) AS one, "
        "generate_series($2::bigint, $3::bigint) AS n"
    )
    async with here.engine.connect() as connection:
        raw = await connection.get_raw_connection()
        driver = raw.driver_connection
        await driver.execute("SET statement_timeout = 0")
        for start in range(first, last, 500_000):
            end = min(start + 499_999, last - 1)
            await driver.execute(sql, START + timedelta(days=2), start, end, timeout=1800)
    await here.run_sql("VACUUM ANALYZE subscription")


async def _claim(here: Place, rows: int) -> float:
    """Claim chunks and move their dates; return rows per second."""
    began, done = perf_counter(), 0
    while done < rows:
        async with here.open_uow() as uow:
            claimed = await uow.subscriptions.lock_number_due(
                _OPERATOR, "active", START.replace(year=2100), _CHUNK
            )
            await uow.driver.execute(
                "UPDATE subscription SET renew_at = renew_at + interval '1 year', "
                "version = version + 1 WHERE id = ANY($1)",
                [one.id for one in claimed],
            )
            await uow.commit()
        done += len(claimed)
    return rows / (perf_counter() - began)


async def _probe(here: Place) -> float:
    """Return the milliseconds of a run that finds nothing due."""
    began = perf_counter()
    for _ in range(50):
        async with here.open_uow() as uow:
            early = START.replace(year=2000)
            assert not await uow.subscriptions.lock_number_due(_OPERATOR, "active", early, _CHUNK)
    return 1000 * (perf_counter() - began) / 50


async def run(*, quick: bool) -> None:
    """Measure and print."""
    small, large = (100_000, 500_000) if quick else (1_000_000, 5_000_000)
    due = 5_000 if quick else 20_000
    async with stage() as on:
        here = on.here
        home = CarrierHouse(here.engine, here.clock, on.redis.url)
        await home.operator(_OPERATOR)
        await home.service(_OPERATOR, "tips")
        await home.ordered(home.order(operator=_OPERATOR))
        await here.run_sql(_PREPARE)
        await _grow(here, 0, small)
        await _claim(here, due)
        at_small = Rates(tuple([await _claim(here, due) for _ in range(5)]))
        await here.run_sql("VACUUM ANALYZE subscription")
        probe_small = await _probe(here)
        await _grow(here, small, large)
        at_large = Rates(tuple([await _claim(here, due) for _ in range(5)]))
        await here.run_sql("VACUUM ANALYZE subscription")
        probe_large = await _probe(here)
        await home.carrier.aclose()
    ratio = at_small.median / at_large.median
    print(f"P12 periodic claims: {at_small.median:,.0f} rows/s at {small:,}")
    print(f"P12 cost per due row at {large:,} ÷ {small:,}: {ratio:.2f}, aimed at 1.2 at most")
    print(f"P12 empty probe: {probe_small:.2f} ms, {probe_large:.2f} ms; aimed at 1 ms at most")
