"""Random faults under load for a while, then peace: everything drains, every effect once.

`KAZNA_CHAOS_SECONDS` and `KAZNA_CHAOS_SEED` choose how long and which.
"""

import asyncio
import os
import random
from collections.abc import Awaitable, Callable, Mapping

import pytest
import redis

from tests.e2e.messages_faults.stage import Stage, WorkerProcess

SECONDS = float(os.environ.get("KAZNA_CHAOS_SECONDS", "60"))
SEED = int(os.environ.get("KAZNA_CHAOS_SEED", "1"))
WORKERS = 3


async def flush(stage: Stage, dice: random.Random) -> None:
    with redis.Redis.from_url(stage.redis.url, socket_timeout=2) as client:
        client.flushall()


async def hang_redis(stage: Stage, dice: random.Random) -> None:
    stage.redis.pause()
    await asyncio.sleep(dice.uniform(0.5, 5))
    stage.redis.resume()


async def lose_redis(stage: Stage, dice: random.Random) -> None:
    stage.redis.kill9()
    await asyncio.sleep(dice.uniform(0.5, 5))
    await asyncio.to_thread(stage.redis.start_again)


async def restart_postgres(stage: Stage, dice: random.Random) -> None:
    await asyncio.to_thread(stage.postgres.restart_immediately)


async def end_backends(stage: Stage, dice: random.Random) -> None:
    await stage.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'faults-worker' AND random() < 0.5"
    )


async def kill_worker(stage: Stage, dice: random.Random) -> None:
    dice.choice(running(stage)).kill9()


async def stop_worker(stage: Stage, dice: random.Random) -> None:
    victim = dice.choice(running(stage))
    victim.stop()
    await asyncio.sleep(dice.uniform(0.5, 9))
    victim.go_on()


async def end_worker(stage: Stage, dice: random.Random) -> None:
    await dice.choice(running(stage)).terminated()


Fault = Callable[[Stage, random.Random], Awaitable[None]]
FAULTS: Mapping[Fault, int] = {
    flush: 3,
    hang_redis: 2,
    lose_redis: 2,
    restart_postgres: 2,
    end_backends: 2,
    kill_worker: 4,
    stop_worker: 3,
    end_worker: 1,
}


def running(stage: Stage) -> list[WorkerProcess]:
    return [worker for worker in stage.workers if worker.process.poll() is None]


async def load(stage: Stage, enough: asyncio.Event, dice: random.Random) -> None:
    while not enough.is_set():
        try:
            await stage.send(dice.choice(["local", "remote"]), dice.randint(1, 40))
        except Exception:  # the faults under test: what was not acknowledged stays unknown
            await asyncio.sleep(0.05)
        await asyncio.sleep(dice.uniform(0, 0.05))


@pytest.mark.slow
async def test_chaos_loses_and_doubles_nothing(stage: Stage) -> None:
    dice = random.Random(SEED)
    enough = asyncio.Event()
    for _ in range(WORKERS):
        stage.worker()
    await stage.goes_on(seconds=30)
    loads = [asyncio.create_task(load(stage, enough, random.Random(SEED + n))) for n in range(3)]

    until = asyncio.get_running_loop().time() + SECONDS
    faults = 0
    while asyncio.get_running_loop().time() < until:
        (fault,) = dice.choices(list(FAULTS), list(FAULTS.values()))
        try:
            await fault(stage, dice)
        except (OSError, redis.RedisError):
            continue
        faults += 1
        for _ in range(WORKERS - len(running(stage))):
            stage.worker()
        await asyncio.sleep(dice.uniform(0, 1.5))
    enough.set()
    await asyncio.gather(*loads)

    await stage.goes_on(seconds=30)
    await stage.exactly_once()
    dead = await stage.query("SELECT error FROM message WHERE state = 'dead'")
    assert dead == []
    print(f"{sum(stage.acknowledged.values())} messages survived {faults} faults")
