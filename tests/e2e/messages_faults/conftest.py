"""Servers of our own, since they will be hurt; a fresh database and an empty Redis per test."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import redis

from adapters.embedded import RunningPostgres, RunningRedis, start_postgres, start_redis
from adapters.postgres.migrations import upgrade
from tests.e2e.messages_faults.stage import Stage, staged
from tests.servers import DISPOSABLE, Databases


@pytest.fixture(scope="module")
def own_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPostgres]:
    with start_postgres(tmp_path_factory.mktemp("postgres"), settings=DISPOSABLE) as server:
        yield server


@pytest.fixture(scope="module")
def own_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRedis]:
    with start_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
async def stage(
    own_postgres: RunningPostgres, own_redis: RunningRedis, tmp_path: Path
) -> AsyncIterator[Stage]:
    with redis.Redis.from_url(own_redis.url) as client:
        client.flushall()
    async with Databases(own_postgres.url).fresh() as url:
        await upgrade(url, "0001_messages")
        async with staged(own_postgres, own_redis, url, tmp_path) as stage:
            yield stage
