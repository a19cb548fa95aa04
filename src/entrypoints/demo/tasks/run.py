"""The years as a whole: a deployment of its own, the walk, the books, the checks."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from adapters.postgres.exchange_overview import PostgresExchangeOverview
from adapters.security.tokens import SignedTokens
from application.timetable import timetable
from entrypoints.cli.check import violations
from entrypoints.cli.clock import advanced, virtual
from entrypoints.container import Container
from entrypoints.demo import checks
from entrypoints.demo.stage import Interrupted, NotOurs, Step, client_of, container_of
from entrypoints.demo.tasks.analysis import analytics_checks, count_anew, yearly
from entrypoints.demo.tasks.books import checks_of, mail_check, read_books
from entrypoints.demo.tasks.company import PARTNER, Company
from entrypoints.demo.tasks.deliveries import Told
from entrypoints.demo.tasks.history import History
from entrypoints.demo.tasks.report import Report, write_report
from entrypoints.demo.tasks.walk import Walk, earned
from entrypoints.deployment import task_pricing
from entrypoints.processes import api_url
from entrypoints.sandbox.mail import MailCatcher
from entrypoints.settings import Settings
from entrypoints.up.child import Say
from entrypoints.up.run import Prepared, deployed, until_asked_to_stop

# Nobody subscribes to anything here: the jobs of subscriptions and charges rest.
_JOBS = frozenset({"payouts", "parked-facts", "analytics", "day-markers", "notifications"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to walk through, and how."""

    history: History
    told: Told
    workers: int
    mail_port: int
    every_night: bool
    report_folder: Path
    say: Say
    step: Step
    began: float


async def run_years(order: Order, ready: Prepared, after: Callable[[Report], None]) -> Report:
    """Start everything, walk, read the books, check them; `after` is told before all stops.

    Raises `NotOurs` for a database that is in use, and `Interrupted`.
    """
    async with (
        until_asked_to_stop() as stop,
        container_of(ready) as container,
        MailCatcher(port=order.mail_port) as mails,
        deployed(ready, say=order.say, workers=order.workers),
    ):
        report = await _walked(order, ready.settings, container, mails, stop)
        after(report)
    return report


async def _walked(
    order: Order,
    settings: Settings,
    container: Container,
    mails: MailCatcher,
    stop: asyncio.Event,
) -> Report:
    overview = PostgresExchangeOverview(container.engine())
    if not await overview.is_unused():
        raise NotOurs("the database holds people already: the demonstration needs an empty one")
    await _rest_of_the_timetable(container)
    clock = virtual(container)
    async with client_of(api_url(settings)) as api:
        partners = settings.event_partners or {}
        company = Company(api, SignedTokens(settings.token_key), partners[PARTNER])
        walk = Walk(
            company=company,
            history=order.history,
            told=order.told,
            zone=settings.billing_time_zone,
            move=clock.move_to,
            advance=lambda to: advanced(container, clock, to),
            look=lambda: overview.quiet(clock.now()),
            every_night=order.every_night,
        )
        walking = time.monotonic()
        await walk(order.step, stop)
        if stop.is_set():
            raise Interrupted
        walked = time.monotonic() - walking
        return await _report(order, container, walk, overview, mails, walked)


async def _rest_of_the_timetable(container: Container) -> None:
    zone = container.settings().billing_time_zone
    wanted = [replace(one, enabled=one.name in _JOBS) for one in timetable(zone)]
    async with container.open_uow()() as uow:
        await container.timetable().put(uow, wanted, container.clock().now())
        await uow.commit()


async def _report(
    order: Order,
    container: Container,
    walk: Walk,
    overview: PostgresExchangeOverview,
    mails: MailCatcher,
    walked: float,
) -> Report:
    books = await read_books(overview)
    live = await yearly(container, books)
    await count_anew(container)
    pricing = task_pricing(container.settings())
    people, keys, sums = earned(
        order.told,
        await overview.of_our_tracker(),
        lambda task: (pricing.of(task).fee.amount_minor, pricing.of(task).reward.amount_minor),
    )
    found = [
        *checks_of(books, people, keys, sums, (order.told.events, walk.company.taken)),
        *analytics_checks(books, live, await yearly(container, books)),
        mail_check(books, mails),
        checks.ledger_check(await container.check_ledger()()),
        checks.rules_check(await violations(container, drained=True)),
        checks.message_check(books.messages),
        checks.job_check(books.jobs),
    ]
    report = Report(
        source=order.history.source,
        left_out=order.history.left_out,
        tasks=len(order.history.work),
        people=len(order.history.people),
        events=order.told.events,
        deliveries=len(order.told.deliveries),
        created=walk.created,
        presses=walk.presses,
        mails=len(mails.letters),
        nights=walk.nights,
        books=books,
        checks=found,
        requests=walk.company.requests,
        seconds=time.monotonic() - order.began,
        walking_seconds=walked,
    )
    write_report(report, order.report_folder)
    return report
