"""An order whose connection to the database is cut at every message it sends, one by one.

Between insert and hand-on, between pending and request, between answer and status: wherever it is
cut, doing the same again ends with one subscription, one charge at the operator and one posting.
Cut between the mark that a charge leaves and its leaving, the operator says that it never heard of
it: that is a failed charge nobody was billed for, and one for the retries.
"""

from contextlib import suppress

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError

from adapters.clock import ManualClock
from adapters.postgres.engine import create_engine
from tests.conftest import FreshDatabase
from tests.integration.billing.conftest import check_invariants
from tests.integration.carrier.conftest import check_billed
from tests.integration.carrier.house import START, CarrierHouse
from tests.integration.messages.cut import Wire, wire_to

_LOST = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, DBAPIError)
_MOST = 600
_NEVER_LEFT = {
    "results": [{"result": "failed"}],
    "transactions": [{"result": "failed"}],
    "operations": 0,
    "messages": 0,
    "billed": 0,
}


async def _outcome(home: CarrierHouse) -> dict[str, object]:
    return {
        "results": await home.rows("SELECT result FROM carrier.subscriptions"),
        "transactions": await home.rows("SELECT result FROM carrier.transactions"),
        "operations": await home.value("SELECT count(*) FROM operation"),
        "messages": await home.value("SELECT count(*) FROM message"),
        "billed": len(home.operators.by_code["mobilink"].billed),
    }


@pytest.mark.parametrize("heard", [False, True], ids=["request lost", "answer lost"])
@pytest.mark.parametrize(
    "stride", [7, pytest.param(1, marks=pytest.mark.slow)], ids=["every seventh", "every one"]
)
async def test_an_order_cut_anywhere_ends_as_if_it_had_not_been(
    fresh_database: FreshDatabase, redis_url: str, heard: bool, stride: int
) -> None:
    expected: dict[str, object] = {}
    never_left = 0
    for cut_at in range(0, _MOST, stride):
        async with fresh_database() as url, wire_to(url) as wire:
            home, was_cut = await _cut_once(wire, redis_url, cut_at, heard=heard)
            outcome = await _outcome(home)
            expected = expected or outcome
            assert outcome in (expected, _NEVER_LEFT), f"cut at message {cut_at}"
            never_left += outcome == _NEVER_LEFT
            await check_invariants(home)
            await check_billed(home)
            await home.carrier.aclose()
            await home.engine.dispose()
        if cut_at and not was_cut:
            assert cut_at > 20, "the order hardly spoke to the database"
            assert never_left <= 2, "charges were given up that could have been made"
            return
    pytest.fail("the enumeration never ended")


async def _cut_once(
    wire: Wire, redis_url: str, cut_at: int, *, heard: bool
) -> tuple[CarrierHouse, bool]:
    home = CarrierHouse(create_engine(wire.url, pool_size=1), ManualClock(START), redis_url)
    gateway = await home.operator()
    gateway.can_query = True
    await home.service()
    await home.ordered(carry_out=False)
    if cut_at:
        wire.arm(cut_at, heard=heard)
        with suppress(*_LOST):
            await home.carry_out()
        wire.disarm()
    await home.carry_out()
    return home, wire.cut
