"""Redis is emptied, hung, full or absent, Postgres restarts; nothing is lost, nothing doubled."""

import asyncio

import pytest
import redis

from adapters.redis.broker import NAMESPACE
from tests.e2e.messages_faults.app import LOCAL, REMOTE
from tests.e2e.messages_faults.stage import Stage
from tests.servers import eventually


async def test_redis_emptied_with_work_queued(stage: Stage) -> None:
    for _ in range(20):
        await stage.send("local", 100)
    await stage.send("remote", 30)
    with redis.Redis.from_url(stage.redis.url) as client:
        await eventually(lambda: client.llen(f"{NAMESPACE}:{REMOTE}") > 0, "the last bell")
        client.flushall()

    stage.worker()

    await stage.done(seconds=20)
    await stage.goes_on()
    await stage.exactly_once()


async def test_redis_emptied_again_and_again_under_load(stage: Stage) -> None:
    stage.worker(), stage.worker()
    await stage.goes_on(seconds=30)
    with redis.Redis.from_url(stage.redis.url) as client:
        for _ in range(30):
            await stage.send("local", 50)
            await stage.send("remote", 5)
            client.flushall()
            client.script_flush()

    await stage.done()
    await stage.goes_on()
    await stage.exactly_once()


async def test_a_hung_redis_with_work_queued(stage: Stage) -> None:
    stage.worker()
    await stage.goes_on(seconds=30)
    stage.redis.pause()
    try:
        await stage.send("local", 200)
        await stage.send("remote", 20)
        await stage.done()
        await stage.goes_on()
    finally:
        stage.redis.resume()

    await stage.goes_on()
    await stage.exactly_once()


async def test_an_absent_redis_with_work_queued(stage: Stage) -> None:
    stage.redis.kill9()
    try:
        await stage.send("local", 200)
        await stage.send("remote", 20)
        first = stage.worker()
        await stage.done(seconds=20)
        await stage.goes_on()
        assert await first.terminated() == 0
        stage.worker()
        await stage.goes_on(seconds=20)
    finally:
        stage.redis.start_again()

    await stage.goes_on()
    await stage.exactly_once()


async def test_bells_are_heard_again_once_redis_is_back(stage: Stage) -> None:
    stage.worker()
    await stage.goes_on(seconds=30)
    stage.redis.kill9()
    await stage.goes_on()
    stage.redis.start_again()

    async def heard_soon() -> bool:
        began = asyncio.get_running_loop().time()
        await stage.send("local")
        await stage.done()
        return asyncio.get_running_loop().time() - began < 0.5

    await stage.until(heard_soon, "a message faster than any sweep", seconds=20)
    await stage.exactly_once()


async def test_a_full_redis_that_refuses_every_write(stage: Stage) -> None:
    stage.worker()
    await stage.goes_on(seconds=30)
    with redis.Redis.from_url(stage.redis.url) as client:
        client.config_set("maxmemory", "1")
        try:
            await stage.send("local", 100)
            await stage.goes_on()
        finally:
            client.config_set("maxmemory", "512mb")

    await stage.goes_on()
    await stage.exactly_once()


async def test_garbage_among_the_bells(stage: Stage) -> None:
    stage.worker()
    await stage.goes_on(seconds=30)
    with redis.Redis.from_url(stage.redis.url) as client:
        for n in range(50):
            client.hset(f"{NAMESPACE}:{LOCAL}.msgs", f"g{n}", b"\xff not a bell")
            client.rpush(f"{NAMESPACE}:{LOCAL}", f"g{n}")

    await stage.goes_on()
    await stage.exactly_once()


@pytest.mark.parametrize("how", ["restart_immediately", "kill9"])
async def test_postgres_restarted_at_once_under_load(stage: Stage, how: str) -> None:
    stage.worker(), stage.worker()
    await stage.goes_on(seconds=30)
    enough = asyncio.Event()

    async def load() -> int:
        """Send until told to stop; a commit that was not answered may or may not have happened."""
        failures = 0
        while not enough.is_set():
            for kind in ("local", "remote"):
                try:
                    await stage.send(kind, 10)
                except Exception:  # the fault under test: what was not acknowledged stays unknown
                    failures += 1
                    await asyncio.sleep(0.05)
        return failures

    loads = [asyncio.create_task(load()) for _ in range(3)]
    before = len(stage.acknowledged)
    await stage.until(lambda: _grown(stage, before + 300), "some load", seconds=20)
    if how == "kill9":
        await asyncio.to_thread(stage.postgres.kill9)
        await asyncio.to_thread(stage.postgres.start_again)
    else:
        await asyncio.to_thread(stage.postgres.restart_immediately)
    after = len(stage.acknowledged)
    await stage.until(lambda: _grown(stage, after + 100), "load after the restart")
    enough.set()
    failures = sum(await asyncio.gather(*loads))

    assert failures > 0, "the restart was not even felt"
    await stage.done()
    await stage.goes_on()
    await stage.exactly_once()


async def _grown(stage: Stage, wanted: int) -> bool:
    return len(stage.acknowledged) >= wanted
