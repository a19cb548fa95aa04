"""The carrier's part of the composition root: gateways, handlers, jobs and doors."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from time import monotonic
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.operators.configured import ConfiguredOperators, is_managed
from adapters.postgres.carrier_broadcasts import PostgresBroadcasts
from adapters.postgres.carrier_desk import PostgresDesk
from adapters.postgres.carrier_doors import (
    PostgresBacklog,
    PostgresChargeRecords,
    PostgresInbox,
    PostgresLiveNumbers,
    PostgresWireIds,
)
from adapters.postgres.carrier_pixels import PostgresPixels
from adapters.postgres.carrier_queries import PostgresCarrierQueries
from adapters.postgres.carrier_references import PostgresReferences
from adapters.postgres.carrier_sms import PostgresOperatorLog, PostgresSms
from adapters.postgres.pixel_queries import PostgresPixelQueries
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from adapters.redis.fresh import RedisFresh
from adapters.redis.throttle import RedisThrottle
from application.carrier import journal, order_sms, send_sms, wire
from application.carrier.accept_orders import AcceptOrders
from application.carrier.aftermath import Aftermath, Pixels
from application.carrier.broadcast import (
    BROADCAST,
    OrderBroadcasts,
    PlanBroadcasts,
    SendBroadcasts,
)
from application.carrier.cache import WarmFresh
from application.carrier.charge_due import ChargeDue, ChargePeriodic, RetryFailed
from application.carrier.digest_answers import DigestAnswers
from application.carrier.digest_reports import DigestReports
from application.carrier.first_charges import FirstCharges
from application.carrier.inject import InjectCharges
from application.carrier.load_retries import LoadRetries
from application.carrier.manage import SetUpCarrier
from application.carrier.open_number_charges import OpenNumberCharges
from application.carrier.pixel_ports import Postman
from application.carrier.pixels import (
    SEND_PIXEL,
    OrderPixels,
    ResendPixels,
    SendPixels,
)
from application.carrier.ports import Operators
from application.carrier.receive import ReceiveCallback, TakeOrders
from application.carrier.resolve import ResolveReport
from application.carrier.send_charges import SendCharges
from application.carrier.unsubscribe import Unsubscribe
from application.jobs import Job
from application.ports import Clock, Entropy, Metrics

OpenUnit = Callable[[], AbstractAsyncContextManager[PostgresUnitOfWork]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Advertising:
    """Postbacks: what orders them, what sends them, and what is looked at."""

    order: OrderPixels
    rows: PostgresPixels
    resend: ResendPixels
    queries: PostgresPixelQueries


def build_pixels(
    *, engine: AsyncEngine, clock: Clock, entropy: Entropy, metrics: Metrics
) -> Advertising:
    """Put postbacks together, but for their sending."""
    rows = PostgresPixels()
    return Advertising(
        order=OrderPixels(rows, clock, entropy, metrics),
        rows=rows,
        resend=ResendPixels(rows, clock),
        queries=PostgresPixelQueries(engine),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """Everything of the carrier that a process may need."""

    references: PostgresReferences
    operators: Operators
    fresh: RedisFresh
    warm: WarmFresh
    throttle: RedisThrottle
    digest: DigestAnswers
    receive: ReceiveCallback
    take_orders: TakeOrders
    unsubscribe: Unsubscribe
    set_up: SetUpCarrier
    resolve: ResolveReport
    load_retries: LoadRetries
    inject: InjectCharges
    charges: PostgresChargeRecords
    broadcasts: PlanBroadcasts
    queries: PostgresCarrierQueries
    sms: PostgresSms
    handlers: Mapping[str, Any]
    jobs: Sequence[Job]

    async def aclose(self) -> None:
        """Let go of connections."""
        if isinstance(self.operators, ConfiguredOperators):
            await self.operators.aclose()
        await self.fresh.aclose()
        await self.throttle.aclose()


def build_carrier(
    *,
    engine: AsyncEngine,
    open_uow: OpenUnit,
    redis_url: str,
    clock: Clock,
    entropy: Entropy,
    metrics: Metrics,
    pixels: Pixels,
    postman: Postman,
    public_url: str,
    secrets: Mapping[str, Mapping[str, str]] | None,
    operators: Operators | None = None,
) -> Carrier:
    """Put the carrier together; `operators` stands in for the installed protocols in tests."""
    references = PostgresReferences(engine, is_managed)
    gateways = operators or ConfiguredOperators(references, secrets or {})
    fresh = RedisFresh(redis_url)
    throttle = RedisThrottle(redis_url, clock)
    desk, days = PostgresDesk(), PostgresBroadcasts()
    box, log = PostgresSms(), journal.LateJournal()
    texts = order_sms.OrderSms(box, clock, entropy)
    content = order_sms.GiveContent(box, texts, clock, entropy, public_url)
    aftermath = Aftermath(references, texts, content, pixels, box, clock)
    unsubscribe = Unsubscribe(aftermath, clock)
    digest = DigestAnswers(aftermath, metrics)
    opening = OpenNumberCharges(references, texts)
    charge_due = ChargeDue(open_uow, opening, entropy)
    take_orders = TakeOrders(entropy)
    return Carrier(
        references=references,
        operators=gateways,
        fresh=fresh,
        warm=WarmFresh(PostgresLiveNumbers(engine), fresh),
        throttle=throttle,
        digest=digest,
        receive=ReceiveCallback(
            open_uow, gateways, PostgresInbox(), take_orders, log, clock, entropy
        ),
        take_orders=take_orders,
        unsubscribe=unsubscribe,
        set_up=SetUpCarrier(desk, clock, entropy),
        queries=PostgresCarrierQueries(engine),
        inject=InjectCharges(references, PostgresInbox(), clock),
        charges=PostgresChargeRecords(),
        broadcasts=PlanBroadcasts(references, days),
        load_retries=LoadRetries(references, PostgresWireIds(), clock, entropy),
        resolve=ResolveReport(desk, digest, unsubscribe, take_orders),
        sms=box,
        handlers={
            wire.ORDER: AcceptOrders(references, fresh, texts, clock, entropy, metrics),
            wire.FIRST_CHARGE: FirstCharges(opening, clock),
            wire.CHARGE: SendCharges(
                open_uow, references, gateways, throttle, log, clock, metrics, monotonic
            ),
            wire.ANSWER: digest,
            wire.REPORT: DigestReports(references, fresh, digest, unsubscribe, clock, entropy),
            order_sms.SEND_SMS: send_sms.SendSms(
                open_uow, box, references, gateways, throttle, log, clock
            ),
            send_sms.SMS_ANSWER: send_sms.RecordSms(box),
            SEND_PIXEL: SendPixels(open_uow, PostgresPixels(), references, postman, clock, metrics),
            BROADCAST: SendBroadcasts(open_uow, gateways, days, log, metrics),
            journal.LOG: journal.WriteOperatorLog(PostgresOperatorLog()),
        },
        jobs=(
            ChargePeriodic(charge_due, references),
            RetryFailed(charge_due, references, PostgresBacklog(engine)),
            OrderBroadcasts(open_uow, references, gateways, days),
        ),
    )
