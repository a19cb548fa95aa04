"""The payout run (P6): a night costs who moved since, not who there is nor how often they did.

What is timed is the job `payouts` as a worker runs it, one runner: it closes the day, settles who
moved, pays those who are owed, posts two operations for each payout, and tells of it. The same is
done at ten times the wallets and at ten times the operations per day. The ORM settles and pays a
wallet per transaction, moves its balance, and leaves postings and events out.
"""

from contextlib import AsyncExitStack
from datetime import UTC, datetime, time, timedelta
from statistics import median
from time import perf_counter
from zoneinfo import ZoneInfo

from adapters.entropy import SystemEntropy
from adapters.postgres.invariants.accounts import check_accounts
from adapters.postgres.payout_days import PostgresDays
from adapters.postgres.unit_of_work import units_of_work
from adapters.postgres.wallets import PostgresWallets
from application.jobs import JobOrder
from application.ledger.run_payouts import RunPayouts
from bench.company import SHARE, Company
from bench.orm_payouts import orm_payouts
from bench.place import a_cause, place
from bench.rounds import Goal, Rates, interleaved, show

_FEW, _MANY = 10, 100
_AFTER_MIDNIGHT = time(1, tzinfo=UTC)


async def _check(company: Company) -> None:
    """Refuse to tell of a speed at which people's accounts went wrong."""
    async with company.here.open_uow() as uow:
        broken = await check_accounts(uow.driver)
    if broken:
        raise RuntimeError(f"accounts do not hold: {broken[:3]}")


class _Nights:
    """Lives days at a company and times the nights after them, so many a round.

    A small company's night is over too soon to be timed by itself: it lives more of them, until as
    many wallets are settled as in a night of the large one.
    """

    def __init__(self, company: Company, operations: int, nights: int = 1) -> None:
        self.company = company
        self.operations = operations
        self.nights = nights
        self.reruns: list[float] = []
        here = company.here
        open_uow = units_of_work(
            here.engine, clock=here.clock, entropy=SystemEntropy(), ring=lambda rung: None
        )
        self.run = RunPayouts(open_uow, PostgresWallets(), PostgresDays(), ZoneInfo("UTC"))

    async def __call__(self) -> float:
        """Return the wallets settled per second."""
        took = sum([await self._night() for _ in range(self.nights)])
        return self.nights * self.active / took

    @property
    def active(self) -> int:
        """How many wallets move on a day."""
        return self.company.people // SHARE

    async def _night(self) -> float:
        """Return the seconds of a run; the run after it finds nothing."""
        day = await self.company.live_a_day(self.operations)
        now = datetime.combine(day + timedelta(days=1), _AFTER_MIDNIGHT)
        self.company.here.clock.instant = now
        began = perf_counter()
        report = await self.run(JobOrder(now=now, cause=a_cause()))
        took = perf_counter() - began
        if report.counts.get("settled") != self.active or not report.counts.get("done"):
            raise RuntimeError(f"{self.active} wallets moved, and the run says {report}")
        again = perf_counter()
        second = await self.run(JobOrder(now=now, cause=a_cause()))
        self.reruns.append((perf_counter() - again) / took)
        if second.counts:
            raise RuntimeError(f"nothing was left, and the second run says {second}")
        return took


def _tell(name: str, rate: Rates, active: int) -> None:
    print(
        f"P6 {name}: {active / rate.median:.2f} s for {active:,} active, "
        f"{rate.median:,.0f} wallets settled/s"
    )


async def run(*, quick: bool) -> None:
    """Measure and print."""
    small, large, rounds, many = (10_000, 100_000, 3, 3) if quick else (100_000, 1_000_000, 5, 10)
    async with AsyncExitStack() as after:
        companies = [
            Company(await after.enter_async_context(place()), people) for people in (small, large)
        ]
        for company in companies:
            await company.found()
        nights = {
            f"{small:,} wallets": _Nights(companies[0], _FEW, many),
            f"{large:,} wallets": _Nights(companies[1], _FEW),
            f"{small:,} wallets, {_MANY // _FEW}x the operations": _Nights(
                companies[0], _MANY, many
            ),
        }
        orm = {"ORM, a wallet per transaction": await orm_payouts(companies[0], after)}
        rates = await interleaved({**orm, **nights}, rounds)
        await _check(companies[0])
    of_orm, of_few, of_many, of_busy = rates
    show(
        f"Payout run, one wallet in {SHARE} active",
        rates,
        [Goal("P6 payouts ÷ ORM", of_few, of_orm, 80)],
    )
    for name, one in nights.items():
        _tell(name, rates[name], one.active)
    cost = rates[of_few].median / rates[of_many].median
    busy = rates[of_few].median / rates[of_busy].median
    rerun = max(median(one.reruns) for one in nights.values())
    print(f"P6 cost per active wallet at {large:,} ÷ {small:,}: {cost:.2f}, aimed at 1.2 at most")
    print(f"P6 cost at {_MANY} operations a day ÷ {_FEW}: {busy:.2f}, aimed at 1.2 at most")
    print(f"P6 re-run ÷ first: {rerun:.1%}, aimed at 5 % at most")
