"""A bell wakes its consumer at once; while nothing is heard, consumers look by themselves."""

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from adapters.embedded import RunningRedis, start_redis
from adapters.redis.broker import BellBroker, create_broker
from tests.servers import eventually


@pytest.fixture(scope="module")
def own_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRedis]:
    with start_redis(tmp_path_factory.mktemp("waker")) as server:
        yield server


@contextmanager
def listening(url: str) -> Iterator[BellBroker]:
    broker = create_broker(url)
    broker.waker.start()
    try:
        yield broker
    finally:
        broker.waker.stop()
        broker.client.close()


def bells(broker: BellBroker, queue: str, looks: int) -> list[list[int]]:
    consumer = broker.consume(queue, prefetch=10, timeout=500)
    found = []
    for _ in range(looks):
        bell = next(consumer)
        if bell is not None:
            found.append(bell.args[0])
            consumer.ack(bell)
            break
    return found


async def test_a_bell_is_heard_long_before_the_consumer_would_look(
    own_redis: RunningRedis,
) -> None:
    with listening(own_redis.url) as broker, ThreadPoolExecutor() as threads:
        await eventually(lambda: broker.waker.listens, "the waker")
        waits = []
        for n in range(10):
            waiting = threads.submit(bells, broker, "payments", 5)
            await asyncio.sleep(0.05)
            began = time.monotonic()
            create_broker(own_redis.url).ring([("payments", [n])])
            assert waiting.result() == [[n]]
            waits.append(time.monotonic() - began)

    assert sorted(waits)[5] < 0.05


async def test_bells_of_other_queues_wake_nobody(own_redis: RunningRedis) -> None:
    with listening(own_redis.url) as broker, ThreadPoolExecutor() as threads:
        await eventually(lambda: broker.waker.listens, "the waker")
        waiting = threads.submit(bells, broker, "ledger", 1)
        await asyncio.sleep(0.05)
        began = time.monotonic()
        broker.ring([("payments", [1])])

        assert waiting.result() == []
        assert time.monotonic() - began > 0.2


async def test_what_is_not_heard_is_looked_for(own_redis: RunningRedis) -> None:
    broker = create_broker(own_redis.url)
    assert not broker.waker.listens
    create_broker(own_redis.url).ring([("webhooks", [7])])

    assert bells(broker, "webhooks", 3) == [[7]]


async def test_after_a_restart_of_redis_bells_are_heard_again(own_redis: RunningRedis) -> None:
    with listening(own_redis.url) as broker:
        await eventually(lambda: broker.waker.listens, "the waker")

        own_redis.kill9()
        await eventually(lambda: not broker.waker.listens, "the end of hearing")
        own_redis.start_again()

        await eventually(lambda: broker.waker.listens, "the waker after the restart")


async def test_stopping_wakes_whoever_waits(own_redis: RunningRedis) -> None:
    with listening(own_redis.url) as broker, ThreadPoolExecutor() as threads:
        await eventually(lambda: broker.waker.listens, "the waker")
        waiting = threads.submit(lambda: (bells(broker, "bus", 1), time.monotonic()))
        await asyncio.sleep(0.05)
        began = time.monotonic()
        broker.waker.stop()

        found, ended = waiting.result()
        assert found == []
        assert ended - began < 0.2
