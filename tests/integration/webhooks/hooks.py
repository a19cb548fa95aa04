"""A house that tells programs of the company what happens, with real messages and real HTTP."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.clock import ManualClock, SystemClock
from adapters.courier import GuardedCourier
from adapters.http.outbound import Outbound
from adapters.postgres.engine import create_engine
from adapters.postgres.messages import PostgresMessages
from adapters.postgres.webhook_deliveries import PostgresDeliveries, webhook_reading
from adapters.postgres.webhook_endpoints import PostgresEndpoints
from adapters.security.sealed import SealedTexts
from application.envelope import Envelope
from application.jobs import JobOrder, JobReport
from application.messaging.ports import Workshop
from application.messaging.remote import RunRemote
from application.queues import queue_table
from application.webhooks.deliver import DeliverWebhooks
from application.webhooks.endpoints import LookAfterEndpoints, Wish
from application.webhooks.order_deliveries import OrderDeliveries
from application.webhooks.ports import DELIVER
from application.webhooks.resend import ResendDeliveries
from tests.integration.billing.house import START, House, cause

SPEC = queue_table()["webhooks"]
KEYS = ("what these tests seal secrets with",)
LEFT = """
SELECT EXISTS (SELECT FROM event WHERE (xid, position) > (
    SELECT transaction::text::xid8, position FROM feed_cursor WHERE reader = 'webhooks'))
"""


class Hooks(House):
    """Orders deliveries by the job, and carries them out as a worker does."""

    def __init__(self, engine: AsyncEngine, clock: ManualClock, outbound: Outbound) -> None:
        super().__init__(engine, clock)
        self.outbound = outbound
        self.rows_of, self.log = PostgresEndpoints(), PostgresDeliveries()
        box = SealedTexts(KEYS)
        self.endpoints = LookAfterEndpoints(self.rows_of, self.log, box, clock, self.entropy)
        self.resend = ResendDeliveries(self.rows_of, self.log)
        self.deliver = DeliverWebhooks(
            self.open_uow,
            self.rows_of,
            self.log,
            GuardedCourier(
                outbound, timeout_seconds=2.0, monotonic=lambda: clock.now().timestamp()
            ),
            box,
            clock,
            SystemClock(),
            self.entropy,
            self.metrics,
        )
        self.store = PostgresMessages(engine, entropy=self.entropy)
        self.remote = RunRemote(
            Workshop(
                units_of_work=self.open_uow,
                store=self.store,
                handlers={DELIVER: self.deliver},
                entropy=self.entropy,
                metrics=self.metrics,
            )
        )

    def job_of(self, piece: int = 500) -> OrderDeliveries:
        return OrderDeliveries(
            self.open_uow, webhook_reading(), self.rows_of, self.log, self.entropy, piece
        )

    async def order(self, piece: int = 500) -> JobReport:
        return await self.job_of(piece)(JobOrder(now=self.clock.now(), cause=cause("order")))

    async def look(self, piece: int = 500) -> dict[str, int]:
        """Order until every event is read: the horizon waits for whoever is writing anywhere."""
        sums: dict[str, int] = {}
        deadline = time.monotonic() + 10
        while True:
            for word, number in (await self.order(piece)).counts.items():
                sums[word] = sums.get(word, 0) + number
            if not await self.value(LEFT):
                return sums
            assert time.monotonic() < deadline, "not every event was read"
            await asyncio.sleep(0.01)

    async def work(self) -> None:
        """Carry out messages until none can be claimed."""
        while await self.remote(SPEC, []):
            pass

    async def tell(self) -> None:
        """Order and carry out; then once more, for what happened by that."""
        for _ in range(2):
            await self.look()
            await self.work()

    async def later(self, **time: float) -> None:
        """Let business time pass, and do what is due by then."""
        self.clock.advance(timedelta(**time))
        await self.tell()

    async def happened(
        self, *numbers: int, aggregate: UUID, name: str = "payment.succeeded"
    ) -> None:
        """Record events of something, each in a transaction of its own."""
        for number in numbers:
            async with self.open_uow() as uow:
                uow.events.tell(cause("happened"), [_envelope(number, aggregate, name, self)])
                await uow.commit()

    async def endpoint(self, url: str, *events: str) -> tuple[UUID, str]:
        async with self.open_uow() as uow:
            made, secret = await self.endpoints.create(uow, url, events or ("*",), "", cause())
            await uow.commit()
        await self.look()
        return made.id, secret

    async def change(self, key: UUID, **wish: Any) -> None:
        async with self.open_uow() as uow:
            await self.endpoints.change(uow, key, Wish(**wish), cause())
            await uow.commit()

    async def rotate(self, key: UUID) -> str:
        async with self.open_uow() as uow:
            secret, _ = await self.endpoints.rotate(uow, key, cause())
            await uow.commit()
        return secret

    async def deliveries(self, *columns: str) -> Sequence[Any]:
        rows = await self.rows(
            "SELECT *, (SELECT data ->> 'n' FROM event WHERE event_id = one.event_id)::int AS n "
            "FROM webhook_delivery AS one ORDER BY transaction, position, endpoint_id"
        )
        if len(columns) == 1:
            return [row[columns[0]] for row in rows]
        return [tuple(row[name] for name in columns) for row in rows]


def _envelope(number: int, aggregate: UUID, name: str, hooks: Hooks) -> Envelope:
    return Envelope(
        event_id=uuid4(),
        name=name,
        version=1,
        occurred_at=hooks.clock.now(),
        producer="kazna",
        aggregate_id=aggregate,
        aggregate_version=None,
        correlation_id=uuid4(),
        causation_id=None,
        data={"n": number, "words": "два слова"},
    )


@asynccontextmanager
async def hooked(
    database_url: str, *, loopback_allowed: bool = True, pool_size: int = 10
) -> AsyncIterator[Hooks]:
    engine = create_engine(database_url, pool_size=pool_size)
    outbound = Outbound(None, loopback_allowed=loopback_allowed)
    try:
        yield Hooks(engine, ManualClock(START), outbound)
    finally:
        await outbound.aclose()
        await engine.dispose()
