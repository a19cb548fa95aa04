"""The embedded Redis: its door, what it forgets, and what it does under faults."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from adapters.embedded import RunningRedis, start_redis


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RunningRedis]:
    with start_redis(tmp_path) as server:
        yield server


def redis_client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=0.3, socket_connect_timeout=2, retry=None)


def test_redis_lets_nobody_in_without_the_password(redis_server: RunningRedis) -> None:
    stranger = redis_client(f"redis://127.0.0.1:{redis_server.port}/0")

    with stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()


def test_redis_keeps_nothing_and_evicts_nothing(redis_server: RunningRedis) -> None:
    with redis_client(redis_server.url) as client:
        assert client.config_get("save") == {"save": ""}
        assert client.config_get("appendonly") == {"appendonly": "no"}
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_a_running_redis_does_not_show_its_password(redis_server: RunningRedis) -> None:
    assert (redis_server.folder / "password").read_text() not in repr(redis_server)


def test_a_killed_redis_comes_back_empty_at_the_same_address(redis_server: RunningRedis) -> None:
    with redis_client(redis_server.url) as client:
        client.set("bell", 1)
        client.execute_command("SAVE")

        redis_server.kill9()
        redis_server.start_again()

        assert client.get("bell") is None


def test_a_paused_redis_is_silent_until_it_is_resumed(redis_server: RunningRedis) -> None:
    with redis_client(redis_server.url) as client:
        client.set("bell", 1)

        redis_server.pause()
        with pytest.raises(redis.TimeoutError):
            client.get("bell")
        redis_server.resume()

        assert client.get("bell") == b"1"


def test_a_paused_redis_is_stopped_in_order(tmp_path: Path) -> None:
    server = start_redis(tmp_path)
    server.pause()

    server.stop()

    assert not server.running
    assert "bye bye" in (tmp_path / "server.log").read_text()
