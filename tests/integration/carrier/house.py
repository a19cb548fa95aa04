"""A billing house with operators: real PostgreSQL and Redis, operators in memory, a hand clock."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import redis.asyncio as redis
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.clock import ManualClock
from adapters.memory.operator import ScriptedOperator
from adapters.postgres import tables
from adapters.postgres.bulk import insert_many
from adapters.postgres.carrier_references import operator_to_row
from adapters.postgres.codec import fields_of
from adapters.postgres.engine import create_engine
from application.carrier.aftermath import PixelOrder
from application.carrier.gateway import ChargeMode, OperatorGateway, Report, SubscribeRequested
from application.carrier.pixel_ports import Reply
from application.carrier.ports import CarrierUnitOfWork, Order
from application.carrier.wire import REPORT, report_to_json
from application.errors import NotFound
from application.jobs import RunJob
from application.ports import Done, Failed, Later, Message, NewMessage
from domain.carrier.operator import Operator
from domain.carrier.service import Campaign, Service, ServicePolicy, Texts
from domain.shared.ids import SubscriptionId
from domain.shared.money import Currency, Money
from domain.shared.msisdn import Msisdn
from domain.subscriptions.model import Subscription
from entrypoints.carrier import build_carrier
from tests.integration.billing.house import House, cause

START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)  # a Monday
PRICE = Money.of(250, "PKR")
NUMBER = Msisdn("923001234567")
OTHER = Msisdn("923007654321")


class Noted:
    """A publisher that remembers what it was told, and answers as it is told to."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.answers: list[Reply] = []

    async def deliver(self, url: str, timeout_seconds: float) -> Reply:
        self.told.append(url)
        return self.answers.pop(0) if self.answers else Reply(200, 5, None)


class RememberedPixels:
    """What was ordered, for tests that ask only that."""

    def __init__(self) -> None:
        self.orders: list[PixelOrder] = []

    async def order(self, uow: CarrierUnitOfWork, orders: Sequence[PixelOrder]) -> None:
        self.orders += [one for one in orders if one.order.order.pixel]


class InMemory:
    """Operators of the house, by code."""

    def __init__(self) -> None:
        self.by_code: dict[str, ScriptedOperator] = {}

    async def get(self, code: str) -> OperatorGateway:
        if code not in self.by_code:
            raise NotFound("operator", code)
        return self.by_code[code]


