"""Customers who extend, stop, change their mind, want money back, or try another's card."""

from datetime import timedelta
from typing import Any

import pytest

from application.payments.request_refund import RefundWish
from application.subscriptions.change_renewal import (
    ChangeRenewalCommand,
    ResumeRenewal,
    StopRenewal,
)
from domain.payments.declines import Decline, DeclineReason
from domain.payments.method import MethodNotUsable
from domain.shared.errors import InvalidValue
from domain.shared.money import Money
from tests.integration.billing.house import House, cause

DAY = timedelta(days=1)


async def _method_of(home: House, customer: Any) -> Any:
    return await home.value("SELECT id FROM payment_method WHERE customer_id = $1", customer.id)


async def _change(home: House, change: Any, subscription_id: Any) -> None:
    async with home.open_uow() as uow:
        command = ChangeRenewalCommand(cause=cause(), subscription_id=subscription_id, owner=None)
        await change(home.clock).within(uow, command)
        await uow.commit()


async def test_nobody_charges_a_card_of_somebody_else(home: House) -> None:
    stranger, _ = await home.subscriber("stranger")
    theirs = await _method_of(home, stranger)
    customer, subscription = await home.subscriber("c-2")
    price_id = await home.value("SELECT price_id FROM subscription WHERE id = $1", subscription)
    price = type("Price", (), {"id": price_id})
    charges = await home.value("SELECT count(*) FROM payment")

    with pytest.raises(InvalidValue):
        await home.subscribe(customer, price, charge_saved=True, method_id=theirs)
    newcomer = await home.customer("c-3")
    with pytest.raises(InvalidValue):
        await home.subscribe(newcomer, price, charge_saved=True, method_id=theirs)

    assert await home.value("SELECT count(*) FROM payment") == charges


async def test_an_extension_nobody_paid_does_not_keep_the_renewal_from_being_charged(
    home: House,
) -> None:
    customer, subscription = await home.subscriber()
    price_id = await home.value("SELECT price_id FROM subscription WHERE id = $1", subscription)
    await home.subscribe(customer, type("Price", (), {"id": price_id}))
    for _ in range(28):
        home.next_day()
        await home.job("expire-payments")
        await home.job("autopayments")
        await home.carry_out()

    assert await home.status("subscription", subscription) == "active"
    assert await home.value("SELECT count(*) FROM subscription_period") == 2


async def test_a_checkout_that_was_declined_after_a_stop_does_not_keep_the_resumed_from_renewing(
    home: House,
) -> None:
    customer, subscription = await home.subscriber()
    price_id = await home.value("SELECT price_id FROM subscription WHERE id = $1", subscription)
    done = await home.subscribe(customer, type("Price", (), {"id": price_id}))
    attempt = await home.pay(done.invoice_id, return_url="https://shop.test/", save_method=True)
    await _change(home, StopRenewal, subscription)
    home.gateway.gateway.decline(
        attempt.state.external_id, Decline(DeclineReason.INSUFFICIENT_FUNDS, "x")
    )
    await home.look_up(attempt.state.external_id)
    await _change(home, ResumeRenewal, subscription)

    home.next_day(28)
    await home.job("autopayments")
    await home.carry_out()

    assert await home.value("SELECT count(*) FROM subscription_period") == 2
    assert await home.status("subscription", subscription) == "active"


async def test_who_stops_and_changes_their_mind_keeps_what_they_then_pay(home: House) -> None:
    customer, subscription = await home.subscriber()
    price_id = await home.value("SELECT price_id FROM subscription WHERE id = $1", subscription)
    done = await home.subscribe(customer, type("Price", (), {"id": price_id}))
    attempt = await home.pay(done.invoice_id, return_url="https://shop.test/", save_method=True)
    await _change(home, StopRenewal, subscription)
    await _change(home, ResumeRenewal, subscription)

    home.gateway.gateway.pay(attempt.state.external_id)
    await home.look_up(attempt.state.external_id)

    assert await home.status("payment", attempt.id) == "succeeded"
    assert await home.status("subscription", subscription) == "active"
    assert await home.value("SELECT count(*) FROM subscription_period") == 2


