"""Payouts as an author without batches writes them: a wallet per transaction, through an ORM.

The effect on people's accounts is the same; the ledger's postings and the events are left out.
"""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime
from time import perf_counter
from typing import Any

from sqlalchemy import MetaData, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.ext.automap import automap_base

from adapters.postgres.engine import async_url
from bench.company import USD, Company
from domain.ledger.chart import wallet
from domain.ledger.payout import Rules, payout_id, settle

_OPERATIONS = 10
_WALLETS = 100
_TABLES = ("wallet", "wallet_day", "wallet_entry", "settlement", "payout", "account_balance")


class OrmPayouts:
    """Settles and pays a wallet per transaction, as an author without batches writes it."""

    def __init__(self, company: Company, engine: AsyncEngine, kinds: Mapping[str, Any]) -> None:
        self.company = company
        self.engine = engine
        self.kinds = kinds

    async def __call__(self) -> float:
        """Return the wallets settled per second."""
        one_in = self.company.people // _WALLETS
        day = await self.company.live_a_day(_OPERATIONS, one_in=one_in)
        began = perf_counter()
        for _ in range(_WALLETS):
            async with AsyncSession(self.engine) as session, session.begin():
                await self._settle_one(session, day)
        return _WALLETS / (perf_counter() - began)

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


async def orm_payouts(company: Company, after: AsyncExitStack) -> OrmPayouts:
    """Map the tables there are."""
    engine = create_async_engine(async_url(company.here.url))
    after.push_async_callback(engine.dispose)
    known = MetaData()
    async with engine.connect() as connection:
        await connection.run_sync(lambda sync: known.reflect(sync, only=_TABLES))
    base = automap_base(metadata=known)
    base.prepare()
    return OrmPayouts(company, engine, {name: base.classes[name] for name in _TABLES})
