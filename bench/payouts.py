"""The payout run (P6): a night costs who moved since, not who there is nor how often they did.

What is timed is the job `payouts` as a worker runs it, one runner: it closes the day, settles who
moved, pays those who are owed, posts two operations for each payout, and tells of it. The same is
done at ten times the wallets and at ten times the operations per day. The ORM settles and pays a
wallet per transaction, moves its balance, and leaves postings and events out.
"""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime, time, timedelta
from time import perf_counter
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import MetaData, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.ext.automap import automap_base

from adapters.postgres.engine import async_url
from adapters.postgres.invariants.accounts import check_accounts
from adapters.postgres.payout_days import PostgresDays
from adapters.postgres.wallets import PostgresWallets
from application.jobs import JobOrder, JobReport
from application.ledger.run_payouts import RunPayouts
from bench.company import SHARE, USD, Company
from bench.place import a_cause, place
from bench.rounds import Goal, Rates, interleaved, show
from domain.ledger.chart import wallet
from domain.ledger.payout import Rules, payout_id, settle

_FEW, _MANY = 10, 100
_ORM_WALLETS = 100
_AFTER_MIDNIGHT = time(1, tzinfo=UTC)
_TABLES = ("wallet", "wallet_day", "wallet_entry", "settlement", "payout", "account_balance")


async def _night(company: Company, day: date) -> JobReport:
    """Run the job as of the night after a day."""
    run = RunPayouts(company.here.open_uow, PostgresWallets(), PostgresDays(), ZoneInfo("UTC"))
    now = datetime.combine(day + timedelta(days=1), _AFTER_MIDNIGHT)
    company.here.clock.instant = now
    return await run(JobOrder(now=now, cause=a_cause()))


async def _check(company: Company) -> None:
    """Refuse to tell of a speed at which people's accounts went wrong."""
    async with company.here.open_uow() as uow:
        broken = await check_accounts(uow.driver)
    if broken:
        raise RuntimeError(f"accounts do not hold: {broken[:3]}")


class _Nights:
    """Lives days at a company and times the nights after them."""

    def __init__(self, company: Company, operations: int) -> None:
        self.company = company
        self.operations = operations
        self.reruns: list[float] = []

    async def __call__(self) -> float:
        """Return the wallets settled per second; the run after it finds nothing."""
        day = await self.company.live_a_day(self.operations)
        active = self.company.people // SHARE
        began = perf_counter()
        report = await _night(self.company, day)
        took = perf_counter() - began
        if report.counts.get("settled") != active or not report.counts.get("done"):
            raise RuntimeError(f"{active} wallets moved, and the run says {report}")
        again = perf_counter()
        assert not (await _night(self.company, day)).counts
        self.reruns.append((perf_counter() - again) / took)
        return active / took


