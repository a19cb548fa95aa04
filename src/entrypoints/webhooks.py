"""The webhooks' part of the composition root: endpoints, their deliveries, and who carries them."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.clock import SystemClock
from adapters.courier import GuardedCourier
from adapters.http.outbound import Outbound
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from adapters.postgres.webhook_deliveries import PostgresDeliveries, webhook_reading
from adapters.postgres.webhook_endpoints import PostgresEndpoints
from adapters.postgres.webhook_queries import PostgresWebhookQueries
from adapters.security.sealed import SealedTexts
from application.jobs import Job
from application.ports import Clock, Entropy, Metrics
from application.webhooks.deliver import DeliverWebhooks
from application.webhooks.endpoints import LookAfterEndpoints
from application.webhooks.order_deliveries import OrderDeliveries
from application.webhooks.ports import DELIVER
from application.webhooks.resend import ResendDeliveries
from entrypoints.settings import Settings

OpenUnit = Callable[[], AbstractAsyncContextManager[PostgresUnitOfWork]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhooks:
    """What a process may need of webhooks."""

    way_out: Outbound
    endpoints: LookAfterEndpoints
    resend: ResendDeliveries
    queries: PostgresWebhookQueries
    handlers: Mapping[str, Any]
    jobs: Sequence[Job]

    async def aclose(self) -> None:
        """Close the connections to endpoints."""
        await self.way_out.aclose()


def build_webhooks(
    *,
    settings: Settings,
    engine: AsyncEngine,
    open_uow: OpenUnit,
    clock: Clock,
    entropy: Entropy,
    metrics: Metrics,
) -> Webhooks:
    """Put webhooks together; in production they leave by https alone, never to this machine."""
    way_out = Outbound(
        None,
        loopback_allowed=not settings.is_production,
        https_only=settings.is_production,
    )
    endpoints, deliveries = PostgresEndpoints(), PostgresDeliveries()
    box = SealedTexts(settings.sealing_keys)
    return Webhooks(
        way_out=way_out,
        endpoints=LookAfterEndpoints(endpoints, deliveries, box, clock, entropy),
        resend=ResendDeliveries(endpoints, deliveries),
        queries=PostgresWebhookQueries(engine),
        handlers={
            DELIVER: DeliverWebhooks(
                open_uow,
                endpoints,
                deliveries,
                GuardedCourier(way_out),
                box,
                clock,
                SystemClock(),
                entropy,
                metrics,
            )
        },
        jobs=(OrderDeliveries(open_uow, webhook_reading(), endpoints, deliveries, entropy),),
    )
