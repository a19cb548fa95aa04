"""From an order of a number to a committed charge request, through one real worker process.

Kazna: orders come as messages; `kazna worker` makes customer, number, subscription and order of
each, checks lists and what the number has, and opens its charge: invoice, attempt, events and the
request for the operator, which nobody carries out here. Celery: a task per order makes one call of
a function that does the same work in its own tables, Kazna's guards left out, and sends the request
as a task of another queue. Both are timed from the first order that is sent to the last request
that is committed.
"""

import asyncio
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from uuid import uuid4

import redis.asyncio as redis
from tests.integration.carrier.house import CarrierHouse

from adapters.entropy import SystemEntropy
from adapters.metrics.prometheus import PrometheusMetrics
from adapters.postgres.unit_of_work import units_of_work
from adapters.redis.bell import RedisBell
from application.carrier.ports import Order
from bench.processes import Stage, stage, until
from bench.rounds import Goal, interleaved, show
from domain.shared.msisdn import Msisdn

_OPERATOR = "bench"
_ROWS_PER_COMMIT = 500
_REQUESTS = "SELECT count(*) FROM message WHERE queue = 'bench_requests'"
_THEIR_REQUESTS = "SELECT count(*) FROM plain.charge"
_CELERY = ("--pool", "threads", "--concurrency", "8", "--without-gossip", "--without-mingle")


async def _kazna(on: Stage, home: CarrierHouse, bell: RedisBell, first: int, count: int) -> float:
    open_uow = units_of_work(
        on.here.engine, clock=home.clock, entropy=SystemEntropy(), ring=bell.ring
    )
    aim = await on.here.value(_REQUESTS) + count

    async def all_requested() -> bool:
        return bool(await on.here.value(_REQUESTS) == aim)

    began = perf_counter()
    for start in range(first, first + count, _ROWS_PER_COMMIT):
        numbers = range(start, min(start + _ROWS_PER_COMMIT, first + count))
        async with open_uow() as uow:
            home.carrier.take_orders.within(uow, [_order(home, number) for number in numbers])
            await uow.commit()
    await until(all_requested, "Kazna's requests", patience_seconds=180)
    return count / (perf_counter() - began)


def _order(home: CarrierHouse, number: int) -> Order:
    now = home.clock.now()
    return Order(
        operator=_OPERATOR,
        event_id=f"o-{number}",
        tid=f"t-{uuid4()}",
        msisdn=Msisdn(f"9230{number:08}"),
        service_code="tips",
        text="TIPS",
        source="landing",
        said_at=now - timedelta(seconds=1),
        received_at=now,
    )


async def run(*, quick: bool) -> None:
    """Measure and print."""
    rounds, ours, theirs = (3, 2_000, 300) if quick else (5, 10_000, 2_000)
    async with stage() as on:
        await on.here.run_sql((Path(__file__).parent / "plain_orders.sql").read_text())
        home = CarrierHouse(on.here.engine, on.here.clock, on.redis.url)
        # Nobody here carries its requests out: they are what is counted.
        await home.operator(_OPERATOR, protocol="bridge", options={"mode": "async"})
        await home.service(_OPERATOR, "tips")
        await on.worker(BENCH_BRIDGED=_OPERATOR)
        sender = await on.rival("celery_orders.py")
        tasks = await on.rival("-m", "celery", "-A", "celery_orders", "worker", *_CELERY)
        bell = RedisBell(on.redis.url, metrics=PrometheusMetrics())
        placed = 0

        async def kazna() -> float:
            nonlocal placed
            placed += ours
            return await _kazna(on, home, bell, placed, ours)

        async def celery() -> float:
            aim = await on.here.value(_THEIR_REQUESTS) + theirs

            async def all_requested() -> bool:
                return bool(await on.here.value(_THEIR_REQUESTS) == aim)

            began = perf_counter()
            sending = asyncio.create_task(sender.do(str(theirs)))
            await until(all_requested, f"Celery's requests; see {tasks.log}", patience_seconds=180)
            await sending
            return theirs / (perf_counter() - began)

        sides = {"Celery, one task per order": celery, "Kazna, one worker process": kazna}
        rates = await interleaved(sides, rounds)
        bell.close()
        await home.carrier.aclose()
        async with redis.Redis.from_url(on.redis.url) as client:
            assert await client.ping()
    first, second = sides
    show(
        "Order of a number to committed charge request",
        rates,
        [Goal("P11 orders ÷ Celery", second, first, 1.5)],
    )
    for name, one in rates.items():
        print(f"P11 {name}: {one.median:,.0f} orders/s")
