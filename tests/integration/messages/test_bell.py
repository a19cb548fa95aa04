"""Bells: pipelined, bounded, never in the way; what is no bell stops nothing."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
import redis

from adapters.embedded import RunningRedis, start_redis
from adapters.redis.bell import RedisBell
from adapters.redis.broker import NAMESPACE, BellBroker, create_broker
from tests.integration.messages.rig import Counts
from tests.servers import eventually


@pytest.fixture(scope="module")
def own_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRedis]:
    with start_redis(tmp_path_factory.mktemp("bells")) as server:
        yield server


@pytest.fixture
def url(own_redis: RunningRedis) -> str:
    with redis.Redis.from_url(own_redis.url) as client:
        client.flushall()
    return own_redis.url


@pytest.fixture
def counts() -> Counts:
    return Counts()


@contextmanager
def ringing(url: str, counts: Counts, **options: Any) -> Iterator[RedisBell]:
    bell = RedisBell(url, metrics=counts, **options)
    try:
        yield bell
    finally:
        bell.close()


def heard(broker: BellBroker, queue: str) -> list[list[int]]:
    """Take every bell of a queue, as a worker's consumer would."""
    consumer = broker.consume(queue, prefetch=1000, timeout=1)
    bells = []
    while (bell := next(consumer)) is not None:
        bells.append(bell.args[0])
        consumer.ack(bell)
    return bells


async def test_bells_of_one_flush_are_joined_by_queue_and_cut_at_500(
    url: str, counts: Counts
) -> None:
    with ringing(url, counts) as bell:
        rung = [("ledger", n) for n in range(1200)] + [("payments", 7)]
        assert await bell.reach(rung)

    broker = create_broker(url)
    bells = heard(broker, "ledger")
    assert [len(ids) for ids in bells] == [500, 500, 200]
    assert [id_ for ids in bells for id_ in ids] == list(range(1200))
    assert heard(broker, "payments") == [[7]]


async def test_ringing_does_not_wait_for_redis(url: str, counts: Counts) -> None:
    with ringing(url, counts) as bell:
        bell.ring([("ledger", 1)])
        broker = create_broker(url)
        bells: list[list[int]] = []

        await eventually(lambda: bool(bells or bells.extend(heard(broker, "ledger"))), "the bell")

    assert bells == [[1]]


async def test_closing_sends_what_was_rung_before(url: str, counts: Counts) -> None:
    with ringing(url, counts) as bell:
        bell.ring([("ledger", 1), ("ledger", 2)])

    assert heard(create_broker(url), "ledger") == [[1, 2]]


