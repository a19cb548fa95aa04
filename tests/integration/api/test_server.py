"""The API as a process: `kazna api`, asked over HTTP and told to stop."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
import httpx

from adapters.embedded.ports import free_port
from adapters.security.tokens import SignedTokens
from application.identity.access import Role
from entrypoints.settings import DEVELOPMENT_KEY
from tests.integration.api.conftest import NOBODY_LISTENS

_INSERT = (
    "INSERT INTO customer (id, external_id, time_zone, locale, created_at) "
    "VALUES (gen_random_uuid(), 'c-1', 'UTC', 'en', now())"
)
_WAITING = (
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE wait_event_type = 'Lock' AND datname = current_database()"
)


async def test_a_request_under_way_is_answered_before_the_process_ends(
    database_url: str, tmp_path: Path
) -> None:
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if "KAZNA" not in name}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "entrypoints.cli.main",
        "api",
        "--json",
        env=environment
        | {
            "KAZNA_DATABASE_URL": database_url,
            "KAZNA_REDIS_URL": NOBODY_LISTENS,
            "KAZNA_DATA_FOLDER": str(tmp_path),
            "KAZNA_API_PORT": str(port),
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
        stderr=asyncio.subprocess.PIPE,
    )
    token = SignedTokens(DEVELOPMENT_KEY).issue("t", frozenset({Role.SERVICE}), minutes=5)
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {token}"}
        ) as client:
            await _until(lambda: _answers(client), "the API answers", seconds=30)
            held = await asyncpg.connect(database_url)
            watching = await asyncpg.connect(database_url)
            transaction = held.transaction()
            await transaction.start()
            await held.execute(_INSERT)
            asking = asyncio.create_task(
                client.post("/api/v1/customers", json={"external_id": "c-1"}, timeout=30)
            )
            await _until(lambda: _is_waiting(watching), "the request waits for the row", seconds=10)
            process.send_signal(signal.SIGTERM)
            await _until(lambda: _refuses(port), "no new caller is let in", seconds=10)
            await transaction.rollback()
            answer = await asking
            assert answer.status_code == 201
            assert answer.json()["external_id"] == "c-1"
            await held.close()
            await watching.close()
        assert await asyncio.wait_for(process.wait(), 20) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _until(
    condition: Callable[[], Awaitable[bool]], what: str, *, seconds: float = 10.0
) -> None:
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        await asyncio.sleep(0.02)


async def _answers(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/ready")).status_code == 200
    except httpx.TransportError:
        return False


async def _is_waiting(connection: asyncpg.Connection) -> bool:
    return bool(await connection.fetchval(_WAITING))


async def _refuses(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return True
    writer.close()
    return False
