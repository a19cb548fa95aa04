"""The demonstration as a whole: a deployment of its own, the walk, the books, the checks."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from adapters.clock import VirtualClock
from adapters.embedded.ports import free_port
from adapters.postgres.overview import PostgresOverview
from adapters.security.tokens import SignedTokens
from entrypoints.cli.check import violations
from entrypoints.cli.clock import advanced, virtual
from entrypoints.cli.failures import Refused
from entrypoints.container import Container, build_container, close
from entrypoints.demo import checks
from entrypoints.demo.books import read_books
from entrypoints.demo.chart import draw_chart
from entrypoints.demo.purchases import FIRST_DAY, totals
from entrypoints.demo.quiet import Quiet
from entrypoints.demo.report import CHART, Report, write_report
from entrypoints.demo.shop import PROVIDER, Shop
from entrypoints.demo.walk import Walk, opening
from entrypoints.deployment import CLOCK_FILE
from entrypoints.processes import api_url, write_timetable
from entrypoints.settings import PREFIX, Settings
from entrypoints.up.child import Say
from entrypoints.up.crew import answers
from entrypoints.up.run import Prepared, deployed, until_asked_to_stop

_MARK = ".demo"
_CONTROL = "/sandbox/control"
_READY_SECONDS = 60.0
_AT_ONCE = 32
_KEPT = ("KAZNA_DATABASE_URL", "KAZNA_REDIS_URL", "KAZNA_ENVIRONMENT")
Step = Callable[[int, int, str], None]


class NotOurs(Refused):
    """The demonstration would mix with something that is there already; one sentence."""


class Interrupted(Exception):
    """Somebody stopped the walk."""


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


def cleared(folder: Path) -> None:
    """Make a folder for one demonstration, removing the last one. Raises `NotOurs`."""
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARK).exists():
        raise NotOurs(f"{folder} is not empty and no demonstration of ours: choose another folder")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    (folder / _MARK).touch()
    VirtualClock.create(folder / CLOCK_FILE, opening(FIRST_DAY).replace(hour=0)).close()


def environment_of_demo(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without settings of other deployments, but for the servers' addresses.

    A demonstration must never reach a shop where money is real.
    """
    return {
        name: value
        for name, value in environ.items()
        if not name.startswith(PREFIX) or name.removesuffix("_FILE") in _KEPT
    }


def settings_of_demo(folder: Path) -> dict[str, str]:
    """Return the settings of a demonstration; ports are free ones, so that two do not collide."""
    api_port, sandbox_port = free_port(), free_port()
    address = f"http://127.0.0.1:{api_port}"
    return {
        "KAZNA_DATA_FOLDER": str(folder.resolve()),
        "KAZNA_CLOCK": "virtual",
        "KAZNA_BILLING_TIME_ZONE": "America/New_York",
        "KAZNA_API_PORT": str(api_port),
        "KAZNA_SANDBOX_PORT": str(sandbox_port),
        "KAZNA_PUBLIC_URL": address,
        "KAZNA_RETURN_ORIGINS": address,
        "KAZNA_LOG_LEVEL": "warning",
    }


async def run_demo(order: Order, ready: Prepared, after: Callable[[Report], None]) -> Report:
    """Start everything, walk, read the books, check them; `after` is told before all stops.

    Raises `NotOurs` for a database that is in use, and `Interrupted`.
    """
    async with (
        until_asked_to_stop() as stop,
        _container(ready) as container,
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
        _client(api_url(settings)) as api,
        _client(f"{sandbox_url}{_CONTROL}", control_headers) as control,
    ):
        await answers(
            f"{sandbox_url}{_CONTROL}/idle",
            patience_seconds=_READY_SECONDS,
            headers=control_headers,
        )
        config = await control.patch("/config", json={"decline_percent": order.declines})
        config.raise_for_status()
        await write_timetable(container)
        shop = Shop(api, SignedTokens(settings.token_key))
        clock = virtual(container)
        walk = Walk(
            shop=shop,
            quiet=Quiet(overview, control, clock.now),
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
        checks.message_check(books),
        checks.job_check(books),
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


@asynccontextmanager
async def _container(ready: Prepared) -> AsyncIterator[Container]:
    container = build_container(
        ready.settings, database_url=ready.found.database_url, redis_url=ready.found.redis_url
    )
    try:
        yield container
    finally:
        await close(container)


def _client(url: str, headers: Mapping[str, str] | None = None) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=url,
        headers=headers,
        timeout=60,
        trust_env=False,
        limits=httpx.Limits(max_connections=_AT_ONCE, max_keepalive_connections=_AT_ONCE),
    )
