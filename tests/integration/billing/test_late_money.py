"""Money that comes after its subscription is over: recorded always, granted or given back."""

from uuid import UUID

from adapters.memory.provider import Fault
from domain.shared.ids import SubscriptionId
from tests.integration.billing.house import START, House


async def _given_up(home: House):
    """A checkout nobody finished in a week, whose subscription the timers have closed."""
    customer, price = await home.customer(), await home.plan_price()
    done = await home.subscribe(customer, price)
    assert done.invoice_id is not None
    attempt = await home.pay(done.invoice_id, return_url="https://shop.test/", save_method=True)
    assert attempt is not None
    home.next_day(8)
    await home.job("expire-payments")
    assert await home.status("subscription", done.subscription.id) == "canceled"
    return customer, price, done.subscription.id, attempt


async def test_money_for_what_a_timer_closed_begins_it_after_all(home: House) -> None:
    _, _, subscription_id, attempt = await _given_up(home)

    home.gateway.gateway.pay(attempt.state.external_id)
    await home.look_up(attempt.state.external_id)

    assert await home.status("payment", attempt.id) == "succeeded"
    assert await home.status("subscription", subscription_id) == "active"
    (period,) = await home.rows("SELECT * FROM subscription_period")
    assert (period["kind"], period["period_start"]) == ("initial", home.clock.now())
    assert home.clock.now() > START


async def test_money_for_a_checkout_that_was_begun_anew_and_paid_goes_back(home: House) -> None:
    customer, price, subscription_id, attempt = await _given_up(home)
    again = await home.subscribe(customer, price)
    assert again.invoice_id is not None
    await home.checkout(again.invoice_id)

    home.gateway.gateway.pay(attempt.state.external_id)
    await home.look_up(attempt.state.external_id)

    assert await home.status("payment", attempt.id) == "refunded"
    assert await home.status("subscription", subscription_id) == "canceled"
    assert await home.status("subscription", again.subscription.id) == "active"
    assert await home.value("SELECT count(*) FROM subscription_period") == 1


async def test_money_for_an_expired_one_goes_back_where_another_has_followed(home: House) -> None:
    customer, subscription_id = await home.subscriber()
    home.next_day(28)
    await home.job("autopayments")
    home.gateway.inject(Fault.ANSWER_LOST)
    await home.carry_out()
    renewal = await home.value("SELECT id FROM payment ORDER BY created_at DESC LIMIT 1")
    home.next_day(5)
    await home.job("expire-subscriptions")
    again = await _subscribe_again(home, customer, subscription_id)

    await home.job("ask-open-payments")
    await home.carry_out()

    assert await home.status("payment", renewal) == "refunded"
    assert await home.status("subscription", subscription_id) == "expired"
    assert await home.status("subscription", again) == "active"


async def _subscribe_again(home: House, customer, old: SubscriptionId) -> UUID:
    price_id = await home.value("SELECT price_id FROM subscription WHERE id = $1", old)
    async with home.open_uow() as uow:
        _, price = await uow.offers.price(price_id)
    done = await home.subscribe(customer, price)
    assert done.invoice_id is not None
    await home.checkout(done.invoice_id)
    return done.subscription.id
