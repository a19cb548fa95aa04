"""A message engine on a real database, in one process, with ears instead of a bell."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.clock import ManualClock
from adapters.entropy import SeededEntropy
from adapters.postgres.engine import create_engine
from adapters.postgres.invariants.messages import check_messages
from adapters.postgres.messages import PostgresMessages
from adapters.postgres.unit_of_work import PostgresUnitOfWork, units_of_work
from application.messaging.lanes import Lanes
from application.messaging.ports import Workshop
from application.ports import Message, NewMessage
from application.queues import QueueSpec, queue_table

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LOCAL = replace(queue_table()["ledger"], batch_limit=100)
REMOTE = queue_table()["payments"]

EFFECT = "CREATE TABLE effect (n integer NOT NULL, handler text NOT NULL)"


class Ears:
    """A bell that is heard, or not, and remembers what was rung."""

    def __init__(self, *, heard: bool = True) -> None:
        self.heard = heard
        self.rung: list[tuple[str, int]] = []

    def ring(self, rung: Sequence[tuple[str, int]]) -> None:
        self.rung.extend(rung)

    async def reach(self, rung: Sequence[tuple[str, int]]) -> bool:
        self.rung.extend(rung)
        return self.heard


class Counts:
    """Metrics that can be looked at."""

    def __init__(self) -> None:
        self.counted: Counter[str] = Counter()

    def count(self, name: str, value: int = 1, **labels: str) -> None:
        self.counted[name] += value

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        self.counted[name] += 1


@dataclass
class Rig:
    """The engine's parts, and short words for what tests do with them."""

    engine: AsyncEngine
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW))
    entropy: SeededEntropy = field(default_factory=lambda: SeededEntropy(7))
    ears: Ears = field(default_factory=Ears)
    metrics: Counts = field(default_factory=Counts)
    handlers: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.store = PostgresMessages(self.engine, entropy=self.entropy)
        self.uow = units_of_work(
            self.engine, clock=self.clock, entropy=self.entropy, ring=self.ears.ring
        )

    @property
    def shop(self) -> Workshop:
        return Workshop(
            units_of_work=self.uow,
            store=self.store,
            handlers=self.handlers,
            entropy=self.entropy,
            metrics=self.metrics,
        )

    def lanes(self, *specs: QueueSpec) -> Lanes:
        return Lanes(self.shop, specs or queue_table().values(), self.ears)

    async def send(self, *payloads: Mapping[str, Any], **message: Any) -> list[int]:
        """Send one message per payload in one transaction; return their ids."""
        given: dict[str, Any] = {"queue": LOCAL.name, "name": "t.effect.v1", **message}
        before = len(self.ears.rung)
        async with self.uow() as uow:
            uow.messages.add([NewMessage(payload=payload, **given) for payload in payloads])
            await uow.commit()
        return [id_ for _, id_ in self.ears.rung[before:]]

    async def rows(self, sql: str, *arguments: Any) -> list[Any]:
        async with self.uow() as uow:
            return list(await uow.driver.fetch(sql, *arguments))

    async def value(self, sql: str, *arguments: Any) -> Any:
        async with self.uow() as uow:
            return await uow.driver.fetchval(sql, *arguments)

    async def do(self, sql: str, *arguments: Any) -> None:
        async with self.uow() as uow:
            await uow.driver.execute(sql, *arguments)
            await uow.commit()

    async def messages(self) -> list[Any]:
        return await self.rows("SELECT *, run_at - now() AS wait FROM message ORDER BY id")

    async def effects(self) -> list[int]:
        return [row["n"] for row in await self.rows("SELECT n FROM effect ORDER BY n")]

    async def violations(self, *, drained: bool = True) -> Sequence[Any]:
        async with self.uow() as uow:
            return await check_messages(uow.driver, list(queue_table()), drained=drained)


async def write_effects(uow: PostgresUnitOfWork, batch: Sequence[Message]) -> None:
    """The handler of most tests: one row per message, with nothing to make a double harmless."""
    await uow.driver.execute(
        "INSERT INTO effect SELECT n, 'local' FROM unnest($1::integer[]) n",
        [message.payload["n"] for message in batch],
    )


@dataclass
class Remote:
    """A remote handler made of two functions; by default it answers with the number."""

    calling: Callable[[Sequence[Message]], Awaitable[Sequence[Any]]] | None = None
    recording: Callable[[PostgresUnitOfWork, Sequence[Any]], Awaitable[None]] | None = None
    calls: list[list[int]] = field(default_factory=list)

    async def call(self, batch: Sequence[Message]) -> Sequence[Any]:
        self.calls.append([message.payload["n"] for message in batch])
        if self.calling is not None:
            return await self.calling(batch)
        return [message.payload["n"] for message in batch]

    async def record(self, uow: PostgresUnitOfWork, batch: Sequence[Any]) -> None:
        if self.recording is not None:
            await self.recording(uow, batch)
        await uow.driver.execute(
            "INSERT INTO effect SELECT n, 'remote' FROM unnest($1::integer[]) n",
            [answer for _, answer in batch],
        )


@asynccontextmanager
async def rigged(url: str) -> AsyncIterator[Rig]:
    engine = create_engine(url)
    try:
        rig = Rig(engine)
        await rig.do(EFFECT)
        rig.handlers["t.effect.v1"] = write_effects
        yield rig
    finally:
        await engine.dispose()
