"""Where a state machine of the exchange plays: one database, emptied for every history.

A machine is synchronous and the exchange is not, so each stage has an event loop of its own.
"""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Generic, TypeVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, run_state_machine_as_test
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.clock import ManualClock
from adapters.postgres.connections import borrowed
from adapters.postgres.engine import create_engine
from adapters.postgres.ledger_books import books
from application.ledger.check import CheckLedger
from tests.integration.tasks.exchange import START, TaskExchange

T = TypeVar("T")
Exchange = TypeVar("Exchange", bound=TaskExchange)
_TABLES = """
SELECT quote_ident(relname) AS name FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
ORDER BY relname
"""


class Stage:
    """A migrated database that can be made as it was, and the loop it is spoken to in."""

    def __init__(self, url: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.engine: AsyncEngine = create_engine(url)
        self.seeded: list[str] = []
        self.emptied: list[str] = []
        self.run(self._remember())

    def run(self, call: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(call)

    def close(self) -> None:
        self.run(self.engine.dispose())
        self.loop.close()

    async def _remember(self) -> None:
        """Keep a copy of the rows a migration has left."""
        async with borrowed(self.engine) as (_, driver):
            await driver.execute("CREATE SCHEMA seed")
            for row in await driver.fetch(_TABLES):
                self.emptied.append(row["name"])
                if await driver.fetchval(f"SELECT EXISTS (SELECT FROM {row['name']})"):
                    self.seeded.append(row["name"])
                    await driver.execute(f"CREATE TABLE seed.{row['name']} AS TABLE {row['name']}")

    async def reset(self) -> None:
        """Make the database as the migrations left it; the guards of history sleep meanwhile."""
        script = ["BEGIN", "SET LOCAL session_replication_role = replica"]
        script += [f"DELETE FROM {name}" for name in self.emptied]
        script += [f"INSERT INTO {name} TABLE seed.{name}" for name in self.seeded]
        async with borrowed(self.engine) as (_, driver):
            await driver.execute(";".join([*script, "COMMIT"]))


class ExchangeMachine(RuleBasedStateMachine, Generic[Exchange]):
    """A history of an exchange over real PostgreSQL; the books hold after every step of it."""

    stage: ClassVar[Stage]
    kind: ClassVar[Any] = TaskExchange

    def __init__(self) -> None:
        super().__init__()
        self.run(self.stage.reset())
        self.clock = ManualClock(START)
        self.exchange: Exchange = self.kind(self.stage.engine, self.clock)

    def run(self, call: Coroutine[Any, Any, T]) -> T:
        return self.stage.run(call)

    def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        return self.run(self.exchange.rows(sql, *values))

    def value(self, sql: str, *values: Any) -> Any:
        return self.run(self.exchange.value(sql, *values))

    @invariant()
    def the_books_hold(self) -> None:
        assert self.run(self.exchange.broken()) == []

    def teardown(self) -> None:
        assert self.run(CheckLedger(books(self.stage.engine))()).is_clean


@contextmanager
def on_stage(machine: type[ExchangeMachine[Any]], url: str) -> Iterator[None]:
    machine.stage = Stage(url)
    try:
        yield
    finally:
        machine.stage.close()


def play(machine: type[ExchangeMachine[Any]], url: str, examples: int, *, steps: int = 25) -> None:
    """Play the same few histories every time."""
    _play(machine, url, settings(max_examples=examples, derandomize=True), steps)


def play_at_random(
    machine: type[ExchangeMachine[Any]], url: str, examples: int, *, steps: int = 60
) -> None:
    """Play long histories, others each time; one that fails is printed, and tried again first."""
    _play(machine, url, settings(max_examples=examples, print_blob=True), steps)


def _play(machine: type[ExchangeMachine[Any]], url: str, given: settings, steps: int) -> None:
    with on_stage(machine, url):
        run_state_machine_as_test(
            machine,
            settings=settings(
                given,
                stateful_step_count=steps,
                deadline=None,
                # A history explains itself better than the lines it has run through.
                phases=[one for one in settings.default.phases if one is not Phase.explain],
                report_multiple_bugs=False,
                suppress_health_check=list(HealthCheck),
            ),
        )
