"""The task exchange's part of the composition root: the accounting of tasks and its days."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.account_queries import PostgresAccountQueries
from adapters.postgres.carrier_doors import PostgresInbox
from adapters.postgres.payout_days import PostgresDays
from adapters.postgres.task_books import PostgresTaskBooks
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from adapters.postgres.wallets import PostgresWallets
from application.jobs import Job
from application.ledger.parked_facts import ReplayDead, TakeUpParked
from application.ledger.run_payouts import RunPayouts
from application.ledger.take_events import TakeEvents
from application.ledger.task_events import TASK_EVENT, DigestTaskEvents, Pricing
from application.notifications.messages import PAYOUT_NOTICE
from application.notifications.messages import QUEUE as NOTIFICATIONS
from application.ports import Clock, Listener, Metrics
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
    queries: PostgresAccountQueries
    handlers: Mapping[str, Any]
    jobs: Sequence[Job]


def build_exchange(
    *,
    engine: AsyncEngine,
    open_uow: OpenUnit,
    clock: Clock,
    metrics: Metrics,
    zone: ZoneInfo,
    pricing: Pricing,
) -> Exchange:
    """Put the accounting of tasks together."""
    books, wallets = PostgresTaskBooks(upcast), PostgresWallets()
    return Exchange(
        take_events=TakeEvents(PostgresInbox(), upcast),
        replay=ReplayDead(books),
        queries=PostgresAccountQueries(engine),
        handlers={
            TASK_EVENT: DigestTaskEvents(pricing, books, wallets, upcast, zone, clock, metrics),
        },
        jobs=(
            RunPayouts(open_uow, wallets, PostgresDays(), zone, listeners=PAYOUT_LISTENERS),
            TakeUpParked(open_uow, books),
        ),
    )
