"""An operator whose requests a foreign program claims: once, under a lease, fenced."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from domain.subscriptions.model import Active
from tests.integration.carrier.bridged import REQUESTS, Bridged, bridged
from tests.integration.carrier.house import NUMBER, PRICE, CarrierHouse


@pytest.fixture
async def program(home: CarrierHouse, database_url: str, redis_url: str) -> AsyncIterator[Bridged]:
    async with bridged(home, database_url, redis_url) as one:
        yield one


async def test_a_charge_is_claimed_paid_and_the_subscription_lives(program: Bridged) -> None:
    await program.ordered()
    assert await program.statuses() == ["reserved"], "our workers leave it alone"

    claimed = await program.claim()
    assert await program.statuses() == ["sent"], "marked before it left"
    assert await program.pay(claimed) == [200]
    await program.work()

    [message] = claimed["messages"]
    assert (message["event_name"], message["redelivered"]) == ("charge", False)
    record: dict[str, Any] = message["event_data"]
    assert record["msisdn"] == NUMBER.digits
    assert (record["price"], record["operator_code"]) == (PRICE.amount_minor, 41000)
    assert (record["service_code"], record["operator_name"]) == ("tips", "mobilink")
    assert "paid" not in record
    assert "attempts_count" not in record
    assert await program.statuses() == ["succeeded"]
    assert isinstance((await program.home.only()).state, Active)
    assert (await program.claim())["messages"] == []
    assert await program.home.value("SELECT count(*) FROM message WHERE queue = $1", REQUESTS) == 0
