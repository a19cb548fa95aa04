"""A worker shows its figures, and reloads its caches when it is told to."""

import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import redis.asyncio as redis

from application.carrier.cache import Fresh
from entrypoints.container import Container, build_container, close
from entrypoints.settings import read_settings
from entrypoints.workers.side_door import SideDoor, side_app
from tests.integration.carrier.house import NUMBER, OTHER, CarrierHouse


@pytest.fixture
async def worker(
    home: CarrierHouse, database_url: str, redis_url: str, tmp_path: Path
) -> AsyncIterator[tuple[Container, httpx.AsyncClient]]:
    settings = read_settings({"KAZNA_DATA_FOLDER": str(tmp_path)})
    container = build_container(settings, database_url=database_url, redis_url=redis_url)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    door = SideDoor(side_app(container), "127.0.0.1", port)
    door.open()
    transport = httpx.AsyncHTTPTransport(retries=20)
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", transport=transport
    ) as client:
        yield container, client
    await door.close()
    await close(container)


async def test_every_operator_has_its_lines_before_anything_happened(
    home: CarrierHouse, worker: tuple[Container, httpx.AsyncClient]
) -> None:
    await home.operator()
    _, client = worker

    text = (await client.get("/metrics")).text

    assert 'kazna_carrier_pending{operator="mobilink"} 0.0' in text
    assert 'kazna_carrier_since_last_paid_seconds{operator="mobilink"} 86400.0' in text


async def test_a_reload_makes_a_new_operator_known_at_once(
    home: CarrierHouse, worker: tuple[Container, httpx.AsyncClient]
) -> None:
    container, client = worker
    assert "mobilink" not in (await container.carrier().references.current()).operators
    await home.operator()

    answer = await client.get("/cqr", params={"t": "operators"})

    assert (answer.status_code, answer.json()["operators"]) == (200, 1)
    assert "mobilink" in (await container.carrier().references.current()).operators


async def test_a_table_nobody_knows_is_refused(
    worker: tuple[Container, httpx.AsyncClient],
) -> None:
    answer = await worker[1].get("/cqr", params={"t": "secrets"})
    assert (answer.status_code, answer.json()["success"]) == (404, False)
    assert "operators" in answer.json()["tables"]
    assert (await worker[1].get("/cqr")).status_code == 400


async def test_a_cold_cache_is_warmed_with_what_numbers_have(
    home: CarrierHouse, worker: tuple[Container, httpx.AsyncClient]
) -> None:
    container, client = worker
    await home.operator()
    await home.service()
    await home.ordered(home.order(), home.order(OTHER))
    await home.stop((await home.only(OTHER)).id)
    await redis.Redis.from_url(container.redis_url()).flushall()
    fresh = container.carrier().fresh

    assert await fresh.get_many([NUMBER]) == {}
    answer = await client.get("/cqr", params={"t": "subscriptions"})

    assert (answer.status_code, answer.json()["numbers"]) == (200, 1)
    known = await fresh.get_many([NUMBER, OTHER])
    version = await home.value(
        "SELECT version FROM carrier_subscriber WHERE msisdn = $1", NUMBER.digits
    )
    assert known == {NUMBER: Fresh(version, [(await home.only()).id])}
    assert await container.carrier().warm(page=1) == 1


async def test_a_reload_that_fails_keeps_what_was_known(
    home: CarrierHouse, worker: tuple[Container, httpx.AsyncClient]
) -> None:
    container, client = worker
    await home.operator()
    await client.get("/cqr", params={"t": "operators"})
    async with home.open_uow() as uow:
        await uow.driver.execute("UPDATE carrier_operator SET country_code = 'XX'")
        await uow.commit()

    answer = await client.get("/cqr", params={"t": "operators"})

    assert answer.status_code == 503
    assert "mobilink" in (await container.carrier().references.current()).operators
    assert (await client.get("/cqr", params={"t": "blacklist"})).status_code == 200
