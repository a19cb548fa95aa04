"""One transaction over the pool: repositories share its connection, commit flushes and rings."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres.chronicle import PostgresChronicle
from adapters.postgres.connections import borrowed
from adapters.postgres.outbox import PostgresOutbox, Ring
from application.ports import Clock, Entropy


class PostgresUnitOfWork:
    """The unit of work of every context, on one connection and in one transaction.

    `connection` speaks SQLAlchemy Core and `driver` is the same connection's asyncpg object, for
    set-based writes; both see the same transaction.
    """

    def __init__(
        self,
        connection: AsyncConnection,
        driver: asyncpg.Connection,
        *,
        clock: Clock,
        entropy: Entropy,
        ring: Ring,
    ) -> None:
        self.connection = connection
        self.driver = driver
        self.clock = clock
        self.entropy = entropy
        self._ring = ring
        self.messages = PostgresOutbox(driver)
        self.events = PostgresChronicle(driver, clock=clock, entropy=entropy)

    async def commit(self) -> None:
        """Write events and messages, commit, then ring for the messages."""
        await self.events.flush()
        rung = await self.messages.flush()
        await self.driver.execute("COMMIT")
        if rung:
            self._ring(rung)


def units_of_work(
    engine: AsyncEngine, *, clock: Clock, entropy: Entropy, ring: Ring
) -> Callable[[], AbstractAsyncContextManager[PostgresUnitOfWork]]:
    """Return the factory that opens units of work on a pool."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[PostgresUnitOfWork]:
        async with borrowed(engine) as (connection, driver):
            await driver.execute("BEGIN")
            try:
                yield PostgresUnitOfWork(
                    connection, driver, clock=clock, entropy=entropy, ring=ring
                )
            except BaseException:
                await _leave(driver)
                raise
            await _leave(driver)

    return opened


async def _leave(driver: asyncpg.Connection) -> None:
    """Roll back what was not committed; a connection that cannot is closed, not reused."""
    if driver.is_closed() or not driver.is_in_transaction():
        return
    try:
        await driver.execute("ROLLBACK", timeout=5)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
        driver.terminate()
