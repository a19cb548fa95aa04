"""The week as a whole: a deployment of its own, the walk, the books, the checks."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from adapters.postgres.carrier_overview import PostgresCarrierOverview
from adapters.security.tokens import SignedTokens
from entrypoints.cli.check import violations
from entrypoints.cli.clock import advanced, virtual
from entrypoints.container import Container
from entrypoints.demo import checks
from entrypoints.demo.caller import Caller
from entrypoints.demo.carrier.books import checks_of, read_books
from entrypoints.demo.carrier.cast import CAST, Operator
from entrypoints.demo.carrier.company import Company
from entrypoints.demo.carrier.report import Report, write_report
from entrypoints.demo.carrier.traffic import draw_traffic
from entrypoints.demo.carrier.walk import Walk
from entrypoints.demo.quiet import Quiet
from entrypoints.demo.stage import Interrupted, NotOurs, Step, client_of, container_of
from entrypoints.processes import api_url, write_timetable
from entrypoints.settings import Settings
from entrypoints.up.child import Say
from entrypoints.up.crew import answers
from entrypoints.up.run import Prepared, deployed, until_asked_to_stop

_READY_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to walk with: how many orders in the week, drawn from which seed."""

    orders: int
    seed: int
    workers: int
    folder: Path
    report_folder: Path
    say: Say
    step: Step
    began: float


async def run_week(order: Order, ready: Prepared, after: Callable[[Report], None]) -> Report:
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
    return report


async def _walked(
    order: Order, settings: Settings, container: Container, stop: asyncio.Event
) -> Report:
    overview = PostgresCarrierOverview(container.engine())
    if not await overview.is_unused():
        raise NotOurs("the database holds customers already: the demonstration needs an empty one")
    sandbox_url = f"http://{settings.sandbox_host}:{settings.sandbox_port}"
    headers = {"x-sandbox-control": settings.sandbox_token or ""}
    async with client_of(api_url(settings)) as api, client_of(sandbox_url, headers) as sandbox:
        await answers(
            f"{sandbox_url}/sandbox/control/idle",
            patience_seconds=_READY_SECONDS,
            headers=headers,
        )
        await write_timetable(container)
        caller = Caller(api, SignedTokens(settings.token_key))
        company = Company(caller, sandbox, sandbox_url)
        traffic = draw_traffic(CAST, order.orders, order.seed)
        for operator in CAST:
            await company.set_up(operator)
            await company.list_numbers(operator, traffic)
        clock = virtual(container)
        walk = Walk(
            company=company,
            container=container,
            cast=CAST,
            traffic=traffic,
            advance=lambda to: advanced(container, clock, to),
            settled=Quiet(overview.quiet, sandbox, clock.now, _idle_paths(CAST)),
            calm=Quiet(overview.calm, sandbox, clock.now, _idle_paths(CAST)),
            folder=order.folder,
        )
        walking = time.monotonic()
        await walk(order.step, stop)
        if stop.is_set():
            raise Interrupted
        walked = time.monotonic() - walking
        return await _report(order, container, walk, overview, walked)


async def _report(
    order: Order,
    container: Container,
    walk: Walk,
    overview: PostgresCarrierOverview,
    walked: float,
) -> Report:
    books = await read_books(overview, walk.cast, walk.traffic, walk.billed)
    found = [
        *checks_of(books),
        checks.ledger_check(await container.check_ledger()()),
        checks.rules_check(await violations(container, drained=True)),
        checks.message_check(books.messages),
        checks.job_check(books.jobs),
    ]
    report = Report(
        books=books,
        checks=found,
        found_in_records=walk.found_in_records,
        requests=walk.company.caller.requests,
        seconds=time.monotonic() - order.began,
        walking_seconds=walked,
    )
    write_report(report, order.report_folder)
    return report


def _idle_paths(cast: Sequence[Operator]) -> tuple[str, ...]:
    return tuple(f"/sandbox/operators/{one.code}/control/idle" for one in cast)
