"""A task exchange whose payouts a provider carries out, by messages as a worker handles them."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.clock import ManualClock
from adapters.postgres.messages import PostgresMessages
from adapters.postgres.payouts import PostgresPayouts
from application.ledger.destinations import SetDestination
from application.ledger.payout_methods import SEND, PayoutProvider, ThroughProvider
from application.ledger.run_payouts import RunPayouts
from application.ledger.send_payouts import SendPayouts
from application.ledger.task_events import DigestTaskEvents, Pricing
from application.messaging.ports import Workshop
from application.messaging.remote import RunRemote
from application.ports import Message
from application.queues import queue_table
from domain.ledger.destination import Destination
from domain.shared.money import Currency
from domain.tasks.title import upcast
from tests.integration.tasks.exchange import PEOPLE, PRICING, ZONE, TaskExchange

QUEUE = queue_table()["payouts"]
# Prices are drawn with the same key, so a task costs as many kopecks here as cents elsewhere.
ROUBLES = Pricing(currency=Currency("RUB"), key=PRICING.key)

_TASKS = ("ASSIGN_FEE", "TASK_REWARD", "ADJUSTMENT", "REVERSAL")


def wallet_of(person: int) -> str:
    """Return the number of somebody's wallet at the provider."""
    return f"4100161457{person:04d}"


class PaidOut(TaskExchange):
    """The exchange, its payouts, and what goes wrong with them."""

    def __init__(self, engine: AsyncEngine, clock: ManualClock, provider: PayoutProvider) -> None:
        super().__init__(engine, clock)
        self.rows_of_payouts = PostgresPayouts()
        self.digest = DigestTaskEvents(
            ROUBLES, self.books, self.wallets, self.days, upcast, ZONE, clock, self.metrics
        )
        road = ThroughProvider(provider.code, self.rows_of_payouts)
        self.payouts = RunPayouts(self.open_uow, self.wallets, self.days, ZONE, provider=road)
        self.send = SendPayouts(
            self.open_uow,
            self.rows_of_payouts,
            self.wallets,
            {provider.code: provider},
            ZONE,
            clock,
        )
        self.shop = Workshop(
            units_of_work=self.open_uow,
            store=PostgresMessages(engine, entropy=self.entropy),
            handlers={SEND: self.send},
            entropy=self.entropy,
            metrics=self.metrics,
        )

    async def says(self, person: int, account: str | None = None) -> None:
        """Say where a person's payouts go."""
        async with self.open_uow() as uow:
            await SetDestination(self.rows_of_payouts, self.clock).within(
                uow, PEOPLE[person], Destination(account or wallet_of(person)), "admin:test"
            )
            await uow.commit()

    async def sends(self) -> None:
        """Let a worker try once every payout that is open, whoever let its lease fall."""
        async with self.open_uow() as uow:
            ids = await uow.driver.fetch(
                "UPDATE message SET run_at = now() - interval '1 second', "
                "lease_until = CASE WHEN lease IS NOT NULL THEN now() - interval '1 second' END "
                "WHERE queue = $1 AND state IN ('ready', 'leased') RETURNING id",
                QUEUE.name,
            )
            await uow.commit()
        for row in ids:
            await RunRemote(self.shop)(QUEUE, [row["id"]])

    async def sending(self) -> list[dict[str, Any]]:
        """Return the messages that wait."""
        return await self.rows("SELECT * FROM message WHERE queue = $1 ORDER BY id", QUEUE.name)

    async def message(self) -> Message:
        """Return the one message that waits, as a handler is given it."""
        (row,) = await self.sending()
        names = ("id", "queue", "name", "payload", "attempt", "created_at", "correlation_id")
        return Message(**{name: row[name] for name in names})

    async def paid_out(self) -> list[tuple[int, str, int]]:
        """Return every payout: whose, how it stands, how much."""
        rows = await self.rows(
            "SELECT person_id, state, amount_minor FROM payout ORDER BY run, person_id"
        )
        return [(PEOPLE.index(row["person_id"]), row["state"], row["amount_minor"]) for row in rows]

    async def payout_id(self) -> UUID:
        """Return the id of the only payout there is."""
        (row,) = await self.rows("SELECT id FROM payout")
        found: UUID = row["id"]
        return found

    async def told(self) -> list[str]:
        """Return the names of events, in order."""
        return [row["name"] for row in await self.rows("SELECT name FROM event ORDER BY position")]

    async def broken(self) -> list[str]:
        """Name the rules that do not hold; of payouts on their way, what is in transit as well."""
        found = await super().broken()
        transit = await self.value(
            "SELECT coalesce(-sum(amount_minor), 0) FROM entry JOIN account "
            "ON account.id = account_id WHERE code = 'payouts_in_transit'"
        )
        pending = await self.value(
            "SELECT coalesce(sum(amount_minor), 0) FROM payout WHERE state = 'pending'"
        )
        if transit != pending:
            found.append(f"{transit} are in transit, {pending} are on their way")
        rows = await self.rows(
            "SELECT person_id, balance_minor, "
            "(SELECT coalesce(sum(amount_minor), 0) FROM payout AS one "
            " WHERE one.person_id = wallet.person_id) - "
            "(SELECT coalesce(sum(amount_minor), 0) FROM payout AS one "
            " WHERE one.person_id = wallet.person_id AND state = 'returned') AS left_with, "
            "(SELECT coalesce(sum(amount_minor), 0) FROM wallet_entry AS one "
            " WHERE one.person_id = wallet.person_id AND kind = ANY($1)) AS earned FROM wallet",
            list(_TASKS),
        )
        found += [
            f"{row['person_id']} earned {row['earned']}, had {row['left_with']}"
            for row in rows
            if row["left_with"] + row["balance_minor"] != row["earned"]
        ]
        return found
