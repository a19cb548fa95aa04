"""A whole billing house in one process: real PostgreSQL, a gateway in memory, a clock by hand.

Messages are carried out by the same handlers as in a worker, in the order of their rows, until
none is left; nothing is rung and nothing sleeps.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.clock import ManualClock
from adapters.entropy import SystemEntropy
from adapters.memory.provider import ScriptedProvider
from adapters.postgres.connections import borrowed
from adapters.postgres.engine import create_engine
from adapters.postgres.job_runs import PostgresJobRuns
from adapters.postgres.unit_of_work import units_of_work
from application.catalog.manage_plans import CreatePlan, CreatePlanCommand, SetPrice
from application.errors import NotFound
from application.identity.register_customer import RegisterCustomer, RegisterCustomerCommand
from application.jobs import JobReport, RunJob
from application.payments.adopt_payment import AdoptPayments
from application.payments.ask_job import AskOpenPayments
from application.payments.carry_out_charges import CarryOutCharges
from application.payments.carry_out_refunds import CarryOutRefunds
from application.payments.expire_job import ExpirePayments
from application.payments.issue_invoice import IssueInvoice, IssueInvoiceCommand
from application.payments.look_up_payments import LookUpPayments
from application.payments.match_job import MatchPayments
from application.payments.open_charges import OpenCharges
from application.payments.pay_invoice import PayInvoice, PayInvoiceCommand
from application.payments.ports import BillingPolicy
from application.payments.provider import PaymentProvider
from application.payments.receive_notification import ReceiveNotification
from application.payments.request_refund import RequestRefund
from application.payments.settle_payments import SettlePayments
from application.payments.settle_refunds import LookUpRefunds
from application.ports import Done, Failed, Message, NewMessage
from application.subscriptions.expire_job import ExpireSubscriptions
from application.subscriptions.renew_job import RenewDue
from application.subscriptions.subscribe import Subscribe, SubscribeCommand, Subscribed
from domain.catalog.plan import Dunning, Price
from domain.identity.customer import Customer
from domain.payments.attempt import Attempt
from domain.payments.invoice import Invoice, Purchase
from domain.shared.calendar import Interval, Unit
from domain.shared.facts import Cause
from domain.shared.ids import AttemptId, CustomerId, InvoiceId
from domain.shared.money import Money

START = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
MOSCOW = ZoneInfo("Europe/Moscow")


@dataclass(frozen=True, slots=True)
class OneProvider:
    """A deployment with a single provider."""

    provider: PaymentProvider
    test: bool = True

    def get(self, code: str) -> PaymentProvider:
        if code != self.provider.code:
            raise NotFound("provider", code)
        return self.provider

    def codes(self) -> Sequence[str]:
        return [self.provider.code]

    def is_test(self, code: str) -> bool:
        return self.test


class CountingMetrics:
    """Metrics kept in a dictionary."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, ...], int] = {}

    def count(self, name: str, value: int = 1, **labels: str) -> None:
        key = (name, *labels.values())
        self.counts[key] = self.counts.get(key, 0) + value

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        self.count(name, **labels)


def cause(reason: str = "a test", actor: str = "service:test") -> Cause:
    return Cause(actor=actor, reason=reason, correlation_id=uuid4())