class _Orm:
    """Settles and pays a wallet per transaction, as an author without batches writes it."""

    def __init__(self, company: Company, engine: AsyncEngine, kinds: Mapping[str, Any]) -> None:
        self.company = company
        self.engine = engine
        self.kinds = kinds

    async def __call__(self) -> float:
        """Return the wallets settled per second."""
        one_in = self.company.people // _ORM_WALLETS
        day = await self.company.live_a_day(_FEW, one_in=one_in)
        began = perf_counter()
        for _ in range(_ORM_WALLETS):
            async with AsyncSession(self.engine) as session, session.begin():
                await self._settle_one(session, day)
        rate = _ORM_WALLETS / (perf_counter() - began)
        left = await _night(self.company, day)
        assert "settled" not in left.counts, left
        return rate

    async def _settle_one(self, session: AsyncSession, day: date) -> None:
        a_day = self.kinds["wallet_day"]
        due = select(a_day).where(a_day.settled_run.is_(None), a_day.day <= day)
        found = await session.execute(due.limit(1).with_for_update(skip_locked=True))
        row = found.scalar_one()
        purse = {"person_id": row.person_id, "currency": row.currency}
        kept = await session.get_one(self.kinds["wallet"], tuple(purse.values()))
        net = row.rewards_minor - row.fees_minor + row.adjustments_minor
        settled = settle(kept.carry_minor, net, Rules())
        row.settled_run = kept.last_run = day
        kept.carry_minor = settled.closing_minor
        session.add(
            self.kinds["settlement"](
                **purse,
                run=day,
                opening_minor=settled.opening_minor,
                net_minor=settled.net_minor,
                payout_minor=settled.payout_minor,
                closing_minor=settled.closing_minor,
            )
        )
        if settled.payout_minor:
            await session.flush()
            await self._pay(session, kept, day, settled.payout_minor)

    async def _pay(self, session: AsyncSession, row: Any, day: date, amount: int) -> None:
        key = payout_id(row.person_id, row.currency, day)
        now = datetime.now(UTC)
        account = wallet(row.person_id, USD).id
        kept = await session.get_one(self.kinds["account_balance"], (account, 0))
        kept.balance_minor += amount
        row.balance_minor -= amount
        row.seq += 1
        purse = {"person_id": row.person_id, "currency": row.currency}
        session.add(
            self.kinds["payout"](
                **purse,
                id=key,
                run=day,
                amount_minor=amount,
                state="settled",
                created_at=now,
                decided_at=now,
            )
        )
        session.add(
            self.kinds["wallet_entry"](
                **purse,
                seq=row.seq,
                operation_id=key,
                kind="PAYOUT",
                amount_minor=-amount,
                balance_minor=row.balance_minor,
                payout_id=key,
                value_date=day,
                posting_date=day,
                occurred_at=now,
            )
        )


async def _orm(company: Company, after: AsyncExitStack) -> _Orm:
    engine = create_async_engine(async_url(company.here.url))
    after.push_async_callback(engine.dispose)
    known = MetaData()
    async with engine.connect() as connection:
        await connection.run_sync(lambda sync: known.reflect(sync, only=_TABLES))
    base = automap_base(metadata=known)
    base.prepare()
    return _Orm(company, engine, {name: base.classes[name] for name in _TABLES})


def _tell(name: str, rate: Rates, active: int) -> None:
    print(
        f"P6 {name}: {active / rate.median:.2f} s for {active:,} active, "
        f"{rate.median:,.0f} wallets settled/s"
    )


async def run(*, quick: bool) -> None:
    """Measure and print."""
    small, large, rounds = (20_000, 200_000, 3) if quick else (100_000, 1_000_000, 5)
    async with AsyncExitStack() as after:
        companies = [
            Company(await after.enter_async_context(place()), people) for people in (small, large)
        ]
        for company in companies:
            await company.found()
        nights = {
            f"{small:,} wallets": _Nights(companies[0], _FEW),
            f"{large:,} wallets": _Nights(companies[1], _FEW),
            f"{small:,} wallets, {_MANY // _FEW}x the operations": _Nights(companies[0], _MANY),
        }
        orm = {"ORM, a wallet per transaction": await _orm(companies[0], after)}
        rates = await interleaved({**orm, **nights}, rounds)
        await _check(companies[0])
    of_orm, of_few, of_many, of_busy = rates
    show(
        f"Payout run, one wallet in {SHARE} active",
        rates,
        [Goal("P6 payouts ÷ ORM", of_few, of_orm, 80)],
    )
    for name, one in nights.items():
        _tell(name, rates[name], one.company.people // SHARE)
    cost = rates[of_few].median / rates[of_many].median
    busy = rates[of_few].median / rates[of_busy].median
    rerun = max(one.reruns[-1] for one in nights.values())
    print(f"P6 cost per active wallet at {large:,} ÷ {small:,}: {cost:.2f}, aimed at 1.2 at most")
    print(f"P6 cost at {_MANY} operations a day ÷ {_FEW}: {busy:.2f}, aimed at 1.2 at most")
    print(f"P6 re-run ÷ first: {rerun:.1%}, aimed at 5 % at most")
