"""One customer's year, told through the handlers and the database."""

from datetime import UTC, datetime, timedelta

from domain.shared.money import Money
from tests.integration.billing.house import House


async def test_a_checkout_activates_and_the_renewal_follows(home: House) -> None:
    _, subscription_id = await home.subscriber()
    assert await home.status("subscription", subscription_id) == "active"
    end = await home.value("SELECT period_end FROM subscription WHERE id = $1", subscription_id)
    assert end == datetime(2026, 2, 28, 12, 0, tzinfo=UTC)

    home.clock.instant = end - timedelta(hours=3)
    report = await home.job("autopayments")
    assert report.counts == {"charged": 1}
    assert (await home.job("autopayments")).counts == {}
    assert await home.carry_out() == []

    periods = await home.rows(
        "SELECT period_start, period_end, kind FROM subscription_period ORDER BY 1"
    )
    assert [row["kind"] for row in periods] == ["initial", "renewal"]
    assert periods[1]["period_end"] == datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
    assert await home.value("SELECT count(*) FROM operation") == 2
    assert await home.value("SELECT sum(amount_minor) FROM entry") == 0
    numbers = await home.rows("SELECT number FROM invoice ORDER BY issued_at")
    assert [row["number"] for row in numbers] == ["2026-0000001", "2026-0000002"]


async def test_a_zero_purchase_is_paid_without_an_attempt(home: House) -> None:
    customer = await home.customer()
    owed = await home.purchase(customer, Money.of(0, "USD"))
    assert await home.status("invoice", owed.id) == "paid"
    assert await home.value("SELECT count(*) FROM payment") == 0
