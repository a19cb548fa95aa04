"""A program nobody here wrote works for an operator: real processes, and a kill in every lease."""

import asyncio
import json
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from adapters.security.tokens import SignedTokens
from application.identity.access import Role

ROOT = Path(__file__).parents[2]
CONSUMER = ROOT / "tests" / "e2e" / "bridge_consumer.py"
KEY = "a-key-for-tests-that-is-long-enough-to-sign"
PATIENCE_SECONDS = 60.0


@dataclass
class Process:
    """A process that is ended with the test, and what it wrote."""

    process: asyncio.subprocess.Process
    log: Path

    def kill9(self) -> None:
        self.process.kill()

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines() if line[:1] == "{"]


@dataclass
class Stage:
    """An API, a worker, and programs outside; looked at through the API and the database."""

    database_url: str
    environment: dict[str, str]
    base: str
    folder: Path
    client: httpx.AsyncClient
    reader: Any
    processes: AsyncExitStack
    api: Process | None = None
    started: int = 0
    tokens: SignedTokens = field(default_factory=lambda: SignedTokens(KEY))

    async def start(self, *arguments: str, **environment: str) -> Process:
        self.started += 1
        log = self.folder / f"process-{self.started}.log"
        with log.open("wb") as out:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *arguments,
                env={**self.environment, **environment},
                stdout=out,
                stderr=out,
            )
        self.processes.push_async_callback(_ended, process)
        return Process(process, log)

    async def program(self, operator: str, *more: str, source: Path = CONSUMER) -> Process:
        """Start a program for an operator; its books are where it left them."""
        folder = self.books(operator).parent
        token = self.tokens.issue(operator, frozenset({Role.PROGRAM}), minutes=10)
        (folder / "token").write_text(token)
        third = str(folder if source == CONSUMER else folder / "token")
        clean = {"PATH": os.environ["PATH"]}
        self.environment, kept = clean, self.environment
        try:
            return await self.start("-I", str(source), self.base, operator, third, *more)
        finally:
            self.environment = kept

    def books(self, operator: str) -> Path:
        folder = self.folder / operator
        folder.mkdir(exist_ok=True)
        return folder / "books.jsonl"

    def billed(self, operator: str) -> list[str]:
        """Return the program's own tokens of what it billed."""
        path = self.books(operator)
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        return sorted(line["own"] for line in lines if line["what"] == "billed")

    async def must(self, method: str, path: str, body: Any, role: Role = Role.MANAGER) -> Any:
        token = self.tokens.issue("test", frozenset({role}), minutes=10)
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4())}
        answer = await self.client.request(method, f"/api/v1{path}", json=body, headers=headers)
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def operator(self, code: str, wire_id: int, **options: Any) -> None:
        await self.must(
            "PUT",
            f"/admin/carrier/operators/{code}",
            {
                "wire_id": wire_id,
                "name": code.title(),
                "country_code": "92",
                "country_name": "Pakistan",
                "currency": "PKR",
                "time_zone": "Asia/Karachi",
                "protocol": "bridge",
                "options": options,
            },
        )
        plan = await self.must(
            "POST",
            "/admin/plans",
            {"name": code, "interval": {"count": 1, "unit": "day"}},
        )
        price = {"amount_minor": 250, "currency": "PKR"}
        await self.must("POST", f"/admin/plans/{plan['id']}/prices", price)
        service = {"name": "Tips", "plan_id": plan["id"]}
        await self.must("PUT", f"/admin/carrier/operators/{code}/services/tips", service)

    async def order(self, operator: str, *numbers: str) -> None:
        for number in numbers:
            await self.must(
                "POST",
                f"/carrier/{operator}/mo",
                {
                    "event_id": str(uuid4()),
                    "msisdn": number,
                    "service_code": "tips",
                    "source": "landing",
                    "said_at": "2026-03-02T10:00:00Z",
                },
                role=Role.SERVICE,
            )

    async def results(self, operator: str) -> dict[str, str]:
        rows = await self.reader.fetch(
            "SELECT msisdn, result FROM carrier.subscriptions WHERE operator_name = $1", operator
        )
        return {row["msisdn"]: row["result"] for row in rows}

    async def statuses(self, operator: str) -> list[str]:
        rows = await self.reader.fetch(
            "SELECT status FROM payment WHERE provider = $1 ORDER BY id", operator
        )
        return [row["status"] for row in rows]

    async def taken(self, operator: str) -> list[str]:
        """Return the operator's tokens of what our ledger has entries for."""
        rows = await self.reader.fetch(
            "SELECT payment.external_id FROM payment "
            "JOIN operation ON operation.attempt_id = payment.id "
            "JOIN entry ON entry.operation_id = operation.id AND entry.amount_minor = 250 "
            "WHERE payment.provider = $1 ORDER BY 1",
            operator,
        )
        return [row["external_id"] for row in rows]

    async def check(self) -> None:
        """Let `kazna check` look at everything."""
        checked = await self.start("-m", "entrypoints.cli.main", "check", "--json")
        assert await asyncio.wait_for(checked.process.wait(), 60) == 0, checked.log.read_text()


async def until(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await condition():  # noqa: ASYNC110 - other processes ring no bell here
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"never: {what}") from None


