"""A house with operators per test, whose invariants and books are checked when the test is over."""

from collections import Counter
from collections.abc import AsyncIterator

import pytest

from tests.integration.billing.conftest import check_invariants
from tests.integration.carrier.house import CarrierHouse, carrier_house


@pytest.fixture
async def home(database_url: str, redis_url: str) -> AsyncIterator[CarrierHouse]:
    """A house whose books must agree with what the operators billed, whatever happened in it."""
    async with carrier_house(database_url, redis_url) as built:
        yield built
        await check_invariants(built)
        await check_billed(built)


async def check_billed(built: CarrierHouse) -> None:
    """Hold the ledger against the operators' own records, where no outcome is open."""
    for code, gateway in built.operators.by_code.items():
        open_ = await built.value(
            "SELECT count(*) FROM payment WHERE provider = $1 AND status IN "
            "('reserved', 'sent', 'accepted', 'unknown')",
            code,
        )
        if open_:
            continue
        billed = Counter((line.token, line.money.amount_minor) for line in gateway.billed)
        taken = await built.rows(
            "SELECT external_id, captured_minor FROM payment "
            "WHERE provider = $1 AND captured_minor IS NOT NULL",
            code,
        )
        assert Counter((row["external_id"], row["captured_minor"]) for row in taken) == billed
        posted = await built.value(
            "SELECT coalesce(sum(entry.amount_minor), 0) FROM entry "
            "JOIN account ON account.id = entry.account_id "
            "JOIN operation ON operation.id = entry.operation_id "
            "JOIN payment ON payment.id = operation.attempt_id "
            "WHERE payment.provider = $1 AND entry.amount_minor > 0",
            code,
        )
        assert posted == sum(line.money.amount_minor for line in gateway.billed)
