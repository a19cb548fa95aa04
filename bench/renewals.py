"""Durable renewals per second: from a due row to a paid period with every side effect committed.

Invoice with its chain, charge attempt, gateway call, period, ledger posting, events and message:
all of it durable (fsync on). Three ways, each adding what the one before leaves out:

- in this process, against a gateway in memory: Kazna's own code and PostgreSQL, no Redis;
- through one real worker process, bells and all, against a gateway in its memory;
- through `kazna worker` as it is, against the sandbox over HTTP, whose notifications come back to
  `kazna api` and are looked up.

No peer publishes this number, so it stands alone, with the share of our own CPU in it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from time import perf_counter, process_time
from zoneinfo import ZoneInfo

import httpx
from tests.integration.billing.house import House

from adapters.clock import VirtualClock
from adapters.embedded.ports import free_port
from adapters.entropy import SystemEntropy
from adapters.metrics.prometheus import PrometheusMetrics
from adapters.postgres.overview import PostgresOverview
from adapters.postgres.unit_of_work import units_of_work
from adapters.redis.bell import RedisBell
from application.ports import NewMessage
from bench.place import START, place
from bench.processes import Running, Stage, stage, until
from bench.subscribers import subscribe_all
from entrypoints.demo.quiet import Quiet
from entrypoints.deployment import CLOCK_FILE
from entrypoints.up.crew import answers

_BATCH = 20
_UTC = ZoneInfo("UTC")
_SECRET = "bench-sandbox-secret-of-no-value"
_AT_ONCE = 16


@dataclass(frozen=True)
class Measured:
    """Renewals per second of each month, and CPU milliseconds per renewal by process."""

    rates: list[float]
    cpu: dict[str, list[float]]

    def tell(self, how: str) -> None:
        """Print it."""
        spent = ", ".join(f"{name} {median(each):.2f} ms" for name, each in self.cpu.items())
        print(f"P10 {how}: {median(self.rates):.0f} durable renewals/s; CPU per renewal: {spent}")


async def _here(count: int, months: int) -> Measured:
    """Renew in this process, with the handlers of a worker."""
    rates, spent = [], []
    async with place() as there:
        home = House(there.engine, there.clock)
        assert home.clock.now() == START
        cards = [home.gateway.gateway.save_method().external_id for _ in range(count)]
        await subscribe_all(home, home.gateway.code, cards)
        await _carry_out(home)
        for _ in range(months):
            home.next_day(31)
            began, cpu = perf_counter(), process_time()
            report = await home.job("autopayments")
            await _carry_out(home)
            rates.append(count / (perf_counter() - began))
            spent.append(1000 * (process_time() - cpu) / count)
            assert report.counts == {"charged": count}, report
        granted = await home.value("SELECT count(*) FROM subscription_period")
        assert granted == count * (months + 1)
    return Measured(rates, {"Kazna": spent})


async def _carry_out(home: House) -> None:
    while messages := await home.open_messages():
        for start in range(0, len(messages), _BATCH):
            await home.handle(messages[start : start + _BATCH])


def _deployment(on: Stage) -> tuple[House, VirtualClock]:
    """Return what seeds a deployment on the stage, and the clock its processes share."""
    folder = on.here.folder / "deployment"
    clock = VirtualClock.create(folder / CLOCK_FILE, START)
    return House(on.here.engine, on.here.clock, _UTC), clock


async def _months(
    on: Stage,
    home: House,
    clock: VirtualClock,
    shape: tuple[int, int],
    measured: dict[str, Running],
    quiet: Callable[[], Awaitable[None]],
) -> Measured:
    """Let a month pass, send the job, and wait until every period is paid; again and again."""
    count, months = shape
    bell = RedisBell(on.redis.url, metrics=PrometheusMetrics())
    open_uow = units_of_work(
        on.here.engine, clock=clock, entropy=SystemEntropy(), ring=bell.ring, zone=_UTC
    )

    def granted(aim: int) -> Callable[[], Awaitable[bool]]:
        async def all_granted() -> bool:
            return bool(await home.value("SELECT count(*) FROM subscription_period") == aim)

        return all_granted

    await until(granted(count), "the first periods", patience_seconds=180)
    await quiet()
    rates: list[float] = []
    cpu: dict[str, list[float]] = {name: [] for name in measured}
    for month in range(1, months + 1):
        clock.move_to(clock.now() + timedelta(days=31))
        before = {name: one.cpu_seconds for name, one in measured.items()}
        payload = {"job": "autopayments", "now": clock.now().isoformat()}
        began = perf_counter()
        async with open_uow() as uow:
            uow.messages.add([NewMessage(queue="jobs", name="jobs.run.v1", payload=payload)])
            await uow.commit()
        await until(granted(count * (month + 1)), "paid periods", patience_seconds=180)
        rates.append(count / (perf_counter() - began))
        await quiet()
        for name, one in measured.items():
            cpu[name].append(1000 * (one.cpu_seconds - before[name]) / count)
    bell.close()
    return Measured(rates, cpu)


async def _through_worker(count: int, months: int) -> Measured:
    """Renew through one worker process, with a gateway in its memory."""
    async with stage() as on:
        home, clock = _deployment(on)
        await subscribe_all(home, home.gateway.code, [f"card-{n}" for n in range(count)])
        worker = await on.worker(BENCH_GATEWAY="here", KAZNA_CLOCK="virtual")

        async def quiet() -> None:
            async def nothing_open() -> bool:
                return not await home.value("SELECT count(*) FROM message")

            await until(nothing_open, "an empty queue")

        measured = {"worker": worker}
        return await _months(on, home, clock, (count, months), measured, quiet)


async def _through_sandbox(count: int, months: int) -> Measured:
    """Renew through `kazna worker`, `kazna api` and `kazna sandbox`, over HTTP."""
    api, sandbox = free_port(), free_port()
    settings = {
        "KAZNA_CLOCK": "virtual",
        "KAZNA_API_PORT": str(api),
        "KAZNA_SANDBOX_PORT": str(sandbox),
        "KAZNA_SANDBOX_TOKEN": _SECRET,
        "KAZNA_YOOKASSA_SHOP_ID": "100500",
        "KAZNA_YOOKASSA_SECRET": _SECRET,
        "KAZNA_YOOKASSA_URL": f"http://127.0.0.1:{sandbox}/v3",
        "KAZNA_YOOKASSA_TEST": "true",
        "KAZNA_YOOKASSA_NETWORKS": "127.0.0.1/32",
        "KAZNA_LOG_LEVEL": "info",
    }
    token = {"x-sandbox-control": _SECRET}
    async with stage() as on:
        home, clock = _deployment(on)
        url = f"http://127.0.0.1:{sandbox}"
        crew = {name: await on.kazna(name, **settings) for name in ("sandbox", "api", "worker")}
        await answers(f"http://127.0.0.1:{api}/health", patience_seconds=60)
        control = f"{url}/sandbox/control"
        await answers(f"{control}/idle", patience_seconds=60, headers=token)
        await crew["worker"].said("working on")
        async with httpx.AsyncClient(base_url=control, headers=token, trust_env=False) as client:
            quiet = Quiet(PostgresOverview(on.here.engine).quiet, client, clock.now)
            await subscribe_all(home, "yookassa", await _saved_cards(url, count))
            return await _months(on, home, clock, (count, months), crew, quiet)


async def _saved_cards(url: str, count: int) -> list[str]:
    """Bind cards at the sandbox as their owners do, and return their ids."""
    gate = asyncio.Semaphore(_AT_ONCE)
    back = {"type": "redirect", "return_url": "http://127.0.0.1/"}
    auth = httpx.BasicAuth("100500", _SECRET)
    async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as shop:

        async def bound(number: int) -> str:
            async with gate:
                made = await shop.post(
                    "/v3/payment_methods",
                    json={"type": "bank_card", "confirmation": back},
                    headers={"idempotence-key": f"card-{number}"},
                    auth=auth,
                )
                made.raise_for_status()
                method = str(made.json()["id"])
                page = await shop.post(f"/sandbox/yookassa/bind/{method}", json={"action": "pay"})
                page.raise_for_status()
            return method

        return list(await asyncio.gather(*(bound(number) for number in range(count))))


async def run(*, quick: bool) -> None:
    """Measure and print."""
    few, many = ((300, 2), (100, 2)) if quick else ((2000, 5), (500, 3))
    (await _here(*few)).tell("in one process, gateway in memory")
    (await _through_worker(*few)).tell("through one worker process, gateway in memory")
    (await _through_sandbox(*many)).tell("through one worker process, sandbox over HTTP")
