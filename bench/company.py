"""A company of people with wallets, one in a hundred of whom moves on a day; for benchmarks.

Wallets, days and logs are made set-based. Every third wallet carries a debt. Of those that move,
three in four earn, and the fourth is charged. The ledger has everybody's account and its balance,
but no entries of what days brought.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import md5
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
_PERSONS = "CREATE UNLOGGED TABLE person_at (n integer, person_id uuid, account_id uuid)"
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
    # Accounts are opened by what posts to them: whoever has had a task has one.
    """
INSERT INTO account (id, code, kind, owner, currency)
SELECT account_id, 'wallet', 'liability', person_id, 'USD' FROM person_at
""",
    f"""
UPDATE account_balance SET balance_minor = 50 FROM person_at
WHERE account_balance.account_id = person_at.account_id AND {_DEBTOR}
""",
    "INSERT INTO payout_run VALUES ($1::date, 'done', $1::date, $1::date)",
    "UPDATE ledger_calendar SET closed_through = $1::date",
)
# $1 day, $2 and $3: the people at `n % $3 = $2`, $4 operations of each.
_MOVING = """
CREATE TEMPORARY TABLE moving ON COMMIT DROP AS
SELECT person_id, account_id, $1::date AS day, $4::bigint AS operations, balance_minor, seq,
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
UPDATE account_balance SET balance_minor = account_balance.balance_minor - each * operations
FROM moving WHERE account_balance.account_id = moving.account_id;
"""
_SETTLED_TABLES = (
    "wallet, wallet_day, wallet_entry, settlement, payout, payout_run, account, account_balance, "
    "day_balance, operation, entry"
)


def _person(number: int) -> tuple[int, UUID, UUID]:
    person = UUID(bytes=md5(b"person %d" % number, usedforsecurity=False).digest())
    return number, person, wallet(person, USD).id


@dataclass
class Company:
    """People at one database, and the day that comes next."""

    here: Place
    people: int
    day: date = _FIRST

    async def found(self) -> None:
        """Make everybody, with the debts of yesterday."""
        async with self._connection() as driver, driver.transaction():
            await driver.execute(_PERSONS)
            await driver.copy_records_to_table(
                "person_at", records=map(_person, range(self.people))
            )
            await driver.execute("ANALYZE person_at")
            for statement in _HISTORY:
                # Not every statement asks for the day.
                await driver.execute(statement, *([_BEFORE] if "$1" in statement else []))
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