async def test_the_refund_of_an_unwanted_extension_takes_nothing_that_is_paid(home: House) -> None:
    customer, subscription = await home.subscriber()
    price_id = await home.value("SELECT price_id FROM subscription WHERE id = $1", subscription)
    done = await home.subscribe(customer, type("Price", (), {"id": price_id}))
    attempt = await home.pay(done.invoice_id, return_url="https://shop.test/", save_method=True)
    await _change(home, StopRenewal, subscription)

    home.gateway.gateway.pay(attempt.state.external_id)
    await home.look_up(attempt.state.external_id)

    assert await home.status("payment", attempt.id) == "refunded"
    assert await home.status("subscription", subscription) == "active"
    open_ = "SELECT charge_since FROM subscription WHERE id = $1"
    assert await home.value(open_, subscription) is None


@pytest.mark.parametrize("refunded", [0, 1])
async def test_the_refund_of_one_period_leaves_the_other(home: House, refunded: int) -> None:
    customer, subscription = await home.subscriber()
    price_id = await home.value("SELECT price_id FROM subscription WHERE id = $1", subscription)
    done = await home.subscribe(customer, type("Price", (), {"id": price_id}))
    await home.checkout(done.invoice_id)
    payments = await home.rows("SELECT id FROM payment ORDER BY created_at, id")

    wish = RefundWish(cause(), payments[refunded]["id"], None, "asked for", "manager:1")
    await home.request_refund(wish)
    await home.carry_out()

    assert await home.status("subscription", subscription) == "active"
    ends = await home.value("SELECT period_end FROM subscription WHERE id = $1", subscription)
    months = await home.rows("SELECT period_end FROM subscription_period ORDER BY period_start")
    assert ends == months[1 - refunded]["period_end"]


async def test_dunning_longer_than_an_invoice_is_good_for_is_tried_to_its_end(home: House) -> None:
    from application.catalog.manage_plans import CreatePlan, CreatePlanCommand, SetPrice
    from domain.catalog.plan import Dunning
    from domain.shared.calendar import Interval, Unit

    async with home.open_uow() as uow:
        plan = await CreatePlan(home.clock, home.entropy).within(
            uow,
            CreatePlanCommand(
                cause=cause(),
                name="Patient",
                interval=Interval(1, Unit.MONTH),
                dunning=Dunning((0, 5, 10, 15), timedelta(hours=360)),
            ),
        )
        price = await SetPrice(home.clock, home.entropy).within(
            uow, plan.id, Money.of(49900, "RUB"), cause()
        )
        await uow.commit()
    customer = await home.customer()
    done = await home.subscribe(customer, price)
    await home.checkout(done.invoice_id)
    home.gateway.gateway.decline_charges(
        await home.value("SELECT external_id FROM payment_method"),
        Decline(DeclineReason.INSUFFICIENT_FUNDS, "x"),
    )
    home.next_day(28)
    for _ in range(17):
        await home.job("autopayments")
        await home.carry_out()
        await home.job("expire-payments")
        home.next_day()

    declined = await home.value("SELECT count(*) FROM payment WHERE status = 'declined'")
    assert declined == 4


async def test_a_card_at_its_cap_is_not_charged_by_hand_either(home: House) -> None:
    customer, _ = await home.subscriber()
    method = await _method_of(home, customer)
    external = await home.value("SELECT external_id FROM payment_method")
    home.gateway.gateway.decline_charges(external, Decline(DeclineReason.INSUFFICIENT_FUNDS, "x"))
    owed = await home.purchase(customer, Money.of(100, "RUB"))

    async def insist() -> None:
        for _ in range(25):
            await home.pay(owed.id, method_id=method)
            await home.carry_out()

    with pytest.raises(MethodNotUsable, match="allows no further try"):
        await insist()

    assert await home.value("SELECT count(*) FROM payment WHERE status = 'declined'") <= 15
