"""A customer of Stripe's, from the first payment on, with the real handlers and the database."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.postgres.engine import create_engine
from application.payments.request_refund import RefundWish, reserve_refunds
from domain.catalog.plan import Price
from domain.identity.customer import Customer
from domain.payments.attempt import Attempt
from domain.shared.money import Money
from tests.contract.stripe_gateway import StripeHarness, stripe_harness
from tests.integration.billing.conftest import check_invariants
from tests.integration.billing.house import House, cause

RETURN_URL = "https://shop.example.org/thanks"


class Shop:
    """A billing house before an emulated Stripe."""

    def __init__(self, home: House, stripe: StripeHarness) -> None:
        self.home, self.stripe = home, stripe

    async def opened(self) -> tuple[Attempt, object]:
        """Subscribe somebody and send them to the page."""
        customer: Customer = await self.home.customer()
        price: Price = await self.home.plan_price()
        done = await self.home.subscribe(customer, price)
        assert done.invoice_id is not None
        attempt = await self.home.pay(done.invoice_id, return_url=RETURN_URL, save_method=True)
        assert attempt is not None
        return attempt, done.subscription.id

    async def pays(self, attempt: Attempt) -> None:
        found = await self.stripe.provider.get_payment(attempt.state.external_id)  # type: ignore[union-attr]
        await self.stripe.pays(found.snapshot)  # type: ignore[union-attr]

    async def hears(self, times: int = 1) -> None:
        """Take in every event there is, so many times, the last one first."""
        for event in list(reversed(await self.stripe.events())) * times:
            await self.home.receive("stripe", event)
        assert await self.home.carry_out() == []

    async def discrepancies(self) -> int:
        return int(await self.home.value("SELECT count(*) FROM discrepancy"))

    async def renewed(self) -> str:
        """Let the next period come and be charged; return how the charge stands."""
        end = await self.home.value("SELECT period_end FROM subscription")
        self.home.clock.instant = end - timedelta(hours=3)
        await self.home.job("autopayments")
        await self.home.carry_out()
        newest = "SELECT status FROM payment ORDER BY created_at DESC LIMIT 1"
        return str(await self.home.value(newest))


@pytest.fixture
async def shop(database_url: str, tmp_path: Path) -> AsyncIterator[Shop]:
    engine = create_engine(database_url)
    try:
        async with stripe_harness(tmp_path) as stripe:
            home = House(engine, stripe.clock, gateway=stripe.provider)
            yield Shop(home, stripe)
            await check_invariants(home)
    finally:
        await engine.dispose()


async def test_events_pay_an_invoice_and_the_renewal_needs_nobody(shop: Shop) -> None:
    attempt, subscription = await shop.opened()
    await shop.pays(attempt)
    await shop.hears(times=2)

    assert await shop.home.status("subscription", subscription) == "active"
    assert await shop.home.status("payment", attempt.id) == "succeeded"
    assert await shop.renewed() == "succeeded"
    await shop.hears()

    assert await shop.discrepancies() == 0
    assert await shop.home.value("SELECT count(*) FROM subscription_period") == 2
    assert await shop.home.value("SELECT count(*) FROM operation") == 2
    books = [row["status"] for row in await shop.stripe.books("payments")]
    assert books == ["succeeded", "succeeded"]


async def test_a_declined_renewal_waits_for_its_next_day(shop: Shop) -> None:
    attempt, subscription = await shop.opened()
    await shop.pays(attempt)
    await shop.hears()
    await shop.stripe.configure({"decline_percent": 100, "decline_codes": {"do_not_honor": 1}})

    assert await shop.renewed() == "declined"
    await shop.hears()

    assert await shop.home.status("subscription", subscription) == "past_due"
    assert await shop.discrepancies() == 0


async def test_a_charge_whose_answer_is_a_failure_for_ever_is_settled_by_its_event(
    shop: Shop,
) -> None:
    attempt, _ = await shop.opened()
    await shop.pays(attempt)
    await shop.hears()
    await shop.stripe.configure({"replays_server_errors": True})
    await shop.stripe.breaks({"kind": "error_500_after_commit", "method": "POST", "times": 1})

    between = await shop.renewed()
    await shop.hears()

    assert between == "unknown"
    assert await shop.home.value("SELECT count(*) FROM payment WHERE status = 'succeeded'") == 2
    assert await shop.home.value("SELECT count(*) FROM subscription_period") == 2


async def test_who_pays_hours_later_and_is_not_heard_of_is_found_in_the_list(shop: Shop) -> None:
    attempt, subscription = await shop.opened()
    await shop.home.job("match-successful-payments")
    shop.home.clock.advance(timedelta(hours=9))
    await shop.home.job("match-successful-payments")
    await shop.pays(attempt)
    await shop.stripe.events()  # lost
    shop.home.clock.advance(timedelta(minutes=2))

    await shop.home.job("match-successful-payments")

    assert await shop.home.status("payment", attempt.id) == "succeeded"
    assert await shop.home.status("subscription", subscription) == "active"
    assert await shop.discrepancies() == 0


async def test_money_goes_back_in_parts_and_stripe_says_the_same(shop: Shop) -> None:
    attempt, _ = await shop.opened()
    await shop.pays(attempt)
    await shop.hears()
    part = Money.of(10000, "RUB")
    async with shop.home.open_uow() as uow:
        wish = RefundWish(cause("refund"), attempt.id, part, "asked by the customer", "manager:1")
        await reserve_refunds(uow, [wish], clock=shop.home.clock, entropy=shop.home.entropy)
        await uow.commit()

    assert await shop.home.carry_out() == []
    await shop.hears(times=2)

    assert await shop.home.status("payment", attempt.id) == "partially_refunded"
    assert [row["amount"] for row in await shop.stripe.books("refunds")] == [10000]
    assert await shop.discrepancies() == 0
