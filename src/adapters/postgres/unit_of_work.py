"""One transaction over the pool: repositories share its connection, commit flushes and rings."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from zoneinfo import ZoneInfo

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.number_charging import NumberCharging, number_settlement
from adapters.payment_postings import PaymentPostings
from adapters.period_billing import PeriodBilling
from adapters.postgres.answers import PostgresAnswers
from adapters.postgres.carrier_numbers import PostgresNumbers
from adapters.postgres.carrier_orders import PostgresOrders
from adapters.postgres.catalog import PostgresCatalog
from adapters.postgres.chronicle import PostgresChronicle
from adapters.postgres.connections import borrowed
from adapters.postgres.customers import PostgresCustomers
from adapters.postgres.invoices import PostgresInvoices
from adapters.postgres.journal import PostgresJournal, PostgresNotifications
from adapters.postgres.ledger import PostgresLedger
from adapters.postgres.ledger_batch import KnownAccounts
from adapters.postgres.outbox import PostgresOutbox, Ring
from adapters.postgres.payments import PostgresAttempts, PostgresMethods
from adapters.postgres.promotions import PostgresPromotions
from adapters.postgres.refund_tickets import PostgresRefundTickets
from adapters.postgres.refunds import PostgresRefunds
from adapters.postgres.subscriptions import PostgresSubscriptions
from application.payments.open_charges import OpenCharges
from application.payments.ports import BillingPolicy
from application.ports import Clock, Entropy
from application.subscriptions.inside import PeriodsInside

UTC_ZONE = ZoneInfo("UTC")
DEFAULT_POLICY = BillingPolicy()


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
        zone: ZoneInfo,
        policy: BillingPolicy,
        accounts: KnownAccounts,
    ) -> None:
        self.connection = connection
        self.driver = driver
        self.clock = clock
        self.entropy = entropy
        self._ring = ring
        self.messages = PostgresOutbox(driver)
        self.events = PostgresChronicle(driver, clock=clock, entropy=entropy)
        self.answers = PostgresAnswers(driver)
        self.ledger = PostgresLedger(driver, entropy, accounts, zone)
        self.catalog = PostgresCatalog(driver)
        self.customers = PostgresCustomers(driver)
        self.subscriptions = PostgresSubscriptions(driver)
        self.invoices = PostgresInvoices(driver, clock, zone)
        self.attempts = PostgresAttempts(driver)
        self.methods = PostgresMethods(driver)
        self.refunds = PostgresRefunds(driver)
        self.promotions = PostgresPromotions(driver)
        self.tickets = PostgresRefundTickets(driver)
        self.journal = PostgresJournal(driver)
        self.notifications = PostgresNotifications(driver)
        self.books = PaymentPostings(self.ledger)
        self.periods = PeriodsInside(self, clock, zone)
        opening = OpenCharges(clock, entropy, policy)
        self.billing = PeriodBilling(self, opening)
        self.numbers = PostgresNumbers(driver, entropy)
        self.orders = PostgresOrders(driver)
        self.charging = NumberCharging(
            self, driver, opening, number_settlement(clock, entropy), clock
        )

    @property
    def offers(self) -> PostgresCatalog:
        """Plans and prices, as subscriptions read them."""
        return self.catalog

    @property
    def registry(self) -> PostgresCustomers:
        """Customers, as identity keeps them."""
        return self.customers

    async def commit(self) -> None:
        """Write events and messages, number the invoices, commit, then ring for the messages."""
        await self.events.flush()
        rung = await self.messages.flush()
        await self.invoices.number()
        await self.driver.execute("COMMIT")
        if rung:
            self._ring(rung)


def units_of_work(
    engine: AsyncEngine,
    *,
    clock: Clock,
    entropy: Entropy,
    ring: Ring,
    zone: ZoneInfo = UTC_ZONE,
    policy: BillingPolicy = DEFAULT_POLICY,
) -> Callable[[], AbstractAsyncContextManager[PostgresUnitOfWork]]:
    """Return the factory that opens units of work on a pool."""
    accounts = KnownAccounts()

    @asynccontextmanager
    async def opened() -> AsyncIterator[PostgresUnitOfWork]:
        async with borrowed(engine) as (connection, driver):
            await driver.execute("BEGIN")
            try:
                yield PostgresUnitOfWork(
                    connection,
                    driver,
                    clock=clock,
                    entropy=entropy,
                    ring=ring,
                    zone=zone,
                    policy=policy,
                    accounts=accounts,
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
