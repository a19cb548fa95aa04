"""A hint is followed as long as it can bring news."""

from domain.shared.money import Money
from tests.integration.billing.house import House


async def asked(home: House) -> int:
    found = await home.value("SELECT count(*) FROM gateway_exchange WHERE question = 'look_up'")
    return int(found)


async def test_money_that_is_recorded_is_not_fetched_again(home: House) -> None:
    owed = await home.purchase(await home.customer(), Money.of(1177, "USD"))
    attempt = await home.checkout(owed.id)
    assert await asked(home) == 1

    await home.look_up(attempt.state.external_id)

    assert await asked(home) == 1
    assert await home.value("SELECT count(*) FROM message") == 0


async def test_a_payment_that_is_open_is_fetched_at_each_hint(home: House) -> None:
    owed = await home.purchase(await home.customer(), Money.of(1177, "USD"))
    attempt = await home.pay(owed.id, return_url="https://shop.test/", save_method=False)
    assert attempt is not None

    await home.look_up(attempt.state.external_id)
    await home.look_up(attempt.state.external_id)

    assert await asked(home) == 2
    assert await home.status("payment", attempt.id) == "accepted"
