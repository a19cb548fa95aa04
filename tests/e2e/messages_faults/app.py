"""A tiny application on the message engine: its handlers write effects, and wait at gates.

Run as `python -m tests.e2e.messages_faults.app DATABASE_URL REDIS_URL GATES QUEUES`.
"""

import asyncio
import logging
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from adapters.clock import SystemClock
from adapters.entropy import SystemEntropy
from adapters.postgres.engine import create_engine
from adapters.postgres.messages import PostgresMessages
from adapters.postgres.unit_of_work import PostgresUnitOfWork, units_of_work
from adapters.redis.bell import RedisBell
from application.messaging.ports import Workshop
from application.ports import Message
from application.queues import queue_table
from entrypoints.workers.parts import WorkerParts
from entrypoints.workers.run import run_worker

LOCAL, REMOTE = "ledger", "payments"
LOCAL_NAME, REMOTE_NAME = "faults.local.v1", "faults.remote.v1"

SCHEMA = """
CREATE TABLE effect (n integer NOT NULL, kind text NOT NULL);
CREATE TABLE reserved (n integer PRIMARY KEY);
CREATE TABLE gateway (n integer PRIMARY KEY, calls integer NOT NULL)
"""


class NoMetrics:
    def count(self, name: str, value: int = 1, **labels: str) -> None: ...

    def observe(self, name: str, seconds: float, **labels: str) -> None: ...


@dataclass(frozen=True)
class Gates:
    """A folder: a file that says which process stands before a gate, one that says it is open."""

    folder: Path

    def at(self, gate: str) -> list[int]:
        """The processes that came to a gate."""
        return [int(file.name.split(".")[1]) for file in self.folder.glob(f"{gate}.*.at")]

    def open(self, gate: str) -> None:
        (self.folder / f"{gate}.open").touch()

    def is_open(self, gate: str) -> bool:
        return (self.folder / f"{gate}.open").exists()

    def arrive(self, gate: str) -> None:
        (self.folder / f"{gate}.{os.getpid()}.at").touch()

    async def pass_through(self, batch: Sequence[Message], kind: str) -> None:
        for message in batch:
            gate = message.payload.get(kind)
            if gate is None:
                continue
            self.arrive(gate)
            while not self.is_open(gate):  # noqa: ASYNC110 - another process opens it
                await asyncio.sleep(0.005)


@dataclass(frozen=True)
class LocalEffects:
    gates: Gates

    async def __call__(self, uow: PostgresUnitOfWork, batch: Sequence[Message]) -> None:
        numbers = [message.payload["n"] for message in batch]
        await uow.driver.execute(
            "INSERT INTO effect SELECT n, 'local' FROM unnest($1::integer[]) n", numbers
        )
        if any(message.payload.get("poison") for message in batch):
            raise ValueError("poison")
        for message in batch:
            if (gate := message.payload.get("stuck")) is not None:
                self.gates.arrive(gate)
                while not self.gates.is_open(gate):
                    time.sleep(0.01)  # noqa: ASYNC251 - a bug that holds the loop
        await self.gates.pass_through(batch, "gate")


@dataclass(frozen=True)
class RemoteEffects:
    gates: Gates
    units_of_work: Any
    world_url: str

    async def call(self, batch: Sequence[Message]) -> Sequence[int]:
        numbers = [message.payload["n"] for message in batch]
        async with self.units_of_work() as uow:
            await uow.driver.execute(
                "INSERT INTO reserved SELECT n FROM unnest($1::integer[]) n ON CONFLICT DO NOTHING",
                numbers,
            )
            await uow.commit()
        await self.gates.pass_through(batch, "reserved")
        if any(message.payload.get("poison") for message in batch):
            raise ValueError("poison")
        world = await asyncpg.connect(self.world_url, timeout=5)
        try:
            await world.execute(
                "INSERT INTO gateway SELECT n, 1 FROM unnest($1::integer[]) n"
                " ON CONFLICT (n) DO UPDATE SET calls = gateway.calls + 1",
                numbers,
            )
        finally:
            await world.close(timeout=5)
        await self.gates.pass_through(batch, "called")
        return numbers

    async def record(self, uow: PostgresUnitOfWork, batch: Sequence[tuple[Message, int]]) -> None:
        await uow.driver.execute(
            "INSERT INTO effect SELECT n, 'remote' FROM unnest($1::integer[]) n",
            [answer for _, answer in batch],
        )


def main(database_url: str, redis_url: str, gates_folder: str, queues: str) -> None:
    logging.basicConfig(
        level=logging.INFO, format=f"%(asctime)s {os.getpid()} %(name)s %(message)s"
    )
    table = queue_table()

    async def build() -> WorkerParts:
        engine = create_engine(database_url, pool_size=12, application_name="faults-worker")
        entropy, metrics = SystemEntropy(), NoMetrics()
        bell = RedisBell(redis_url, metrics=metrics)
        uow = units_of_work(engine, clock=SystemClock(), entropy=entropy, ring=bell.ring)
        gates = Gates(Path(gates_folder))

        async def close() -> None:
            bell.close()
            await engine.dispose()

        return WorkerParts(
            shop=Workshop(
                units_of_work=uow,
                store=PostgresMessages(engine, entropy=entropy),
                handlers={
                    LOCAL_NAME: LocalEffects(gates),
                    REMOTE_NAME: RemoteEffects(gates, uow, database_url),
                },
                entropy=entropy,
                metrics=metrics,
            ),
            bell=bell,
            close=close,
        )

    run_worker(
        build,
        redis_url=redis_url,
        queues=[table[name] for name in queues.split(",")],
        shutdown_seconds=10,
        stuck_seconds=3,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
