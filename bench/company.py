"""A company of people with wallets, one in a hundred of whom moves on a day; for benchmarks.

Wallets, days and logs are made set-based. Every third wallet carries a debt. Of those that move,
three in four earn, and the fourth is charged. The ledger knows everybody's account, but is not told
what days brought: what it holds is not checked.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import asyncpg

from bench.place import START, Place
from domain.ledger.chart import wallet
from domain.shared.money import Currency

USD = Currency("USD")
SHARE = 100
"""One wallet in so many moves on a day."""
_FIRST = START.date()
_BEFORE = _FIRST - timedelta(days=1)
_CHUNK = 100_000
_PERSONS = """
CREATE UNLOGGED TABLE person_at AS
SELECT n, md5('person ' || n)::uuid AS person_id FROM generate_series(0, $1::integer - 1) AS n
"""
# Accounts are opened by what posts to them; people who have had a task have one.
_ACCOUNTS = """
INSERT INTO account (id, code, kind, owner, currency)
SELECT id, 'wallet', 'liability', owner, 'USD' FROM unnest($1::uuid[], $2::uuid[]) AS one(id, owner)
"""
_DEBTOR = "n % 3 = 0"
_HISTORY = (
    f"""
INSERT INTO wallet (person_id, currency, balance_minor, carry_minor, seq, last_run, is_held)
SELECT person_id, 'USD', owed, owed, CASE WHEN owed < 0 THEN 1 ELSE 0 END,
    CASE WHEN owed < 0 THEN $1::date END, false
FROM person_at, LATERAL (SELECT CASE WHEN {_DEBTOR} THEN -50 ELSE 0 END AS owed) AS debt
""",
    f"""
INSERT INTO wallet_entry (person_id, currency, seq, operation_id, kind, amount_minor,
    balance_minor, value_date, posting_date, occurred_at)
SELECT person_id, 'USD', 1, gen_random_uuid(), 'ASSIGN_FEE', -50, -50, $1::date, $1::date, $1::date
FROM person_at WHERE {_DEBTOR}
""",
    f"""
INSERT INTO wallet_day (person_id, currency, day, fees_minor, rewards_minor, adjustments_minor,
    operations, settled_run)
SELECT person_id, 'USD', $1::date, 50, 0, 0, 1, $1::date FROM person_at WHERE {_DEBTOR}
""",
    f"""
INSERT INTO settlement (person_id, currency, run, opening_minor, net_minor, payout_minor,
    closing_minor)
SELECT person_id, 'USD', $1::date, 0, -50, 0, -50 FROM person_at WHERE {_DEBTOR}
""",
    "INSERT INTO payout_run VALUES ($1::date, 'done', $1::date, $1::date)",
    "UPDATE ledger_calendar SET closed_through = $1::date",
)
# $1 day, $2 and $3: the people at `n % $3 = $2`, $4 operations of each.
_MOVING = """
CREATE TEMPORARY TABLE moving ON COMMIT DROP AS
SELECT person_id, $1::date AS day, $4::bigint AS operations, balance_minor, seq,
    CASE WHEN n / $3::integer % 4 = 0 THEN -100 ELSE 100 END AS each
FROM person_at JOIN wallet USING (person_id) WHERE n % $3::integer = $2::integer
"""
_MOVES = """
INSERT INTO wallet_entry (person_id, currency, seq, operation_id, kind, amount_minor,
    balance_minor, value_date, posting_date, occurred_at)
SELECT person_id, 'USD', seq + k, gen_random_uuid(),
    CASE WHEN each < 0 THEN 'ASSIGN_FEE' ELSE 'TASK_REWARD' END, each, balance_minor + each * k,
    day, day, day
FROM moving, generate_series(1, operations) AS k;
INSERT INTO wallet_day (person_id, currency, day, fees_minor, rewards_minor, adjustments_minor,
    operations)
SELECT person_id, 'USD', day, greatest(-each, 0) * operations, greatest(each, 0) * operations, 0,
    operations FROM moving;
UPDATE wallet SET balance_minor = wallet.balance_minor + each * operations,
    seq = wallet.seq + operations
FROM moving WHERE wallet.person_id = moving.person_id;
"""
_SETTLED_TABLES = (
    "wallet, wallet_day, wallet_entry, settlement, payout, payout_run, account, account_balance, "
    "day_balance, operation, entry"
)


@dataclass
class Company:
    """People at one database, and the day that comes next."""

    here: Place
    people: int
    day: date = _FIRST

    async def found(self) -> None:
        """Make everybody, with the debts of yesterday."""
        async with self._connection() as driver, driver.transaction():
            await driver.execute(_PERSONS, self.people)
            for statement in _HISTORY:
                await driver.execute(statement, _BEFORE)
            persons = [row[0] for row in await driver.fetch("SELECT person_id FROM person_at")]
            for start in range(0, len(persons), _CHUNK):
                some: list[UUID] = persons[start : start + _CHUNK]
                accounts = [wallet(person, USD).id for person in some]
                await driver.execute(_ACCOUNTS, accounts, some)
        await self.tidy()

    async def live_a_day(self, operations: int, *, one_in: int = SHARE) -> date:
        """Let some move, other people than the day before; return the day that is over then."""
        day, self.day = self.day, self.day + timedelta(days=1)
        async with self._connection() as driver, driver.transaction():
            await driver.execute(_MOVING, day, day.toordinal() % one_in, one_in, operations)
            await driver.execute(_MOVES)
        await self.tidy()
        return day

    async def tidy(self) -> None:
        """Do what autovacuum does between two nights, so that runs do not pay for one another."""
        async with self._connection() as driver:
            await driver.execute(f"VACUUM ANALYZE {_SETTLED_TABLES}")

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[asyncpg.Connection]:
        driver = await asyncpg.connect(self.here.url)  # the pool's would not wait this long
        try:
            yield driver
        finally:
            await driver.close()
