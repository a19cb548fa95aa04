"""Subscribing: trials, the next period, another plan, a saved card."""

from datetime import timedelta

import pytest

from application.catalog.manage_plans import SetPrice
from application.subscriptions.change_renewal import (
    ChangeRenewalCommand,
    ResumeRenewal,
    StopRenewal,
)
from domain.catalog.plan import PriceArchived
from domain.shared.errors import InvalidValue
from domain.shared.money import Money
from tests.integration.billing.house import House, cause


async def _with_card(home: House, name: str = "c-1"):
    customer = await home.customer(name)
    owed = await home.purchase(customer, Money.of(1000, "RUB"), reference=name)
    await home.checkout(owed.id)
    return customer


async def test_a_trial_is_free_and_its_end_is_charged(home: House) -> None:
    customer, price = await _with_card(home), await home.plan_price(trial_days=30)
    done = await home.subscribe(customer, price)
    assert done.invoice_id is None
    assert await home.status("subscription", done.subscription.id) == "active"
    home.next_day(30)
    await home.job("autopayments")
    await home.carry_out()
    kinds = await home.rows("SELECT kind FROM subscription_period ORDER BY period_start")
    assert [row["kind"] for row in kinds] == ["trial", "renewal"]


async def test_a_trial_is_given_once(home: House) -> None:
    customer, price = await _with_card(home), await home.plan_price(trial_days=30)
    first = await home.subscribe(customer, price)
    home.next_day(31)
    async with home.open_uow() as uow:
        stop = ChangeRenewalCommand(
            cause=cause(), subscription_id=first.subscription.id, owner=None
        )
        await StopRenewal(home.clock).within(uow, stop)
        await uow.commit()
    assert await home.status("subscription", first.subscription.id) == "canceled"
    second = await home.subscribe(customer, price)
    assert second.invoice_id is not None


async def test_a_renewing_trial_without_a_card_is_refused_and_leaves_nothing(
    home: House,
) -> None:
    customer, price = await home.customer(), await home.plan_price(trial_days=30)
    with pytest.raises(InvalidValue, match="saved payment method"):
        await home.subscribe(customer, price)
    assert await home.value("SELECT count(*) FROM subscription") == 0
    assert await home.value("SELECT count(*) FROM event WHERE name LIKE 'subscription%'") == 0


async def test_the_first_period_can_be_charged_to_the_saved_card(home: House) -> None:
    customer, price = await _with_card(home), await home.plan_price()
    done = await home.subscribe(customer, price, charge_saved=True)
    await home.carry_out()
    assert await home.status("subscription", done.subscription.id) == "active"


async def test_subscribing_twice_while_nothing_is_paid_gives_the_same_invoice(
    home: House,
) -> None:
    customer, price = await home.customer(), await home.plan_price()
    first, second = (
        await home.subscribe(customer, price),
        await home.subscribe(customer, price),
    )
    assert first.subscription.id == second.subscription.id
    assert first.invoice_id == second.invoice_id


async def test_the_same_plan_again_pays_the_next_period(home: House) -> None:
    customer, price = await home.customer(), await home.plan_price()
    done = await home.subscribe(customer, price)
    assert done.invoice_id is not None
    await home.checkout(done.invoice_id)
    again = await home.subscribe(customer, price)
    assert again.subscription.id == done.subscription.id
    assert again.invoice_id is not None
    await home.checkout(again.invoice_id)
    periods = await home.rows("SELECT * FROM subscription_period ORDER BY period_start")
    assert periods[1]["period_start"] == periods[0]["period_end"]


async def test_another_plan_begins_where_what_is_paid_ends(home: House) -> None:
    customer, price = await home.customer(), await home.plan_price()
    done = await home.subscribe(customer, price)
    assert done.invoice_id is not None
    await home.checkout(done.invoice_id)
    other = await home.subscribe(customer, await home.plan_price(months=12))
    assert other.invoice_id is not None
    await home.checkout(other.invoice_id)
    periods = await home.rows("SELECT * FROM subscription_period ORDER BY period_start")
    assert periods[1]["period_start"] == periods[0]["period_end"]


async def test_an_archived_price_is_not_sold(home: House) -> None:
    customer, old = await home.customer(), await home.plan_price()
    async with home.open_uow() as uow:
        await SetPrice(home.clock, home.entropy).within(
            uow, old.plan_id, Money.of(59900, "RUB"), cause()
        )
        await uow.commit()
    with pytest.raises(PriceArchived):
        await home.subscribe(customer, old)


async def test_a_stop_can_be_taken_back_while_the_period_lasts(home: House) -> None:
    _, subscription_id = await home.subscriber()
    command = ChangeRenewalCommand(cause=cause(), subscription_id=subscription_id, owner=None)
    async with home.open_uow() as uow:
        await StopRenewal(home.clock).within(uow, command)
        await uow.commit()
    home.clock.advance(timedelta(days=27))
    async with home.open_uow() as uow:
        await ResumeRenewal(home.clock).within(uow, command)
        await uow.commit()
    home.next_day()
    assert (await home.job("autopayments")).counts == {"charged": 1}


async def test_a_free_plan_needs_no_card_and_renews_by_itself(home: House) -> None:
    customer, price = await home.customer(), await home.plan_price(Money.of(0, "RUB"))
    done = await home.subscribe(customer, price)
    assert await home.status("subscription", done.subscription.id) == "active"
    home.next_day(28)
    assert (await home.job("autopayments")).counts == {"free": 1}
    assert (await home.job("autopayments")).counts == {}
    statuses = await home.rows("SELECT DISTINCT status FROM invoice")
    assert [row["status"] for row in statuses] == ["paid"]
    assert await home.value("SELECT count(*) FROM subscription_period") == 2
    assert await home.value("SELECT count(*) FROM payment") == 0
