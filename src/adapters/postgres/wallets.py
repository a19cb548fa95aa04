"""People's wallets: balance, sequence, log, what is due of days, settlements and payouts."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from adapters.postgres import tables
from adapters.postgres.bulk import insert_many
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from application.ledger.account_ports import Due, Entered, Movement, Purse
from domain.ledger.payout import Settled
from domain.shared.money import Currency, Money

_LOCK = """
SELECT wallet.person_id FROM wallet
JOIN unnest($1::uuid[], $2::text[]) AS given(person_id, currency) USING (person_id, currency)
ORDER BY wallet.person_id, wallet.currency FOR UPDATE OF wallet
"""
_READ = """
SELECT wallet.person_id, wallet.currency, balance_minor, seq FROM wallet
JOIN unnest($1::uuid[], $2::text[]) AS given(person_id, currency) USING (person_id, currency)
"""
_MOVE = """
UPDATE wallet SET balance_minor = given.balance, seq = given.seq
FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[])
    AS given(person_id, currency, balance, seq)
WHERE wallet.person_id = given.person_id AND wallet.currency = given.currency
"""
# What is due of a day: days nobody has settled, and money that was carried though it could be paid.
_DUE = """
WITH due AS (
    SELECT person_id, currency FROM wallet_day WHERE settled_run IS NULL AND day <= $1
    UNION
    SELECT person_id, currency FROM wallet WHERE carry_minor > 0
)
"""
_CLAIM = (
    _DUE
    + """
SELECT wallet.person_id, wallet.currency, wallet.carry_minor, wallet.is_held
FROM wallet JOIN due USING (person_id, currency)
WHERE wallet.last_run IS NULL OR wallet.last_run < $1
ORDER BY wallet.person_id, wallet.currency LIMIT $2 FOR UPDATE OF wallet SKIP LOCKED
"""
)
_COUNT_DUE = (
    _DUE
    + """
SELECT count(*) FROM due JOIN wallet USING (person_id, currency)
WHERE wallet.last_run IS NULL OR wallet.last_run < $1
"""
)
_NETS = """
SELECT person_id, currency, sum(rewards_minor - fees_minor + adjustments_minor)::bigint AS net
FROM wallet_day JOIN unnest($2::uuid[], $3::text[]) AS given(person_id, currency)
    USING (person_id, currency)
WHERE settled_run IS NULL AND day <= $1 GROUP BY 1, 2
"""
_SETTLE = """
WITH given AS (
    SELECT * FROM unnest($2::uuid[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[],
        $7::bigint[]) AS one(person_id, currency, opening, net, payout, closing)
), kept AS (
    INSERT INTO settlement (person_id, currency, run, opening_minor, net_minor, payout_minor,
        closing_minor)
    SELECT person_id, currency, $1, opening, net, payout, closing FROM given
), marked AS (
    UPDATE wallet_day SET settled_run = $1 FROM given
    WHERE wallet_day.person_id = given.person_id AND wallet_day.currency = given.currency
        AND wallet_day.settled_run IS NULL AND wallet_day.day <= $1
)
UPDATE wallet SET carry_minor = given.closing, last_run = $1 FROM given
WHERE wallet.person_id = given.person_id AND wallet.currency = given.currency
"""
_DAYS = """
INSERT INTO wallet_day AS kept (person_id, currency, day, fees_minor, rewards_minor,
    adjustments_minor, operations)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::date[], $4::bigint[], $5::bigint[], $6::bigint[],
    $7::integer[])
ON CONFLICT (person_id, currency, day) DO UPDATE SET
    fees_minor = kept.fees_minor + excluded.fees_minor,
    rewards_minor = kept.rewards_minor + excluded.rewards_minor,
    adjustments_minor = kept.adjustments_minor + excluded.adjustments_minor,
    operations = kept.operations + excluded.operations