class CarrierHouse(House):
    """Handlers and jobs of cards and numbers over one database."""

    def __init__(self, engine: AsyncEngine, clock: ManualClock, redis_url: str) -> None:
        super().__init__(engine, clock)
        self.operators = InMemory()
        self.pixels = RememberedPixels()
        self.postman = Noted()
        self.carrier = build_carrier(
            engine=engine,
            open_uow=self.open_uow,
            redis_url=redis_url,
            clock=clock,
            entropy=self.entropy,
            metrics=self.metrics,
            pixels=self.pixels,
            postman=self.postman,
            public_url="https://kazna.test",
            secrets={},
            operators=self.operators,
        )
        self.handlers |= self.carrier.handlers
        jobs = {**self.run.jobs, **{job.name: job for job in self.carrier.jobs}}
        self.run = RunJob(jobs, self.runs, clock, self.entropy, self.metrics)

    async def operator(
        self, code: str = "mobilink", *, mode: ChargeMode = ChargeMode.SYNC, **changed: Any
    ) -> ScriptedOperator:
        """Write an operator down, and return its gateway."""
        row = Operator(
            code=code,
            wire_id=41000 + len(self.operators.by_code),
            name=code.title(),
            country_code="92",
            country_name="Pakistan",
            currency=Currency("PKR"),
            time_zone="Asia/Karachi",
            protocol="plain",
            prefixes=("92",),
            requests_per_second=1000.0,
            burst=1000,
            options={"mode": mode.value},
            created_at=self.clock.now(),
        )
        await self._insert(
            tables.carrier.carrier_operator, operator_to_row(replace(row, **changed))
        )
        gateway = ScriptedOperator(code, self.clock, mode=mode)
        self.operators.by_code[code] = gateway
        await self.carrier.references.reload()
        return gateway

    async def service(
        self,
        operator: str = "mobilink",
        code: str = "tips",
        *,
        keyword: str | None = "TIPS",
        money: Money = PRICE,
        texts: Texts | None = None,
        content_url: str = "",
        **policy: Any,
    ) -> Service:
        """Write a service with a plan, a price and a campaign down."""
        price = await self.plan_price(money)
        service = Service(
            id=uuid4(),
            operator=operator,
            code=code,
            name=code.title(),
            plan_id=price.plan_id,
            policy=ServicePolicy(**policy),
            texts=texts or Texts(),
            content_url=content_url,
            created_at=self.clock.now(),
        )
        await self._insert(
            tables.carrier.carrier_service,
            {
                "id": service.id,
                "operator": operator,
                "code": code,
                "name": service.name,
                "plan_id": service.plan_id,
                "policy": fields_of(service.policy),
                "texts": fields_of(service.texts),
                "content_url": content_url,
                "is_active": True,
                "created_at": service.created_at,
                "version": 1,
            },
        )
        campaign = Campaign(
            code=f"{operator}-{code}",
            service_id=service.id,
            operator=operator,
            keyword=keyword,
            created_at=self.clock.now(),
        )
        await self._insert(tables.carrier.carrier_campaign, fields_plain(campaign))
        await self.carrier.references.reload()
        return service

    async def _insert(self, table: Any, row: dict[str, Any]) -> None:
        async with self.open_uow() as uow:
            await insert_many(uow.driver, table, [row])
            await uow.commit()

    def order(self, msisdn: Msisdn = NUMBER, **changed: Any) -> Order:
        given = Order(
            operator="mobilink",
            event_id=f"e-{uuid4()}",
            tid=f"t-{uuid4()}",
            msisdn=msisdn,
            service_code="tips",
            text="TIPS",
            source="landing",
            said_at=self.clock.now(),
            received_at=self.clock.now(),
        )
        return replace(given, **changed)

    async def ordered(self, *orders: Order, carry_out: bool = True) -> None:
        """Take orders in, and carry out what follows."""
        async with self.open_uow() as uow:
            self.carrier.take_orders.within(uow, orders or [self.order()])
            await uow.commit()
        if carry_out:
            await self.carry_out()

    async def reported(self, *reports: Report, operator: str = "mobilink") -> None:
        """Bring reports of an operator as its callback would, and carry out what follows."""
        assert not any(isinstance(report, SubscribeRequested) for report in reports)
        await self._told(reports, operator)
        await self.carry_out()

    async def reported_only(self, *reports: Report, operator: str = "mobilink") -> None:
        """Bring reports and carry out these alone."""
        before = {message.id for message in await self.open_messages()}
        await self._told(reports, operator)
        await self.handle([m for m in await self.open_messages() if m.id not in before])

    async def _told(self, reports: Sequence[Report], operator: str) -> None:
        async with self.open_uow() as uow:
            uow.messages.add(
                NewMessage(
                    queue=f"{operator}_responses",
                    name=REPORT,
                    payload={"report": report_to_json(report)},
                    correlation_id=uuid4(),
                )
                for report in reports
            )
            await uow.commit()

    async def handle(self, batch: Sequence[Message]) -> list[Failed]:
        """Carry out one batch as a worker does, local or remote, queue by queue."""
        handler = self.handlers[batch[0].name]
        if hasattr(handler, "call"):
            failed: list[Failed] = []
            for queue in dict.fromkeys(message.queue for message in batch):
                failed += await self._remote(handler, [m for m in batch if m.queue == queue])
            return failed
        async with self.open_uow() as uow:
            await handler(uow, batch)
            await self.delete(uow, batch)
            await uow.commit()
        return []

    async def _remote(self, handler: Any, batch: Sequence[Message]) -> list[Failed]:
        answers = await handler.call(batch)
        told = [
            (message, answer)
            for message, answer in zip(batch, answers, strict=True)
            if not isinstance(answer, Done | Failed | Later)
        ]
        async with self.open_uow() as uow:
            if told:
                await handler.record(uow, told)
            await self.delete(uow, batch)
            await uow.commit()
        return [answer for answer in answers if isinstance(answer, Failed)]

    async def delete(self, uow: Any, batch: Sequence[Message]) -> None:
        await uow.driver.execute(
            "DELETE FROM message WHERE id = ANY($1)", [message.id for message in batch]
        )

    async def subscriptions(self, msisdn: Msisdn = NUMBER) -> list[Subscription]:
        async with self.open_uow() as uow:
            return list(await uow.subscriptions.of_numbers([msisdn], live=False))

    async def only(self, msisdn: Msisdn = NUMBER) -> Subscription:
        [one] = await self.subscriptions(msisdn)
        return one

    async def attempts(self, msisdn: Msisdn = NUMBER) -> list[dict[str, Any]]:
        return await self.rows(
            "SELECT payment.*, invoice.period_start, invoice.status AS invoice_status "
            "FROM payment JOIN invoice ON invoice.id = invoice_id "
            "JOIN carrier_subscriber AS s ON s.customer_id = payment.customer_id "
            "WHERE s.msisdn = $1 ORDER BY payment.id",
            msisdn.digits,
        )

    async def stop(self, key: SubscriptionId | UUID) -> int:
        async with self.open_uow() as uow:
            ended = await self.carrier.unsubscribe.these(
                uow, [SubscriptionId(key)], cause("stop"), reason="stopped by the subscriber"
            )
            await uow.commit()
        return ended


def fields_plain(campaign: Campaign) -> dict[str, Any]:
    return {
        "code": campaign.code,
        "service_id": campaign.service_id,
        "operator": campaign.operator,
        "keyword": campaign.keyword,
        "is_active": campaign.is_active,
        "created_at": campaign.created_at,
    }


@asynccontextmanager
async def carrier_house(
    database_url: str, redis_url: str, *, start: datetime = START
) -> AsyncIterator[CarrierHouse]:
    engine = create_engine(database_url)
    async with redis.Redis.from_url(redis_url) as client:
        await client.flushall()  # buckets of operators of the same name, at the same hour
    built = CarrierHouse(engine, ManualClock(start), redis_url)
    try:
        yield built
    finally:
        await built.carrier.aclose()
        await engine.dispose()
