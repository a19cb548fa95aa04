"""What the processes of a deployment are built from, on the loop each will run on."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from adapters.postgres.carrier_doors import all_queues
from adapters.postgres.engine import create_engine
from adapters.postgres.pruning import prune
from application.queues import QueueSpec
from application.timetable import timetable
from entrypoints.container import Container, build_container, close
from entrypoints.deployment import business_clock, stripe_settings
from entrypoints.scheduler.run import BuildScheduler, SchedulerParts
from entrypoints.settings import Settings
from entrypoints.workers.parts import BuildParts, WorkerParts
from entrypoints.workers.side_door import SideDoor, side_app

if TYPE_CHECKING:
    from entrypoints.sandbox.stripe.emulator import StripeAccount

MONTHS_AHEAD = 3
# A caller may repeat a request for a week; a month leaves room for a long weekend and a restore.
KEYS_KEPT = timedelta(days=30)
KEYS_FORGOTTEN_AT_ONCE = 5000
# Runs of jobs and notifications are evidence for as long as anybody disputes a charge.
RUNS_KEPT = timedelta(days=180)
PRUNED_AT_ONCE = 5000


def queues_of(database_url: str) -> Mapping[str, QueueSpec]:
    """Return every queue of this deployment: the shared ones, and those of its operators."""
    return asyncio.run(_all_queues(database_url))


async def _all_queues(database_url: str) -> Mapping[str, QueueSpec]:
    engine = create_engine(database_url, pool_size=1)
    try:
        return await all_queues(engine)
    finally:
        await engine.dispose()


def worker_parts(
    settings: Settings, database_url: str, redis_url: str, *, follows_operators: bool = False
) -> BuildParts:
    """Return what builds a worker's parts."""

    async def build() -> WorkerParts:
        container = build_container(settings, database_url=database_url, redis_url=redis_url)
        return WorkerParts(
            shop=container.workshop(),
            bell=container.bell(),
            side=_side_door(settings, container),
            queues=(lambda: all_queues(container.engine())) if follows_operators else None,
            warm=container.carrier().warm if follows_operators else None,
            close=lambda: close(container),
        )

    return build


def _side_door(settings: Settings, container: Container) -> SideDoor | None:
    if not settings.worker_port:
        return None
    return SideDoor(side_app(container), settings.worker_host, settings.worker_port)


def scheduler_parts(settings: Settings, database_url: str, redis_url: str) -> BuildScheduler:
    """Return what builds a scheduler's parts; the timetable is written first."""

    async def build() -> SchedulerParts:
        container = build_container(settings, database_url=database_url, redis_url=redis_url)
        await write_timetable(container)
        return SchedulerParts(
            fire=container.fire_due(),
            upkeep=lambda: keep_up(container),
            judge=container.messages().judge,
            close=lambda: close(container),
        )

    return build


async def write_timetable(container: Container) -> None:
    """Write the schedules of this version; one whose cadence is the same keeps its next tick."""
    zone = container.settings().billing_time_zone
    async with container.open_uow()() as uow:
        await container.timetable().put(uow, timetable(zone), container.clock().now())
        await uow.commit()


async def keep_up(container: Container) -> None:
    """Make the months of the event table ahead of time, and forget idempotency keys of old."""
    async with container.open_uow()() as uow:
        await uow.driver.execute("SELECT make_event_partitions($1)", MONTHS_AHEAD)
        await uow.driver.execute("SELECT make_operator_log_partitions($1)", MONTHS_AHEAD)
        await uow.commit()
    forgotten = KEYS_FORGOTTEN_AT_ONCE
    while forgotten == KEYS_FORGOTTEN_AT_ONCE:
        async with container.open_uow()() as uow:
            forgotten = await uow.answers.forget(KEYS_KEPT, KEYS_FORGOTTEN_AT_ONCE)
            await uow.commit()
    gone = PRUNED_AT_ONCE
    while gone >= PRUNED_AT_ONCE:
        async with container.open_uow()() as uow:
            gone = await prune(uow.driver, RUNS_KEPT, PRUNED_AT_ONCE)
            await uow.commit()


def serve_sandbox(settings: Settings) -> None:
    """Serve the sandbox for the shop and the operators it knows, until told to stop."""
    from entrypoints.sandbox.app import create_sandbox
    from entrypoints.sandbox.cloudpayments.behaviour import KINDS, Behaviour, Notifications
    from entrypoints.sandbox.cloudpayments.terminal import Account
    from entrypoints.sandbox.operators.examples import examples
    from entrypoints.sandbox.server import serve

    assert settings.sandbox_token, "checked by whoever asks"
    app = create_sandbox(
        folder=settings.data_folder / "sandbox",
        now=business_clock(settings).now,
        shop_id=settings.yookassa_shop_id or "sandbox",
        secret_key=settings.yookassa_secret or "sandbox",
        control_token=settings.sandbox_token,
        payout_agent=settings.yookassa_payout_agent,
        payout_secret=settings.yookassa_payout_secret,
        notification_urls=(f"{api_url(settings)}/webhooks/yookassa",),
        stripe=_stripe_account(settings),
        operators=examples(settings.operator_secrets or {}, f"{api_url(settings)}/callbacks"),
        terminal=Account(
            public_id=settings.cloudpayments_public_id or "sandbox",
            secret=settings.cloudpayments_secret or "sandbox",
        ),
        terminal_behaviour=Behaviour(
            notifications=Notifications(
                url=f"{api_url(settings)}/webhooks/cloudpayments", kinds=KINDS
            )
        ),
    )
    serve(app, host=settings.sandbox_host, port=settings.sandbox_port)


def _stripe_account(settings: Settings) -> "StripeAccount | None":
    """Return the account at Stripe to emulate: the one the settings name, if it is a test one."""
    from entrypoints.sandbox.stripe.behaviour import Behaviour, Webhooks
    from entrypoints.sandbox.stripe.emulator import StripeAccount

    stripe = stripe_settings(settings)
    if stripe is None or not stripe.test_mode:
        return None
    roads = Webhooks(urls=(f"{api_url(settings)}/webhooks/stripe",), secrets=stripe.webhook_secrets)
    return StripeAccount(secret_key=stripe.secret, behaviour=Behaviour(notifications=roads))


def api_url(settings: Settings) -> str:
    """Return where the API of this deployment answers on this machine."""
    return f"http://{settings.api_host}:{settings.api_port}"