class House:
    """Handlers and jobs over one database; `carry_out` is the worker."""

    def __init__(
        self,
        engine: AsyncEngine,
        clock: ManualClock,
        zone: ZoneInfo = MOSCOW,
        *,
        gateway: Any = None,
    ) -> None:
        self.engine, self.clock, self.zone = engine, clock, zone
        self.entropy = SystemEntropy()
        self.policy = BillingPolicy()
        self.gateway = gateway or ScriptedProvider(clock=clock, entropy=self.entropy)
        self.providers = OneProvider(self.gateway)
        self.metrics = CountingMetrics()
        self.open_uow = units_of_work(
            engine,
            clock=clock,
            entropy=self.entropy,
            ring=lambda rung: None,
            zone=zone,
            policy=self.policy,
        )
        opened = self.open_uow
        self.settle = SettlePayments(clock, self.entropy, self.providers)
        self.charges = CarryOutCharges(opened, self.settle, self.providers, clock, self.policy)
        self.open_charges = OpenCharges(clock, self.entropy, self.policy)
        self.pay_invoice = PayInvoice(opened, self.open_charges, self.charges, self.providers)
        self.request_refund = RequestRefund(opened, clock, self.entropy)
        self.receive = ReceiveNotification(opened, self.providers, clock, self.entropy)
        refunds = CarryOutRefunds(opened, self.providers, clock, self.policy)
        self.handlers: dict[str, Any] = {
            "payments.charge_attempt.v1": self.charges,
            "payments.ask.v1": self.charges,
            "payments.look_up.v1": LookUpPayments(
                opened, self.settle, self.providers, clock, self.policy
            ),
            "payments.refund.v1": refunds,
            "payments.look_up_refund.v1": LookUpRefunds(self.providers, clock),
        }
        self.runs = PostgresJobRuns(engine)
        adopt = AdoptPayments(clock)
        jobs = [
            RenewDue(opened, self.entropy, zone),
            ExpireSubscriptions(opened),
            ExpirePayments(opened, self.settle, self.providers, self.policy),
            AskOpenPayments(opened),
            MatchPayments(opened, self.settle, adopt, self.providers, self.runs, clock, "pending"),
            MatchPayments(
                opened, self.settle, adopt, self.providers, self.runs, clock, "successful"
            ),
        ]
        self.run = RunJob(
            {job.name: job for job in jobs}, self.runs, clock, self.entropy, self.metrics
        )

    async def job(self, name: str, **options: Any) -> JobReport:
        return await self.run(name, **options)

    async def carry_out(self, *, rounds: int = 50) -> list[Failed]:
        """Handle open messages until none is left; return what failed on the way."""
        failures: list[Failed] = []
        for _ in range(rounds):
            messages = await self.open_messages()
            if not messages:
                break
            for name in dict.fromkeys(message.name for message in messages):
                batch = [message for message in messages if message.name == name]
                failures += await self.handle(batch)
        return failures

    async def open_messages(self) -> list[Message]:
        rows = await self.rows(
            "SELECT id, queue, name, payload, attempt, created_at, order_key, correlation_id "
            "FROM message WHERE state = 'ready' ORDER BY id"
        )
        return [Message(**row) for row in rows]

    async def handle(self, batch: Sequence[Message]) -> list[Failed]:
        """Carry out one batch as a worker does: call, then record and delete in one transaction."""
        handler = self.handlers[batch[0].name]
        answers = await handler.call(batch)
        failed = [answer for answer in answers if isinstance(answer, Failed)]
        told = [
            (message, answer)
            for message, answer in zip(batch, answers, strict=True)
            if not isinstance(answer, Done | Failed)
        ]
        async with self.open_uow() as uow:
            if told:
                await handler.record(uow, told)
            await uow.driver.execute(
                "DELETE FROM message WHERE id = ANY($1)", [message.id for message in batch]
            )
            await uow.commit()
        return failed

    async def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        async with borrowed(self.engine) as (_, driver):
            return [dict(row) for row in await driver.fetch(sql, *values)]

    async def value(self, sql: str, *values: Any) -> Any:
        async with borrowed(self.engine) as (_, driver):
            return await driver.fetchval(sql, *values)

    async def customer(self, external_id: str = "c-1") -> Customer:
        async with self.open_uow() as uow:
            known = await RegisterCustomer(self.clock, self.entropy).within(
                uow, RegisterCustomerCommand(external_id=external_id)
            )
            await uow.commit()
        return known

    async def plan_price(
        self, money: Money | None = None, *, trial_days: int = 0, months: int = 1
    ) -> Price:
        async with self.open_uow() as uow:
            plan = await CreatePlan(self.clock, self.entropy).within(
                uow,
                CreatePlanCommand(
                    cause=cause(),
                    name="Cinema",
                    interval=Interval(months, Unit.MONTH),
                    trial_days=trial_days,
                    dunning=Dunning(),
                ),
            )
            price = await SetPrice(self.clock, self.entropy).within(
                uow, plan.id, money or Money.of(49900, "RUB"), cause()
            )
            await uow.commit()
        return price

    async def subscribe(self, customer: Customer, price: Price, **options: Any) -> Subscribed:
        command = SubscribeCommand(
            cause=cause("subscribe"),
            customer_id=customer.id,
            price_id=price.id,
            provider=self.gateway.code,
            **({"auto_renewal": True} | options),
        )
        async with self.open_uow() as uow:
            done = await Subscribe(self.clock, self.entropy, self.zone).within(uow, command)
            await uow.commit()
        return done

    async def purchase(self, customer: Customer, money: Money, reference: str = "1") -> Invoice:
        async with self.open_uow() as uow:
            owed = await IssueInvoice(self.open_charges).within(
                uow,
                IssueInvoiceCommand(
                    cause=cause("purchase"),
                    customer_id=customer.id,
                    purpose=Purchase(reference),
                    money=money,
                    description="A disc",
                ),
            )
            await uow.commit()
        return owed

    async def pay(
        self, invoice_id: InvoiceId, owner: CustomerId | None = None, **options: Any
    ) -> Attempt | None:
        """Open an attempt and, for a checkout, bring it to the provider."""
        command = PayInvoiceCommand(
            cause=cause("pay"),
            invoice_id=invoice_id,
            owner=owner,
            provider=self.gateway.code,
            **options,
        )
        async with self.open_uow() as uow:
            attempt_id = await self.pay_invoice.within(uow, command)
            await uow.commit()
        if attempt_id is None:
            return None
        if command.method_id is None:
            return await self.pay_invoice.bring_to_provider(attempt_id, command.cause)
        return await self.attempt(attempt_id)

    async def checkout(self, invoice_id: InvoiceId, *, save: bool = True) -> Attempt:
        """Pay an invoice as a present customer does, with a card that works."""
        attempt = await self.pay(invoice_id, return_url="https://shop.test/", save_method=save)
        assert attempt is not None
        external_id = attempt.state.external_id
        self.gateway.gateway.pay(external_id)
        await self.look_up(external_id)
        return await self.attempt(attempt.id)

    async def look_up(self, external_id: str) -> None:
        """Do what a webhook leads to."""
        async with self.open_uow() as uow:
            uow.messages.add(
                [
                    NewMessage(
                        queue="webhooks",
                        name="payments.look_up.v1",
                        payload={"provider": self.gateway.code, "external_id": external_id},
                    )
                ]
            )
            await uow.commit()
        await self.carry_out()

    async def attempt(self, attempt_id: AttemptId | UUID) -> Attempt:
        async with self.open_uow() as uow:
            return (await uow.attempts.get_many([AttemptId(attempt_id)]))[AttemptId(attempt_id)]

    async def status(self, table: str, key: Any) -> str:
        return str(await self.value(f"SELECT status FROM {table} WHERE id = $1", key))

    async def subscriber(self, external_id: str = "c-1", **plan: Any) -> tuple[Customer, Any]:
        """Return a customer with an active, renewing subscription paid by a saved card."""
        customer, price = await self.customer(external_id), await self.plan_price(**plan)
        done = await self.subscribe(customer, price)
        assert done.invoice_id is not None
        await self.checkout(done.invoice_id)
        return customer, done.subscription.id

    def next_day(self, days: int = 1) -> None:
        self.clock.advance(timedelta(days=days))


@asynccontextmanager
async def house(database_url: str, *, start: datetime = START) -> AsyncIterator[House]:
    engine = create_engine(database_url)
    try:
        yield House(engine, ManualClock(start))
    finally:
        await engine.dispose()
