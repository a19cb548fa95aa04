"""How soon work goes on after a fault (P8), with real worker processes and nothing in between.

- idle pick-up: from the start of the transaction that writes a message to the start of the one
  that carries it out, both by the database's clock, one message at a time on an idle worker;
- kill -9: every message of a full set of batches is leased by one process, whose gateway hangs; it
  is killed, and another that was idle carries all of them out;
- FLUSHALL: while a worker stands still, messages are committed and rung for and Redis is emptied;
  then the worker goes on, and no bell is left.
"""

import signal
from collections.abc import Sequence
from time import perf_counter
from uuid import UUID, uuid4

import redis

from adapters.clock import SystemClock
from adapters.entropy import SystemEntropy
from adapters.metrics.prometheus import PrometheusMetrics
from adapters.postgres.unit_of_work import units_of_work
from adapters.redis.bell import RedisBell
from application.ports import NewMessage
from application.queues import SHARED_QUEUES
from bench.processes import Running, Stage, stage, until
from bench.worker import CALL, POST

_PAYMENTS = next(spec for spec in SHARED_QUEUES if spec.name == "payments")
_LEASED_AT_ONCE = _PAYMENTS.batch_limit * _PAYMENTS.lanes
_FOR_EVER = "3600"
_PICKED_UP = """
SELECT 1000 * extract(epoch FROM percentile_cont($2::float8) WITHIN GROUP (
    ORDER BY recorded_at - occurred_at))::float8 FROM operation WHERE key = ANY($1)
"""


class _Sender:
    """Writes messages and rings for them; knows when their postings are there."""

    def __init__(self, on: Stage) -> None:
        self._on = on
        self.bell = RedisBell(on.redis.url, metrics=PrometheusMetrics())
        self._open_uow = units_of_work(
            on.here.engine, clock=SystemClock(), entropy=SystemEntropy(), ring=self.bell.ring
        )

    async def send(self, queue: str, name: str, count: int) -> list[str]:
        """Send messages in one transaction; return the keys of their operations."""
        keys = [str(uuid4()) for _ in range(count)]
        async with self._open_uow() as uow:
            uow.messages.add(
                NewMessage(
                    queue=queue, name=name, payload={"key": key, "owner": str(UUID(int=place + 1))}
                )
                for place, key in enumerate(keys)
            )
            await uow.commit()
        return [f"bench:{key}" for key in keys]

    async def posted(self, keys: Sequence[str]) -> None:
        """Wait until every one of these is on the books."""

        async def all_there() -> bool:
            sql = "SELECT count(*) FROM operation WHERE key = ANY($1)"
            return bool(await self._on.here.value(sql, keys) == len(keys))

        await until(all_there, "postings", look_seconds=0.005)


async def _picked_up(on: Stage, sender: _Sender, count: int) -> tuple[float, float]:
    """Return the median and the 99th percentile in milliseconds."""
    keys: list[str] = []
    for _ in range(count):
        [key] = await sender.send("ledger", POST, 1)
        await sender.posted([key])
        keys.append(key)
    return (
        await on.here.value(_PICKED_UP, keys, 0.5),
        await on.here.value(_PICKED_UP, keys, 0.99),
    )


async def _killed(on: Stage, sender: _Sender) -> float:
    """Return the seconds from the kill until everything the dead process held is done."""
    victim = await on.worker(BENCH_CALL_SECONDS=_FOR_EVER)
    keys = await sender.send(_PAYMENTS.name, CALL, _LEASED_AT_ONCE)

    async def all_leased() -> bool:
        sql = "SELECT count(*) FROM message WHERE state = 'leased'"
        return bool(await on.here.value(sql) == _LEASED_AT_ONCE)

    await until(all_leased, "leases")
    survivor = await on.worker(BENCH_CALL_SECONDS="0")
    began = perf_counter()
    await victim.kill9()
    await sender.posted(keys)
    took = perf_counter() - began
    await survivor.end()
    return took


async def _flushed(on: Stage, worker: Running, sender: _Sender, count: int) -> float:
    """Return the seconds until everything is done whose bells were lost before anybody heard."""
    worker.process.send_signal(signal.SIGSTOP)
    keys = await sender.send("ledger", POST, count)

    async def all_rung() -> bool:
        with redis.Redis.from_url(on.redis.url) as client:
            return bool(client.dbsize())

    await until(all_rung, "bells")
    with redis.Redis.from_url(on.redis.url) as client:
        client.flushall()
    began = perf_counter()
    worker.process.send_signal(signal.SIGCONT)
    await sender.posted(keys)
    return perf_counter() - began


def _tell(what: str, seconds: list[float]) -> None:
    verdict = "reached" if max(seconds) <= 10 else "MISSED"
    shown = ", ".join(f"{each:.1f}" for each in seconds)
    print(f"P8 {what}: {shown} s (worst counts), aimed at 10 s at most: {verdict}")


async def run(*, quick: bool) -> None:
    """Measure and print."""
    times, picks, many = (1, 100, 1000) if quick else (5, 500, 5000)
    async with stage() as on:
        sender = _Sender(on)
        _tell(
            f"kill -9 of a worker that holds {_LEASED_AT_ONCE} leases",
            [await _killed(on, sender) for _ in range(times)],
        )
        worker = await on.worker()
        await sender.posted(await sender.send("ledger", POST, 100))
        half, most = await _picked_up(on, sender, picks)
        verdict = "reached" if half <= 30 else "MISSED"
        print(f"P8 idle pick-up: p50 {half:.1f} ms, p99 {most:.1f} ms, aimed at p50 30: {verdict}")
        _tell(
            f"FLUSHALL with {many} messages rung for",
            [await _flushed(on, worker, sender, many) for _ in range(times)],
        )
        await worker.end()
        sender.bell.close()