"""
_FEE, _REWARD, _PAYOUT = "ASSIGN_FEE", "TASK_REWARD", "PAYOUT"


class PostgresWallets:
    """Rows of wallets, in the transaction of the unit of work it is given."""

    async def lock(self, uow: PostgresUnitOfWork, purses: Collection[Purse]) -> None:
        """Lock wallets in order, made where there are none."""
        ordered = sorted(purses)
        people, currencies = [one for one, _ in ordered], [code for _, code in ordered]
        await uow.driver.execute(
            "INSERT INTO wallet (person_id, currency, balance_minor, carry_minor, seq, is_held) "
            "SELECT person_id, currency, 0, 0, 0, false "
            "FROM unnest($1::uuid[], $2::text[]) AS given(person_id, currency) "
            "ON CONFLICT (person_id, currency) DO NOTHING",
            people,
            currencies,
        )
        await uow.driver.fetch(_LOCK, people, currencies)

    async def move(
        self, uow: PostgresUnitOfWork, movements: Sequence[Movement]
    ) -> Sequence[Entered]:
        """Enter movements in order; payouts stay out of days."""
        if not movements:
            return ()
        purses = sorted({one.purse for one in movements})
        people, currencies = [one for one, _ in purses], [code for _, code in purses]
        rows = await uow.driver.fetch(_READ, people, currencies)
        stands = {
            (row["person_id"], row["currency"]): (row["balance_minor"], row["seq"]) for row in rows
        }
        entered: list[Entered] = []
        for one in movements:
            balance, seq = stands[one.purse]
            stands[one.purse] = balance + one.amount_minor, seq + 1
            entered.append(Entered(one, seq + 1, balance + one.amount_minor))
        await uow.driver.execute(
            _MOVE,
            people,
            currencies,
            [stands[purse][0] for purse in purses],
            [stands[purse][1] for purse in purses],
        )
        await self._log(uow, entered)
        await self._days(uow, [one for one in movements if one.kind != _PAYOUT])
        return entered

    async def _log(self, uow: PostgresUnitOfWork, entered: Sequence[Entered]) -> None:
        await insert_many(
            uow.driver,
            tables.accounts.wallet_entry,
            [
                {
                    "person_id": one.movement.person_id,
                    "currency": one.movement.currency,
                    "seq": one.seq,
                    "operation_id": one.movement.operation_id,
                    "kind": one.movement.kind,
                    "amount_minor": one.movement.amount_minor,
                    "balance_minor": one.balance_minor,
                    "task_id": one.movement.task_id,
                    "assignation_id": one.movement.assignation_id,
                    "payout_id": one.movement.payout_id,
                    "value_date": one.movement.value_date,
                    "posting_date": one.movement.posting_date,
                    "occurred_at": one.movement.occurred_at,
                }
                for one in entered
            ],
        )

    async def _days(self, uow: PostgresUnitOfWork, movements: Sequence[Movement]) -> None:
        days: dict[tuple[UUID, str, date], list[int]] = {}
        for one in movements:
            sums = days.setdefault((*one.purse, one.posting_date), [0, 0, 0, 0])
            sums[3] += 1
            if one.kind == _FEE:
                sums[0] -= one.amount_minor
            elif one.kind == _REWARD:
                sums[1] += one.amount_minor
            else:
                sums[2] += one.amount_minor
        if not days:
            return
        keys = sorted(days)
        await uow.driver.execute(
            _DAYS,
            [key[0] for key in keys],
            [key[1] for key in keys],
            [key[2] for key in keys],
            *([days[key][place] for key in keys] for place in range(4)),
        )

    async def claim_due(self, uow: PostgresUnitOfWork, day: date, limit: int) -> Sequence[Due]:
        """Lock wallets a run has to settle, leaving out those of another runner."""
        rows = await uow.driver.fetch(_CLAIM, day, limit)
        people = [row["person_id"] for row in rows]
        currencies = [row["currency"] for row in rows]
        nets = {
            (row["person_id"], row["currency"]): row["net"]
            for row in await uow.driver.fetch(_NETS, day, people, currencies)
        }
        return [
            Due(
                person_id=row["person_id"],
                currency=Currency(row["currency"]),
                carry_minor=row["carry_minor"],
                net_minor=nets.get((row["person_id"], row["currency"]), 0),
                is_held=row["is_held"],
            )
            for row in rows
        ]

    async def count_due(self, uow: PostgresUnitOfWork, day: date) -> int:
        """Count the wallets a run still has to settle."""
        count: int = await uow.driver.fetchval(_COUNT_DUE, day)
        return count

    async def settle(
        self, uow: PostgresUnitOfWork, day: date, settled: Sequence[tuple[Due, Settled]]
    ) -> None:
        """Write settlements, mark the days they took, and set what is carried."""
        await uow.driver.execute(
            _SETTLE,
            day,
            [due.person_id for due, _ in settled],
            [due.currency.code for due, _ in settled],
            [one.opening_minor for _, one in settled],
            [one.net_minor for _, one in settled],
            [one.payout_minor for _, one in settled],
            [one.closing_minor for _, one in settled],
        )

    async def add_payouts(
        self,
        uow: PostgresUnitOfWork,
        day: date,
        payouts: Sequence[tuple[UUID, UUID, Money]],
        now: datetime,
    ) -> None:
        """Insert (payout, person, amount), paid at once."""
        await insert_many(
            uow.driver,
            tables.accounts.payout,
            [
                {
                    "id": key,
                    "person_id": person_id,
                    "currency": amount.currency.code,
                    "run": day,
                    "amount_minor": amount.amount_minor,
                    "state": "settled",
                    "created_at": now,
                    "decided_at": now,
                }
                for key, person_id, amount in payouts
            ],
        )
