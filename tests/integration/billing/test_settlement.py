"""The one door: however often and from wherever the same money is told of, it counts once."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from adapters.memory.provider import Fault
from application.payments.answers import Answer
from application.payments.decide_review import DecideReview
from application.payments.provider import EventKind, Found
from application.payments.request_refund import RefundWish
from application.subscriptions.change_renewal import ChangeRenewalCommand, StopRenewal
from domain.payments.attempt import Attempt, IllegalMove
from domain.payments.declines import Decline, DeclineReason
from domain.payments.invoice import IllegalInvoiceMove
from domain.payments.refund import RefundExceedsCapture
from domain.shared.money import Money
from tests.integration.billing.house import House, OneProvider, cause

RUB_499 = Money.of(49900, "RUB")


async def _open_checkout(home: House):
    customer, price = await home.customer(), await home.plan_price()
    done = await home.subscribe(customer, price)
    attempt = await home.pay(done.invoice_id, return_url="https://shop.test/", save_method=True)
    return done.subscription.id, attempt


async def test_fifty_settles_at_once_through_every_door_pay_one_period(home: House) -> None:
    subscription_id, attempt = await _open_checkout(home)
    external_id = attempt.state.external_id
    home.gateway.gateway.pay(external_id)

    async def webhook() -> None:
        request = home.gateway.notification(EventKind.PAYMENT_CHANGED, external_id)
        await home.receive(home.gateway.code, request)

    async def button() -> None:
        found = await home.gateway.get_payment(external_id)
        assert isinstance(found, Found)
        async with home.open_uow() as uow:
            told = Answer(attempt_id=attempt.id, answer=found, question="button", cause=cause())
            await home.settle(uow, [told])
            await uow.commit()

    doors = [webhook(), home.job("match-pending-payments"), home.job("match-successful-payments")]
    await asyncio.gather(*doors, *(button() for _ in range(47)))
    await home.carry_out()

    assert await home.value("SELECT count(*) FROM subscription_period") == 1
    assert await home.value("SELECT count(*) FROM invoice_event WHERE name = 'invoice.paid'") == 1
    assert await home.value("SELECT count(*) FROM event WHERE name = 'payment.succeeded'") == 1
    assert await home.value("SELECT count(*) FROM operation") == 1
    assert await home.status("subscription", subscription_id) == "active"


async def test_a_webhook_told_a_hundred_times_is_looked_up_once(home: House) -> None:
    _, attempt = await _open_checkout(home)
    home.gateway.gateway.pay(attempt.state.external_id)
    request = home.gateway.notification(EventKind.PAYMENT_CHANGED, attempt.state.external_id)
    new = [await home.receive(home.gateway.code, request) for _ in range(100)]
    assert new.count(True) == 1
    assert len(await home.open_messages()) == 1
    await home.carry_out()


@pytest.mark.parametrize("fault", [Fault.ANSWER_LOST, Fault.REQUEST_LOST])
async def test_a_lost_answer_is_unknown_and_the_same_key_settles_it(
    home: House, fault: Fault
) -> None:
    _, subscription_id = await home.subscriber()
    home.next_day(28)
    await home.job("autopayments")
    home.gateway.inject(fault)
    await home.carry_out()
    renewal = await home.value("SELECT id FROM payment ORDER BY created_at DESC LIMIT 1")
    assert await home.status("payment", renewal) == "unknown"
    # While it is unknown nothing else is charged and access is kept.
    assert (await home.job("autopayments")).counts == {}
    assert await home.status("subscription", subscription_id) == "active"

    home.clock.advance(timedelta(seconds=6))
    assert (await home.job("ask-open-payments")).counts == {"asked_unknown": 1}
    await home.carry_out()

    assert await home.status("payment", renewal) == "succeeded"
    assert home.gateway.gateway.executed(str(renewal)) == 1
    assert await home.value("SELECT count(*) FROM subscription_period") == 2


async def test_a_call_that_certainly_did_not_leave_goes_again_with_the_same_key(
    home: House,
) -> None:
    await home.subscriber()
    home.next_day(28)
    await home.job("autopayments")
    home.gateway.inject(Fault.NOT_CONNECTED)
    (failed,) = await home.carry_out()
    renewal = await home.value("SELECT id FROM payment ORDER BY created_at DESC LIMIT 1")
    assert not failed.final
    assert await home.status("payment", renewal) == "reserved"

    home.clock.advance(timedelta(minutes=11))
    assert (await home.job("ask-open-payments")).counts == {"asked_reserved": 1}
    await home.carry_out()
    assert await home.status("payment", renewal) == "succeeded"


async def test_a_worker_killed_between_reserve_and_call_charges_once_when_it_is_back(
    home: House,
) -> None:
    await home.subscriber()
    home.next_day(28)
    await home.job("autopayments")
    (message,) = await home.open_messages()
    # The first worker calls the gateway and dies before it records anything.
    (answer,) = await home.handlers[message.name].call([message])
    renewal = await home.value("SELECT id FROM payment ORDER BY created_at DESC LIMIT 1")
    assert await home.status("payment", renewal) == "sent"
    # The message comes again to another one.
    await home.carry_out()
    assert await home.status("payment", renewal) == "succeeded"
    assert home.gateway.gateway.executed(str(renewal)) == 1
    # The first one wakes up and records what it knows.
    async with home.open_uow() as uow:
        await home.handlers[message.name].record(uow, [(message, answer)])
        await uow.commit()
    assert await home.value("SELECT count(*) FROM operation") == 2


async def test_an_amount_that_differs_goes_to_review_and_grants_nothing(home: House) -> None:
    subscription_id, attempt = await _open_checkout(home)
    external_id = attempt.state.external_id
    shown = home.gateway.gateway.pay(external_id)
    wrong = replace(shown, money=Money.of(100, "RUB"), captured=Money.of(100, "RUB"))
    async with home.open_uow() as uow:
        told = Answer(attempt_id=attempt.id, answer=Found(wrong), question="x", cause=cause())
        await home.settle(uow, [told])
        await uow.commit()
    assert await home.status("payment", attempt.id) == "review"
    assert await home.status("subscription", subscription_id) == "created"
    assert await home.value("SELECT count(*) FROM operation") == 0
    assert await home.value("SELECT kind FROM discrepancy WHERE status = 'open'") == "mismatch"


async def _in_review(home: House, captured: Money) -> tuple[Any, Attempt]:
    """A checkout whose gateway holds something else than was agreed, and says so when asked."""
    subscription_id, attempt = await _open_checkout(home)
    shown = home.gateway.gateway.pay(attempt.state.external_id)
    home.gateway.gateway.show(replace(shown, money=captured, captured=captured))
    await home.look_up(shown.external_id)
    assert await home.status("payment", attempt.id) == "review"
    return subscription_id, attempt


async def _decide(home: House, attempt: Attempt, *, take: bool) -> None:
    review = DecideReview(home.open_uow, home.settle, home.providers)
    shown = await review.shown(attempt.id)
    async with home.open_uow() as uow:
        await (review.take if take else review.give_back)(uow, attempt.id, shown, cause())
        await uow.commit()
    await home.carry_out()


async def test_a_person_may_take_what_is_not_what_was_agreed(home: House) -> None:
    subscription_id, attempt = await _in_review(home, Money.of(100, "RUB"))

    await _decide(home, attempt, take=True)

    assert await home.status("payment", attempt.id) == "succeeded"
    assert await home.status("subscription", subscription_id) == "active"
    assert await home.value("SELECT status FROM discrepancy") == "resolved"
    assert await home.value("SELECT kind FROM operation") == "charge_captured"
    with pytest.raises(IllegalMove):
        await _decide(home, attempt, take=True)


async def test_a_person_may_send_back_what_is_not_what_was_agreed(home: House) -> None:
    subscription_id, attempt = await _in_review(home, Money.of(100, "RUB"))

    await _decide(home, attempt, take=False)

    assert await home.status("payment", attempt.id) == "refunded"
    assert await home.value("SELECT count(*) FROM subscription_period") == 0
    charge = await home.value(
        "SELECT charge_since FROM subscription WHERE id = $1", subscription_id
    )
    assert charge is None
    kinds = await home.rows("SELECT kind FROM operation ORDER BY kind")
    assert [row["kind"] for row in kinds] == ["charge_captured", "refund_succeeded"]


async def test_a_test_payment_in_a_live_shop_goes_to_review(home: House) -> None:
    _, attempt = await _open_checkout(home)
    home.gateway.gateway.pay(attempt.state.external_id)
    live = OneProvider(home.gateway, test=False)
    home.handlers["payments.look_up.v1"] = replace(
        home.handlers["payments.look_up.v1"], settle=replace(home.settle, providers=live)
    )
    await home.look_up(attempt.state.external_id)
    assert await home.status("payment", attempt.id) == "review"


async def test_money_that_comes_after_a_cancel_goes_back(home: House) -> None:
    subscription_id, attempt = await _open_checkout(home)
    async with home.open_uow() as uow:
        stop = ChangeRenewalCommand(cause=cause(), subscription_id=subscription_id, owner=None)
        await StopRenewal(home.clock).within(uow, stop)
        await uow.commit()
    assert await home.status("subscription", subscription_id) == "canceled"

    home.gateway.gateway.pay(attempt.state.external_id)
    await home.look_up(attempt.state.external_id)

    assert await home.status("payment", attempt.id) == "refunded"
    assert await home.status("invoice", attempt.invoice_id) == "refunded"
    assert await home.status("subscription", subscription_id) == "canceled"
    assert await home.value("SELECT count(*) FROM subscription_period") == 0
    kinds = await home.rows("SELECT kind FROM operation ORDER BY kind")
    assert [row["kind"] for row in kinds] == ["charge_captured", "refund_succeeded"]


async def test_money_that_comes_after_expiry_reactivates_from_the_payment_on(
    home: House,
) -> None:
    _, subscription_id = await home.subscriber()
    home.next_day(28)
    await home.job("autopayments")
    home.gateway.inject(Fault.ANSWER_LOST)
    await home.carry_out()
    home.next_day(5)
    await home.job("expire-subscriptions")
    assert await home.status("subscription", subscription_id) == "expired"

    await home.job("match-pending-payments")
    renewal = await home.value("SELECT id FROM payment ORDER BY created_at DESC LIMIT 1")
    if await home.status("payment", renewal) != "succeeded":
        await home.job("ask-open-payments")
        await home.carry_out()
    assert await home.status("payment", renewal) == "succeeded"
    assert await home.status("subscription", subscription_id) == "active"
    start = await home.value("SELECT max(period_start) FROM subscription_period")
    assert start == home.clock.now()
    reactivated = "SELECT count(*) FROM event WHERE name = 'subscription.reactivated'"
    assert await home.value(reactivated) == 1


async def test_refunds_at_once_never_give_back_more_than_came(home: House) -> None:
    customer = await home.customer()
    owed = await home.purchase(customer, Money.of(1000, "RUB"))
    attempt = await home.checkout(owed.id)

    async def ask() -> bool:
        wish = RefundWish(cause(), attempt.id, Money.of(400, "RUB"), "a wish", "manager:1")
        try:
            await home.request_refund(wish)
        except (RefundExceedsCapture, IllegalInvoiceMove):
            return False
        await home.carry_out()
        return True

    given = await asyncio.gather(*(ask() for _ in range(6)))
    await home.carry_out()
    while await ask():
        given.append(True)
    assert given.count(True) == 2
    assert await home.status("payment", attempt.id) == "partially_refunded"
    returned = await home.value("SELECT refunded_minor FROM payment WHERE id = $1", attempt.id)
    assert returned == 800


async def test_a_full_refund_ends_the_subscription(home: House) -> None:
    _, subscription_id = await home.subscriber()
    payment = await home.value("SELECT id FROM payment")
    await home.request_refund(RefundWish(cause(), payment, None, "asked for", "manager:1"))
    await home.carry_out()
    assert await home.status("subscription", subscription_id) == "canceled"
    assert await home.value("SELECT sum(amount_minor) FROM entry") == 0


async def test_a_payment_the_books_do_not_know_becomes_a_discrepancy(home: House) -> None:
    subscription_id, attempt = await _open_checkout(home)
    foreign = home.gateway.gateway.pay(attempt.state.external_id)
    stranger = replace(foreign, external_id="elsewhere", reference="x", metadata={})
    home.gateway.gateway._keep(stranger)
    home.clock.advance(timedelta(minutes=1))
    report = await home.job("match-successful-payments")
    assert report.counts["foreign"] == 1
    await home.job("match-successful-payments")
    assert await home.value("SELECT count(*) FROM discrepancy") == 1
    assert await home.status("subscription", subscription_id) == "active"


async def test_a_hard_decline_spoils_the_card_and_nothing_more_is_tried(home: House) -> None:
    _, subscription_id = await home.subscriber()
    (method,) = await home.rows("SELECT * FROM payment_method")
    home.gateway.gateway.decline_charges(
        method["external_id"], Decline(DeclineReason.EXPIRED_CARD, "card_expired")
    )
    home.next_day(28)
    await home.job("autopayments")
    await home.carry_out()
    assert await home.status("subscription", subscription_id) == "past_due"
    assert await home.value("SELECT inactive_reason FROM payment_method") == "expired_card"
    for _ in range(5):
        home.next_day()
        assert (await home.job("autopayments")).counts == {}
        await home.job("expire-subscriptions")
    assert await home.status("subscription", subscription_id) == "expired"
    open_invoices = await home.rows("SELECT status FROM invoice ORDER BY issued_at")
    assert [row["status"] for row in open_invoices] == ["paid", "expired"]


async def test_a_soft_decline_is_tried_once_a_day_until_grace_is_over(home: House) -> None:
    _, subscription_id = await home.subscriber()
    (method,) = await home.rows("SELECT * FROM payment_method")
    home.gateway.gateway.decline_charges(
        method["external_id"], Decline(DeclineReason.INSUFFICIENT_FUNDS, "insufficient_funds")
    )
    home.next_day(28)
    charged = 0
    for _ in range(6):
        for _ in range(2):  # a second run on the same day charges nobody
            charged += (await home.job("autopayments")).counts.get("charged", 0)
            await home.carry_out()
        await home.job("expire-subscriptions")
        home.next_day()
    assert charged == 4
    assert await home.status("subscription", subscription_id) == "expired"
    numbers = await home.rows("SELECT number FROM payment ORDER BY created_at, number")
    assert [row["number"] for row in numbers] == [1, 1, 2, 3, 4]


async def test_missed_days_are_made_up_by_one_attempt(home: House) -> None:
    await home.subscriber()
    home.next_day(30)
    assert (await home.job("autopayments")).counts == {"charged": 1}
    await home.carry_out()
    periods = await home.rows("SELECT * FROM subscription_period ORDER BY period_start")
    assert periods[1]["period_start"] == periods[0]["period_end"]


async def test_an_abandoned_checkout_expires_only_after_the_gateway_was_asked(
    home: House,
) -> None:
    subscription_id, attempt = await _open_checkout(home)
    home.next_day(8)
    home.gateway.is_down = True
    report = await home.job("expire-payments")
    assert report.counts["errors"] == 1
    assert await home.status("payment", attempt.id) == "accepted"
    home.gateway.is_down = False
    await home.job("expire-payments")
    assert await home.status("payment", attempt.id) == "expired"
    assert await home.status("invoice", attempt.invoice_id) == "expired"
    assert await home.status("subscription", subscription_id) == "canceled"


async def test_a_payment_made_in_time_settles_instead_of_expiring(home: House) -> None:
    subscription_id, attempt = await _open_checkout(home)
    home.gateway.gateway.pay(attempt.state.external_id)
    home.next_day(8)
    await home.job("expire-payments")
    assert await home.status("payment", attempt.id) == "succeeded"
    assert await home.status("subscription", subscription_id) == "active"


async def test_a_double_click_opens_one_payment(home: House) -> None:
    customer = await home.customer()
    owed = await home.purchase(customer, RUB_499)
    first, second = await asyncio.gather(
        home.pay(owed.id, return_url="https://shop.test/"),
        home.pay(owed.id, return_url="https://shop.test/"),
    )
    assert first.id == second.id
    assert len(home.gateway.gateway.payments) == 1


async def test_a_lost_database_row_is_adopted_from_the_providers_list(home: House) -> None:
    subscription_id, attempt = await _open_checkout(home)
    home.gateway.gateway.pay(attempt.state.external_id)
    # The database comes back from a backup that is older than the checkout.
    async with home.open_uow() as uow:
        await uow.driver.execute("SET LOCAL session_replication_role = replica")
        for table in ("gateway_exchange", "payment", "invoice_event", "invoice", "subscription"):
            await uow.driver.execute(f"DELETE FROM {table}")
        await uow.driver.execute("DELETE FROM invoice_counter")
        await uow.commit()
    home.clock.advance(timedelta(minutes=5))
    report = await home.job("match-successful-payments")
    assert report.counts["adopted"] == 1
    assert await home.status("subscription", subscription_id) == "active"
    assert await home.status("payment", attempt.id) == "succeeded"
    assert await home.value("SELECT count(*) FROM operation") == 1
