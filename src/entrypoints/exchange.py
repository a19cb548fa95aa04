"""The task exchange's part of the composition root: the accounting of tasks, and analytics."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.account_queries import PostgresAccountQueries
from adapters.postgres.analytics import PostgresAggregates, PostgresReading
from adapters.postgres.analytics_queries import PostgresAnalyticsQueries
from adapters.postgres.carrier_doors import PostgresInbox
from adapters.postgres.corrections import PostgresCorrections
from adapters.postgres.payout_days import PostgresDays
from adapters.postgres.payouts import PostgresPayouts
from adapters.postgres.subscription_figures import PostgresSubscriptionFigures
from adapters.postgres.task_books import PostgresTaskBooks
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from adapters.postgres.wallets import PostgresWallets
from application.analytics.read_events import ReadEvents, Rebuild
from application.jobs import Job
from application.ledger.corrections import DecideCorrection, HoldWallet, ProposeCorrection
from application.ledger.destinations import SetDestination
from application.ledger.parked_facts import ReplayDead, TakeUpParked
from application.ledger.payout_methods import SEND, PayoutProvider, ThroughProvider
from application.ledger.run_payouts import RunPayouts
from application.ledger.send_payouts import SendPayouts
from application.ledger.take_events import TakeEvents
from application.ledger.task_events import TASK_EVENT, DigestTaskEvents, Pricing
from application.notifications.messages import PAYOUT_NOTICE
from application.notifications.messages import QUEUE as NOTIFICATIONS
from application.ports import Clock, Entropy, Listener, Metrics
from domain.tasks.title import upcast

PAYOUT_LISTENERS = (Listener(NOTIFICATIONS, PAYOUT_NOTICE),)


class OpenUnit(Protocol):
    """Opens a unit of work."""

    def __call__(self) -> AbstractAsyncContextManager[PostgresUnitOfWork]:
        """Open one."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What a process may need of the task exchange."""

    take_events: TakeEvents
    replay: ReplayDead
    propose: ProposeCorrection
    decide: DecideCorrection
    hold: HoldWallet
    set_destination: SetDestination
    queries: PostgresAccountQueries
    analytics: PostgresAnalyticsQueries
    figures: PostgresSubscriptionFigures
    rebuild: Rebuild
    handlers: Mapping[str, Any]
    jobs: Sequence[Job]


def build_exchange(
    *,
    engine: AsyncEngine,
    open_uow: OpenUnit,
    clock: Clock,
    entropy: Entropy,
    metrics: Metrics,
    zone: ZoneInfo,
    pricing: Pricing,
    is_strict: bool,
    payout_providers: Mapping[str, PayoutProvider],
    payout_method: str | None,
) -> Exchange:
    """Put the accounting of tasks together; without a `payout_method` payouts settle at once."""
    books, wallets = PostgresTaskBooks(upcast), PostgresWallets()
    payouts = PostgresPayouts()
    provider = None if payout_method is None else ThroughProvider(payout_method, payouts)
    corrections, days = PostgresCorrections(), PostgresDays()
    read_events = ReadEvents(open_uow, PostgresReading(), PostgresAggregates())
    return Exchange(
        take_events=TakeEvents(PostgresInbox(), upcast),
        replay=ReplayDead(books),
        propose=ProposeCorrection(corrections, clock, entropy),
        decide=DecideCorrection(corrections, wallets, zone, clock),
        hold=HoldWallet(corrections, wallets),
        set_destination=SetDestination(payouts, clock),
        queries=PostgresAccountQueries(engine),
        analytics=PostgresAnalyticsQueries(engine),
        figures=PostgresSubscriptionFigures(engine, zone),
        rebuild=Rebuild(read_events),
        handlers={
            TASK_EVENT: DigestTaskEvents(
                pricing, books, wallets, days, upcast, zone, clock, metrics
            ),
            SEND: SendPayouts(open_uow, payouts, wallets, payout_providers, zone, clock),
        },
        jobs=(
            RunPayouts(
                open_uow,
                wallets,
                days,
                zone,
                is_strict=is_strict,
                provider=provider,
                listeners=PAYOUT_LISTENERS,
            ),
            TakeUpParked(open_uow, books),
            read_events,
        ),
    )
