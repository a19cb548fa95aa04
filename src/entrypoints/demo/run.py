"""The demonstration as a whole: a deployment of its own, the walk, the books, the checks."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from adapters.postgres.overview import PostgresOverview
from adapters.security.tokens import SignedTokens
from entrypoints.cli.check import violations
from entrypoints.cli.clock import advanced, virtual
from entrypoints.container import Container
from entrypoints.demo import checks
from entrypoints.demo.books import read_books
from entrypoints.demo.caller import Caller
from entrypoints.demo.chart import draw_chart
from entrypoints.demo.purchases import totals
from entrypoints.demo.quiet import Quiet
from entrypoints.demo.report import CHART, Report, write_report
from entrypoints.demo.shop import PROVIDER, Shop
from entrypoints.demo.stage import Interrupted, NotOurs, Step, client_of, container_of
from entrypoints.demo.walk import Walk
from entrypoints.processes import api_url, write_timetable
from entrypoints.settings import Settings
from entrypoints.up.child import Say
from entrypoints.up.crew import answers
from entrypoints.up.run import Prepared, deployed, until_asked_to_stop

_CONTROL = "/sandbox/control"
_READY_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to walk with: every n-th customer, and how many charges in a hundred are declined.

    `stay` keeps the deployment running after the books were checked.
    """

    every: int
    days: int
    declines: float
    workers: int
    report_folder: Path
    say: Say
    step: Step
    began: float
    stay: bool = False


async def run_demo(order: Order, ready: Prepared, after: Callable[[Report], None]) -> Report:
    """Start everything, walk, read the books, check them; `after` is told before all stops.

    Raises `NotOurs` for a database that is in use, and `Interrupted`.
    """
    async with (
        until_asked_to_stop() as stop,
        container_of(ready) as container,
        deployed(ready, say=order.say, workers=order.workers),
    ):
        report = await _walked(order, ready.settings, container, stop)
        after(report)
        if order.stay:
            await stop.wait()
    return report


async def _walked(
    order: Order, settings: Settings, container: Container, stop: asyncio.Event
) -> Report:
    overview = PostgresOverview(container.engine())
    if not await overview.is_unused():
        raise NotOurs("the database holds customers already: the demonstration needs an empty one")
    sandbox_url = f"http://{settings.sandbox_host}:{settings.sandbox_port}"
    control_headers = {"x-sandbox-control": settings.sandbox_token or ""}
    async with (
        client_of(api_url(settings)) as api,
        client_of(f"{sandbox_url}{_CONTROL}", control_headers) as control,
    ):
        await answers(
            f"{sandbox_url}{_CONTROL}/idle",
            patience_seconds=_READY_SECONDS,
            headers=control_headers,
        )
        config = await control.patch("/config", json={"decline_percent": order.declines})
        config.raise_for_status()
        await write_timetable(container)
        shop = Shop(Caller(api, SignedTokens(settings.token_key)))
        clock = virtual(container)
        walk = Walk(
            shop=shop,
            quiet=Quiet(overview.quiet, control, clock.now),
            overview=overview,
            advance=lambda to: advanced(container, clock, to),
            club=await shop.open_club(),
            every=order.every,
            days=order.days,
        )
        walking = time.monotonic()
        await walk(order.step, stop)
        if stop.is_set():
            raise Interrupted
        walked = time.monotonic() - walking
        return await _report(order, container, walk, control, walked)


async def _report(
    order: Order, container: Container, walk: Walk, control: httpx.AsyncClient, walked: float
) -> Report:
    file = totals(every=order.every, days=order.days)
    overview = walk.overview
    books = await read_books(overview, walk.by_month, container.settings().billing_time_zone)
    compared = await checks.compare(control, overview)
    ours = await overview.count_at_gateway(PROVIDER)
    found = [
        checks.ledger_check(await container.check_ledger()()),
        checks.rules_check(await violations(container, drained=True)),
        *checks.file_checks(books, file, walk.sold, declines=order.declines > 0),
        checks.gateway_check(compared, ours, books),
        checks.message_check(books.messages),
        checks.job_check(books.jobs),
    ]
    report = Report(
        books=books,
        checks=found,
        sold=walk.sold,
        customers=file.customers,
        days=order.days,
        seconds=time.monotonic() - order.began,
        walking_seconds=walked,
        requests=walk.shop.requests,
        samples=await overview.samples(),
    )
    order.report_folder.mkdir(parents=True, exist_ok=True)
    draw_chart(books, order.report_folder / CHART)
    write_report(report, order.report_folder)
    return report