async def _ended(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), 30)
        except TimeoutError:
            process.kill()
            await process.wait()


@asynccontextmanager
async def staged(database_url: str, redis_url: str, folder: Path) -> AsyncIterator[Stage]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    kept = {name: value for name, value in os.environ.items() if "KAZNA" not in name}
    environment = kept | {
        "KAZNA_DATABASE_URL": database_url,
        "KAZNA_REDIS_URL": redis_url,
        "KAZNA_DATA_FOLDER": str(folder),
        "KAZNA_API_PORT": str(port),
        "KAZNA_WORKER_PORT": "0",
        "KAZNA_TOKEN_KEY": KEY,
    }
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=base, timeout=30))
        reader = await asyncpg.connect(database_url)
        stack.push_async_callback(reader.close)
        stage = Stage(database_url, environment, base, folder, client, reader, stack)
        stage.api = await stage.start("-m", "entrypoints.cli.main", "api")

        async def answers() -> bool:
            try:
                return (await client.get("/health")).status_code == 200
            except httpx.TransportError:
                return False

        await until(answers, "the API answers")
        await stage.operator("mobilink", 41001)
        await stage.operator("careful", 41002, idempotent=True)
        await stage.start("-m", "entrypoints.cli.main", "worker")
        yield stage


@pytest.fixture
async def stage(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(database_url, redis_url, tmp_path) as one:
        yield one
        await one.check()


async def test_orders_are_charged_by_a_program_outside(stage: Stage) -> None:
    program = await stage.program("mobilink")
    paid, declined, late = "923001230001", "923001230002", "923001230003"

    await stage.order("mobilink", paid, declined, late)

    async def settled() -> bool:
        return await stage.results("mobilink") == {
            paid: "paid",
            declined: "failed",
            late: "paid",
        }

    await until(settled, "every order has its result")
    assert await stage.taken("mobilink") == stage.billed("mobilink")
    assert len(stage.billed("mobilink")) == 2
    told = {line["msisdn"]: line["what"] for line in program.lines()}
    assert told == {paid: "ack 200", declined: "ack 200", late: "ack 409"}
    assert sorted(await stage.statuses("mobilink")) == ["declined", "succeeded", "succeeded"]


async def test_a_program_killed_in_its_lease_charges_nobody_twice(stage: Stage) -> None:
    program = await stage.program("mobilink")
    number = "923001230004"
    await stage.order("mobilink", number)

    async def hangs() -> bool:
        return any(line["what"] == "hangs" for line in program.lines())

    await until(hangs, "the program hangs with a lease")
    program.kill9()
    another = await stage.program("mobilink", "--quiet")

    async def unknown() -> bool:
        return await stage.statuses("mobilink") == ["unknown"]

    await until(unknown, "its outcome is unknown")
    assert len(stage.billed("mobilink")) == 1
    another.kill9()
    last = await stage.program("mobilink")

    async def settled() -> bool:
        return await stage.results("mobilink") == {number: "paid"}

    await until(settled, "the answer came late")
    assert await stage.statuses("mobilink") == ["succeeded"]
    assert await stage.taken("mobilink") == stage.billed("mobilink")
    assert [*another.lines(), *last.lines()] == [], "nothing was handed out again"


async def test_a_program_with_keys_is_handed_the_same_charge_again(stage: Stage) -> None:
    program = await stage.program("careful")
    number = "923001230004"
    await stage.order("careful", number)

    async def hangs() -> bool:
        return any(line["what"] == "hangs" for line in program.lines())

    await until(hangs, "the program hangs with a lease")
    program.kill9()
    another = await stage.program("careful", "--quiet")

    async def settled() -> bool:
        return await stage.results("careful") == {number: "paid"}

    await until(settled, "the repeat was answered")
    assert [(line["what"], line["again"]) for line in another.lines()] == [
        ("claimed", True),
        ("ack 200", True),
    ]
    assert await stage.statuses("careful") == ["succeeded"]
    assert await stage.taken("careful") == stage.billed("careful")
    assert len(stage.billed("careful")) == 1


async def test_an_api_that_ends_keeps_nobody_waiting(stage: Stage) -> None:
    token = stage.tokens.issue("mobilink", frozenset({Role.PROGRAM}), minutes=10)
    waiting = asyncio.create_task(
        stage.client.post(
            "/api/v1/queues/mobilink_requests/claim",
            json={"wait_seconds": 20},
            headers={"Authorization": f"Bearer {token}"},
        )
    )
    await asyncio.sleep(0.5)
    assert stage.api is not None

    stage.api.process.send_signal(signal.SIGTERM)

    async with asyncio.timeout(8):
        answer = await waiting
        assert await stage.api.process.wait() == 0
    assert answer.json()["messages"] == []


async def test_the_program_of_the_document_works(stage: Stage) -> None:
    [code] = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "bridge.md").read_text(), re.S)
    source = stage.folder / "program.py"
    source.write_text(code)
    await stage.program("mobilink", source=source)

    await stage.order("mobilink", "923001230001", "923001230005")

    async def settled() -> bool:
        return list((await stage.results("mobilink")).values()) == ["paid", "paid"]

    await until(settled, "both are paid")
    assert len(await stage.taken("mobilink")) == 2
