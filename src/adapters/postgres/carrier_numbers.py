"""Numbers, their payers and the lists they are on."""

from collections.abc import Collection, Mapping
from datetime import datetime

import asyncpg

from adapters.postgres import tables
from adapters.postgres.bulk import insert_many
from application.carrier.ports import Payer
from application.ports import Entropy
from domain.carrier.caps import Spent
from domain.carrier.checks import NumberList
from domain.shared.ids import CustomerId
from domain.shared.msisdn import Msisdn

# An open charge counts as if it were paid: its answer may still say so.
_SPENT = """
SELECT customer_id,
    coalesce(sum(amount_minor) FILTER (WHERE created_at >= $2), 0)::bigint AS day_minor,
    count(*) FILTER (WHERE created_at >= $2) AS day_charges,
    coalesce(sum(amount_minor), 0)::bigint AS month_minor,
    count(*) AS month_charges
FROM payment
WHERE customer_id = ANY($1) AND created_at >= $3
    AND status NOT IN ('declined', 'refused', 'canceled', 'expired')
GROUP BY customer_id
"""


class PostgresNumbers:
    """Numbers of one transaction."""

    def __init__(self, driver: asyncpg.Connection, entropy: Entropy) -> None:
        self._driver = driver
        self._entropy = entropy

    async def lock_many(self, numbers: Collection[Msisdn], now: datetime) -> Mapping[Msisdn, Payer]:
        """Return their payers, made where there are none; in the order of the numbers."""
        digits = sorted(number.digits for number in numbers)
        if not digits:
            return {}
        found = await self._locked(digits)
        if missing := [one for one in digits if one not in found]:
            await self._make(missing, now)
            found |= await self._locked(missing)
        return {Msisdn(one): found[one] for one in digits}

    async def ordered(self, numbers: Collection[Msisdn]) -> None:
        """Let the versions of numbers grow; their rows are locked already."""
        await self._driver.execute(
            "UPDATE carrier_subscriber SET version = version + 1 WHERE msisdn = ANY($1)",
            [number.digits for number in numbers],
        )

    async def move(self, before: Msisdn, after: Msisdn) -> Payer:
        """Let two numbers change payers; both are new to whatever a cache knows of them."""
        pair = [before.digits, after.digits]
        rows = await self._driver.fetch(
            "UPDATE carrier_subscriber AS one SET customer_id = other.customer_id, "
            "version = one.version + 1 FROM carrier_subscriber AS other "
            "WHERE one.msisdn = ANY($1) AND other.msisdn = ANY($1) AND one.msisdn <> other.msisdn "
            "RETURNING one.msisdn, one.customer_id, one.version",
            pair,
        )
        payers = {row["msisdn"]: Payer(row["customer_id"], row["version"]) for row in rows}
        await self._driver.execute(
            "UPDATE subscription SET msisdn = $2, version = version + 1 WHERE msisdn = $1", *pair
        )
        return payers[after.digits]

    async def _locked(self, digits: Collection[str]) -> dict[str, Payer]:
        rows = await self._driver.fetch(
            "SELECT msisdn, customer_id, version FROM carrier_subscriber WHERE msisdn = ANY($1) "
            "ORDER BY msisdn FOR UPDATE",
            list(digits),
        )
        return {
            row["msisdn"]: Payer(CustomerId(row["customer_id"]), row["version"]) for row in rows
        }

    async def _make(self, digits: Collection[str], now: datetime) -> None:
        """Make payers; one that another transaction made first leaves no second one behind."""
        ids = {one: CustomerId(self._entropy.new_id()) for one in digits}
        await insert_many(
            self._driver,
            tables.catalog.customer,
            [
                {
                    "id": key,
                    "external_id": f"subscriber:{key}",
                    "email": None,
                    "time_zone": "UTC",
                    "locale": "en",
                    "created_at": now,
                }
                for key in ids.values()
            ],
        )
        made = await insert_many(
            self._driver,
            tables.carrier.carrier_subscriber,
            [
                {"msisdn": one, "customer_id": key, "version": 0, "created_at": now}
                for one, key in ids.items()
            ],
            "ON CONFLICT (msisdn) DO NOTHING RETURNING customer_id",
        )
        if len(made) < len(ids):
            kept = {row["customer_id"] for row in made}
            await self._driver.execute(
                "DELETE FROM customer WHERE id = ANY($1)",
                [key for key in ids.values() if key not in kept],
            )

    async def of_customers(self, ids: Collection[CustomerId]) -> Mapping[CustomerId, Msisdn]:
        """Return the numbers of payers."""
        rows = await self._driver.fetch(
            "SELECT customer_id, msisdn FROM carrier_subscriber WHERE customer_id = ANY($1)",
            list(ids),
        )
        return {CustomerId(row["customer_id"]): Msisdn(row["msisdn"]) for row in rows}

    async def lists_of(self, numbers: Collection[Msisdn]) -> Mapping[Msisdn, frozenset[NumberList]]:
        """Return the lists that numbers are on."""
        rows = await self._driver.fetch(
            "SELECT msisdn, array_agg(list) AS lists FROM carrier_number_list "
            "WHERE msisdn = ANY($1) GROUP BY msisdn",
            [number.digits for number in numbers],
        )
        return {
            Msisdn(row["msisdn"]): frozenset(NumberList(name) for name in row["lists"])
            for row in rows
        }

    async def put_on_list(
        self, name: NumberList, numbers: Collection[Msisdn], *, reason: str, actor: str
    ) -> set[Msisdn]:
        """Put numbers on a list; return those that were not on it before."""
        rows = await insert_many(
            self._driver,
            tables.carrier.carrier_number_list,
            [
                {"list": name.value, "msisdn": one, "reason": reason, "actor": actor}
                for one in sorted({number.digits for number in numbers})
            ],
            "ON CONFLICT DO NOTHING RETURNING msisdn",
        )
        return {Msisdn(row["msisdn"]) for row in rows}

    async def paid_since(self, ids: Collection[CustomerId], since: datetime) -> set[CustomerId]:
        """Return the payers who were charged anything since an instant."""
        rows = await self._driver.fetch(
            "SELECT DISTINCT customer_id FROM payment "
            "WHERE customer_id = ANY($1) AND captured_at >= $2",
            list(ids),
            since,
        )
        return {CustomerId(row["customer_id"]) for row in rows}

    async def spent(
        self, ids: Collection[CustomerId], *, day: datetime, month: datetime
    ) -> Mapping[CustomerId, Spent]:
        """Sum what payers were charged since two instants, open charges included."""
        rows = await self._driver.fetch(_SPENT, list(ids), day, min(day, month))
        return {
            CustomerId(row["customer_id"]): Spent(
                day_minor=row["day_minor"],
                day_charges=row["day_charges"],
                month_minor=row["month_minor"],
                month_charges=row["month_charges"],
            )
            for row in rows
        }