def away(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{parts.hostname}:1"))


async def test_an_absent_redis_is_reported_once_and_then_left_in_peace(
    url: str, counts: Counts
) -> None:
    with ringing(away(url), counts) as bell:
        began = time.monotonic()
        assert not await bell.reach([("ledger", 1)])
        for n in range(1000):
            bell.ring([("ledger", n)])
        assert not await bell.reach([("ledger", 1)])

    assert time.monotonic() - began < 1.0
    assert counts.counted["bells_dropped"] == 1002


async def test_a_hung_redis_costs_its_timeout_once_and_commits_nothing(
    own_redis: RunningRedis, url: str, counts: Counts
) -> None:
    with ringing(url, counts) as bell:
        own_redis.pause()
        try:
            assert not await bell.reach([("ledger", 1)])
            began = time.monotonic()
            assert not await bell.reach([("ledger", 2)])
            bell.ring([("ledger", 3)])
            assert time.monotonic() - began < 0.1
        finally:
            own_redis.resume()
        await eventually(lambda: bell._send([("ledger", 4)]), "the bell to be heard again")


async def test_what_finds_no_room_is_dropped_and_counted(
    own_redis: RunningRedis, url: str, counts: Counts
) -> None:
    own_redis.pause()
    try:
        with ringing(url, counts, capacity=10) as bell:
            bell.ring([("ledger", 0)])
            await eventually(lambda: not bell._waiting, "the flusher to take the first")
            bell.ring([("ledger", n) for n in range(15)])

            assert counts.counted["bells_dropped"] == 5
    finally:
        own_redis.resume()


async def test_a_full_redis_is_no_bell(own_redis: RunningRedis, url: str, counts: Counts) -> None:
    with redis.Redis.from_url(own_redis.url) as client, ringing(url, counts) as bell:
        client.config_set("maxmemory", "1")
        try:
            assert not await bell.reach([("ledger", 1)])
        finally:
            client.config_set("maxmemory", "512mb")


GARBAGE = [
    b"",
    b"\xff\xfe",
    b"not json",
    b"[]",
    b"null",
    b"{}",
    json.dumps({"queue_name": "ledger", "actor_name": "ledger"}).encode(),
    json.dumps(
        {
            "queue_name": "ledger",
            "actor_name": "os.system",
            "args": [[1]],
            "kwargs": {},
            "options": {"redis_message_id": "x"},
        }
    ).encode(),
    *(
        json.dumps(
            {
                "queue_name": "ledger",
                "actor_name": "ledger",
                "args": args,
                "kwargs": {},
                "options": options,
            }
        ).encode()
        for args, options in (
            ([], {"redis_message_id": "x"}),
            ([["1"]], {"redis_message_id": "x"}),
            ([[True]], {"redis_message_id": "x"}),
            ([[1]], {}),
            ([[1]], []),
            ([[1]], {"redis_message_id": "x", "eta": 99999999999999}),
        )
    ),
]


async def test_what_is_no_bell_is_dropped_and_the_bells_around_it_are_heard(
    url: str, counts: Counts
) -> None:
    with ringing(url, counts) as bell, redis.Redis.from_url(url) as client:
        assert await bell.reach([("ledger", 1)])
        for number, garbage in enumerate(GARBAGE):
            client.hset(f"{NAMESPACE}:ledger.msgs", f"g{number}", garbage)
            client.rpush(f"{NAMESPACE}:ledger", f"g{number}")
        client.rpush(f"{NAMESPACE}:ledger", "an id without a message")
        assert await bell.reach([("ledger", 2)])

    assert heard(create_broker(url), "ledger") == [[1], [2]]


async def test_a_consumer_waits_for_redis_and_says_so_once(
    own_redis: RunningRedis, url: str, counts: Counts, caplog: pytest.LogCaptureFixture
) -> None:
    consumer = create_broker(url).consume("ledger", prefetch=10, timeout=1)
    own_redis.kill9()
    try:
        assert [next(consumer), next(consumer)] == [None, None]
    finally:
        own_redis.start_again()
    with ringing(url, counts) as bell:
        assert await bell.reach([("ledger", 1)])

    assert next(consumer).args == ([1],)
    said = [record.message.partition(",")[0] for record in caplog.records]
    assert [line for line in said if line.startswith("Redis")] == ["Redis is away", "Redis is back"]


async def test_a_redis_that_evicts_is_complained_about(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    broker = create_broker(url)
    broker.warn_of_eviction()
    assert caplog.text == ""

    broker.client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        broker.warn_of_eviction()
    finally:
        broker.client.config_set("maxmemory-policy", "noeviction")

    assert "set maxmemory-policy to noeviction" in caplog.text


async def test_acknowledging_without_redis_is_of_no_consequence(
    own_redis: RunningRedis, url: str, counts: Counts
) -> None:
    with ringing(url, counts) as bell:
        assert await bell.reach([("ledger", 1)])
    consumer = create_broker(url).consume("ledger", prefetch=10, timeout=1)
    bell_held = next(consumer)

    own_redis.kill9()
    try:
        consumer.ack(bell_held)
        consumer.nack(bell_held)
        consumer.requeue([bell_held])
    finally:
        own_redis.start_again()


def test_the_broker_has_the_settings_that_matter(url: str) -> None:
    broker = create_broker(url)
    broker.declare_queue("ledger")

    assert broker.heartbeat_timeout == 10_000
    assert broker.maintenance_chance == 1_000_000
    assert broker.delay_queues == set()
    assert broker.middleware == []
    options = broker.client.connection_pool.connection_kwargs
    assert options["socket_timeout"] == options["socket_connect_timeout"] == 2.0
    assert options["retry"].get_retries() == 0
