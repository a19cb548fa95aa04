"""Real servers, real worker processes, and the questions a fault must answer."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.clock import SystemClock
from adapters.embedded import RunningPostgres, RunningRedis
from adapters.entropy import SystemEntropy
from adapters.postgres.engine import create_engine
from adapters.postgres.invariants.messages import check_messages
from adapters.postgres.unit_of_work import units_of_work
from adapters.redis.bell import RedisBell
from application.ports import NewMessage
from application.queues import queue_table
from tests.e2e.messages_faults.app import (
    LOCAL,
    LOCAL_NAME,
    REMOTE,
    REMOTE_NAME,
    SCHEMA,
    Gates,
    NoMetrics,
)

ROOT = Path(__file__).parents[3]
RECOVERY_SECONDS = 10.0
_AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)


@dataclass(eq=False)
class WorkerProcess:
    """One worker process; signals go to it alone."""

    process: "subprocess.Popen[bytes]"

    @property
    def pid(self) -> int:
        return self.process.pid

    def kill9(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    async def terminated(self) -> int:
        """Ask it to end, and return its exit code."""
        self.process.terminate()
        return await asyncio.to_thread(self.process.wait, 20)


@dataclass
class Stage:
    """Sends messages, starts and hurts processes, and holds effects against what was sent."""

    postgres: RunningPostgres
    redis: RunningRedis
    url: str
    folder: Path
    engine: AsyncEngine = field(init=False)
    bell: RedisBell = field(init=False)
    gates: Gates = field(init=False)
    acknowledged: Counter[tuple[str, int]] = field(default_factory=Counter)
    unknown: set[tuple[str, int]] = field(default_factory=set)
    workers: list[WorkerProcess] = field(default_factory=list)
    numbers: Any = field(default_factory=count)

    def __post_init__(self) -> None:
        self.engine = create_engine(self.url, pool_size=5)
        self.bell = RedisBell(self.redis.url, metrics=NoMetrics())
        self.gates = Gates(self.folder)
        self._uow = units_of_work(
            self.engine, clock=SystemClock(), entropy=SystemEntropy(), ring=self.bell.ring
        )

    def worker(self, queues: str = f"{LOCAL},{REMOTE}") -> WorkerProcess:
        """Start a worker process; it is not awaited."""
        log = (self.folder / f"worker-{len(self.workers)}.log").open("wb")
        with log:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "tests.e2e.messages_faults.app"),
                    *(self.url, self.redis.url, str(self.folder), queues),
                ],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
                stdout=log,
                stderr=log,
            )
        self.workers.append(WorkerProcess(process))
        return self.workers[-1]

    async def send(self, kind: str, how_many: int = 1, **payload: Any) -> list[int]:
        """Send messages in one transaction and note whether its commit was answered."""
        queue, name = (LOCAL, LOCAL_NAME) if kind == "local" else (REMOTE, REMOTE_NAME)
        numbers = [next(self.numbers) for _ in range(how_many)]
        messages = [
            NewMessage(queue=queue, name=name, payload={"n": n, **payload}) for n in numbers
        ]
        sent = {(kind, n) for n in numbers}
        self.unknown |= sent
        async with self._uow() as uow:
            uow.messages.add(messages)
            await uow.commit()
        self.unknown -= sent
        if not payload.get("poison"):
            self.acknowledged.update(sent)
        return numbers

    async def query(self, sql: str, *arguments: Any) -> list[Any]:
        async with self._uow() as uow:
            return list(await uow.driver.fetch(sql, *arguments))

    async def effects(self) -> Counter[tuple[str, int]]:
        rows = await self.query("SELECT kind, n FROM effect")
        return Counter((row["kind"], row["n"]) for row in rows)

    async def done(self, *, seconds: float = RECOVERY_SECONDS) -> None:
        """Every acknowledged message has its effect, within the time allowed."""

        async def all_there() -> bool:
            return not self.acknowledged - await self.effects()

        await self.until(all_there, "the effects of everything acknowledged", seconds=seconds)

    async def goes_on(self, *, seconds: float = RECOVERY_SECONDS) -> None:
        """New work of both kinds is done, within the time allowed."""
        await self.send("local", 3)
        await self.send("remote", 3)
        await self.done(seconds=seconds)

    async def exactly_once(self) -> None:
        """Nothing is missing, nothing happened twice, and every rule of messages holds."""

        async def drained() -> bool:
            rows = await self.query("SELECT FROM message WHERE state <> 'dead' LIMIT 1")
            return not rows

        await self.until(drained, "the queues to drain")
        effects = await self.effects()
        assert not self.acknowledged - effects, "some effects are missing"
        assert set(effects.values()) <= {1}, "some effects happened twice"
        assert set(effects) - set(self.acknowledged) <= self.unknown, "effects nobody asked for"
        charged = {row["n"] for row in await self.query("SELECT n FROM gateway")}
        assert charged >= {n for kind, n in effects if kind == "remote"}
        async with self._uow() as uow:
            assert await check_messages(uow.driver, list(queue_table()), drained=True) == []

    async def until(
        self, condition: Callable[[], Awaitable[bool]], what: str, *, seconds: float = 10.0
    ) -> None:
        """Wait for a condition; a database that is away is asked again."""
        try:
            async with asyncio.timeout(seconds):
                while not await self._holds(condition):  # noqa: ASYNC110 - others bring it about
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"not within {seconds:.0f} s: {what}\n{self._logs()}") from None

    async def someone_at(self, gate: str) -> int:
        """Wait until a process stands before a gate, and return its process id."""

        async def reached() -> bool:
            return bool(self.gates.at(gate))

        await self.until(reached, f"somebody at gate {gate}", seconds=20)
        return self.gates.at(gate)[0]

    async def by_pid(self, pid: int) -> WorkerProcess:
        return next(worker for worker in self.workers if worker.pid == pid)

    async def close(self) -> None:
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.kill9()
        self.bell.close()
        await self.engine.dispose()

    def _logs(self) -> str:
        return "\n".join(
            f"--- {log.name}\n{log.read_text(errors='replace')[-3000:]}"
            for log in sorted(self.folder.glob("worker-*.log"))
        )

    @staticmethod
    async def _holds(condition: Callable[[], Awaitable[bool]]) -> bool:
        try:
            return await condition()
        except _AWAY:
            return False


@asynccontextmanager
async def staged(postgres: RunningPostgres, redis: RunningRedis, url: str, folder: Path) -> Any:
    stage = Stage(postgres, redis, url, folder)
    connection = await asyncpg.connect(url)
    await connection.execute(SCHEMA)
    await connection.close()
    try:
        yield stage
    finally:
        await stage.close()
