"""Each storage of the ledger behind one door, for the ledger's contract."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import asyncpg

from adapters.clock import ManualClock
from adapters.entropy import SystemEntropy
from adapters.memory.ledger import LedgerState, MemoryLedger
from adapters.memory.ledger_books import MemoryBooks
from adapters.postgres.ledger import PostgresLedger
from adapters.postgres.ledger_batch import KnownAccounts
from adapters.postgres.ledger_books import PostgresBooks
from application.invariants import Violation
from application.ledger.ports import Books, Ledger
from tests.conftest import FreshDatabase
from tests.postings import NOON


class Kept:
    """A ledger that can be written in transactions, and the books it leaves."""

    def __init__(
        self, books: Books, writing: Callable[[], AbstractAsyncContextManager[Ledger]]
    ) -> None:
        self.books = books
        self.writing = writing

    async def violations(self) -> list[Violation]:
        return [found async for found in self.books.check(lambda done, steps, what: None)]


@asynccontextmanager
async def memory_ledger(_: FreshDatabase) -> AsyncIterator[Kept]:
    state = LedgerState()

    @asynccontextmanager
    async def writing() -> AsyncIterator[Ledger]:
        draft = state.copy()
        yield MemoryLedger(draft, ManualClock(NOON), SystemEntropy())
        state.become(draft)

    yield Kept(MemoryBooks(state), writing)


@asynccontextmanager
async def postgres_ledger(fresh_database: FreshDatabase) -> AsyncIterator[Kept]:
    known = KnownAccounts()
    async with fresh_database() as url:
        reader = await asyncpg.connect(url)
        writer = await asyncpg.connect(url)

        @asynccontextmanager
        async def writing() -> AsyncIterator[Ledger]:
            async with writer.transaction():
                yield PostgresLedger(writer, SystemEntropy(), known)

        try:
            yield Kept(PostgresBooks(reader), writing)
        finally:
            await writer.close()
            await reader.close()


LEDGERS = {"memory": memory_ledger, "postgres": postgres_ledger}
