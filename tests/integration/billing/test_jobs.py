"""The timetable's jobs: what they pick, what they leave, and what a second run finds."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from adapters.memory.provider import Fault
from adapters.postgres.connections import borrowed
from application.catalog.manage_plans import RetirePlan, SetPrice
from application.payments.provider import ListingFailed, PaymentFilter, PaymentSnapshot
from application.subscriptions.change_renewal import ChangeRenewalCommand, StopRenewal
from domain.payments.declines import Decline, DeclineReason
from domain.shared.ids import SubscriptionId
from domain.shared.money import Money
from domain.subscriptions import pauses
from tests.integration.billing.house import START, House, OneProvider, cause, house


async def _stop(home: House, subscription_id: SubscriptionId) -> None:
    async with home.open_uow() as uow:
        command = ChangeRenewalCommand(cause=cause(), subscription_id=subscription_id, owner=None)
        await StopRenewal(home.clock).within(uow, command)
        await uow.commit()


@pytest.mark.parametrize(
    ("instant", "charged"),
    [
        # The period ends on February 28 at 15:00 in Moscow; that day begins at 21:00 UTC.
        (datetime(2026, 2, 27, 20, 59, tzinfo=UTC), 0),
        (datetime(2026, 2, 27, 21, 1, tzinfo=UTC), 1),
        (datetime(2026, 2, 28, 20, 59, tzinfo=UTC), 1),
    ],
    ids=["23:59 the evening before", "00:01 of the day", "23:59 of the day"],
)
async def test_due_is_a_calendar_day_of_the_billing_zone(
    home: House, instant: datetime, charged: int
) -> None:
    await home.subscriber()
    home.clock.instant = instant
    assert (await home.job("autopayments")).counts.get("charged", 0) == charged


async def test_a_dry_run_counts_and_changes_nothing(home: House) -> None:
    await home.subscriber()
    home.next_day(28)
    before = await home.rows("SELECT * FROM subscription")
    assert (await home.job("autopayments", dry_run=True)).counts == {"would_charge": 1}
    assert await home.rows("SELECT * FROM subscription") == before
    assert await home.open_messages() == []


async def test_a_limit_is_kept_and_the_next_run_takes_the_rest(home: House) -> None:
    price = await home.plan_price()
    for name in ("a", "b", "c"):
        customer = await home.customer(name)
        done = await home.subscribe(customer, price)
        assert done.invoice_id is not None
        await home.checkout(done.invoice_id)
    home.next_day(28)
    assert (await home.job("autopayments", limit=2)).counts == {"charged": 2}
    assert (await home.job("autopayments")).counts == {"charged": 1}


async def test_two_runners_at_once_charge_everybody_once(home: House) -> None:
    price = await home.plan_price()
    for name in range(8):
        customer = await home.customer(f"c-{name}")
        done = await home.subscribe(customer, price)
        assert done.invoice_id is not None
        await home.checkout(done.invoice_id)
    home.next_day(28)
    reports = await asyncio.gather(*(home.job("autopayments") for _ in range(4)))
    assert sum(report.counts.get("charged", 0) for report in reports) == 8
    await home.carry_out()
    assert await home.value("SELECT count(*) FROM payment") == 16


async def test_a_run_leaves_a_row_and_metrics(home: House) -> None:
    await home.subscriber()
    home.next_day(28)
    await home.job("autopayments")
    (row,) = await home.rows("SELECT * FROM job_run WHERE job = 'autopayments'")
    assert row["finished_at"] is not None
    assert (row["counts"], row["error"]) == ({"charged": 1}, None)
    assert home.metrics.counts["job_runs", "autopayments", "ok"] == 1
    assert home.metrics.counts["job_items", "autopayments", "charged"] == 1


async def test_a_run_that_breaks_leaves_its_error(home: House) -> None:
    home.gateway.is_down = True
    report = await home.job("match-pending-payments")
    assert report.errors
    (row,) = await home.rows("SELECT error, watermark FROM job_run")
    assert row["error"] is not None
    assert row["watermark"] is None


async def test_a_customer_who_stopped_is_not_charged_and_ends_with_the_period(
    home: House,
) -> None:
    _, subscription_id = await home.subscriber()
    await _stop(home, subscription_id)
    home.next_day(28)
    assert (await home.job("autopayments")).counts == {}
    home.next_day()
    await home.job("expire-subscriptions")
    assert await home.status("subscription", subscription_id) == "canceled"


async def test_a_charge_that_has_not_left_is_let_go_when_the_customer_stops(home: House) -> None:
    _, subscription_id = await home.subscriber()
    home.next_day(28)
    await home.job("autopayments")
    await _stop(home, subscription_id)
    await home.carry_out()
    assert len(home.gateway.gateway.payments) == 1
    statuses = await home.rows("SELECT status FROM payment ORDER BY created_at")
    assert [row["status"] for row in statuses] == ["succeeded", "canceled"]
    assert await home.value("SELECT status FROM invoice ORDER BY issued_at DESC") == "canceled"
    home.next_day(1)
    await home.job("expire-subscriptions")
    assert await home.status("subscription", subscription_id) == "canceled"


async def test_money_taken_after_the_customer_stopped_goes_back(home: House) -> None:
    _, subscription_id = await home.subscriber()
    home.next_day(28)
    await home.job("autopayments")
    home.gateway.inject(Fault.ANSWER_LOST)
    await home.carry_out()
    await _stop(home, subscription_id)
    home.clock.advance(timedelta(minutes=1))
    await home.job("ask-open-payments")
    await home.carry_out()
    assert await home.value("SELECT status FROM payment ORDER BY created_at DESC") == "refunded"
    assert await home.value("SELECT count(*) FROM subscription_period") == 1


async def test_an_abandoned_checkout_costs_none_of_the_tries(home: House) -> None:
    _, subscription_id = await home.subscriber()
    (method,) = await home.rows("SELECT * FROM payment_method")
    home.gateway.gateway.decline_next(
        Decline(DeclineReason.INSUFFICIENT_FUNDS, "insufficient_funds")
    )
    home.next_day(28)
    await home.job("autopayments")
    await home.carry_out()
    assert await home.status("subscription", subscription_id) == "past_due"
    owed = await home.value("SELECT id FROM invoice ORDER BY issued_at DESC LIMIT 1")
    attempt = await home.pay(owed, return_url="https://shop.test/")
    assert attempt is not None
    # While the customer is at the bank's page nothing else is charged for the period.
    home.next_day()
    assert (await home.job("autopayments")).counts == {}
    home.gateway.gateway.decline(
        attempt.state.external_id, Decline(DeclineReason.ABANDONED, "expired_on_confirmation")
    )
    await home.look_up(attempt.state.external_id)
    assert (await home.value("SELECT state -> 'failures' FROM subscription")) == 1
    await home.job("autopayments")
    await home.carry_out()
    assert await home.status("subscription", subscription_id) == "active"
    assert method["inactive_reason"] is None


async def test_an_open_charge_holds_back_expiry_for_a_day(home: House) -> None:
    _, subscription_id = await home.subscriber()
    end = await home.value("SELECT period_end FROM subscription")
    home.clock.instant = end + timedelta(hours=71)
    await home.job("autopayments")
    home.gateway.inject(Fault.ANSWER_LOST)
    await home.carry_out()
    home.clock.advance(timedelta(hours=2))
    assert (await home.job("expire-subscriptions")).counts == {}
    home.clock.advance(timedelta(hours=23))
    assert (await home.job("expire-subscriptions")).counts == {"expired": 1}
    assert await home.status("subscription", subscription_id) == "expired"


@pytest.mark.parametrize(("hours", "status"), [(71.9, "active"), (72, "expired")])
async def test_grace_is_seventy_two_hours_to_the_instant(
    home: House, hours: float, status: str
) -> None:
    _, subscription_id = await home.subscriber()
    end = await home.value("SELECT period_end FROM subscription")
    home.clock.instant = end + timedelta(hours=hours)
    await home.job("expire-subscriptions")
    assert await home.status("subscription", subscription_id) == status


async def test_a_subscription_without_a_card_is_blocked_once_and_expires(home: House) -> None:
    customer, price = await home.customer(), await home.plan_price()
    done = await home.subscribe(customer, price)
    assert done.invoice_id is not None
    await home.checkout(done.invoice_id, save=False)
    home.next_day(28)
    assert (await home.job("autopayments")).counts == {"blocked": 1}
    assert (await home.job("autopayments")).counts == {}
    assert await home.open_messages() == []
    home.next_day(4)
    await home.job("expire-subscriptions")
    assert await home.status("subscription", done.subscription.id) == "expired"


async def test_a_renewal_costs_what_was_agreed_whatever_the_price_list_says(home: House) -> None:
    customer, price = await home.customer(), await home.plan_price()
    done = await home.subscribe(customer, price)
    assert done.invoice_id is not None
    await home.checkout(done.invoice_id)
    async with home.open_uow() as uow:
        await SetPrice(home.clock, home.entropy).within(
            uow, price.plan_id, Money.of(99900, "RUB"), cause()
        )
        await RetirePlan().within(uow, price.plan_id, cause())
        await uow.commit()
    home.next_day(28)
    await home.job("autopayments")
    await home.carry_out()
    amounts = await home.rows("SELECT amount_minor FROM payment ORDER BY created_at")
    assert [row["amount_minor"] for row in amounts] == [49900, 49900]


async def test_a_pause_ends_by_the_clock_and_keeps_every_paid_day(home: House) -> None:
    _, subscription_id = await home.subscriber()
    home.next_day()
    async with home.open_uow() as uow:
        found = await uow.subscriptions.lock_many([subscription_id])
        paused, said = pauses.pause(found[subscription_id], 7, now=home.clock.now())
        await uow.subscriptions.save_many([paused])
        uow.events.record(cause(), said)
        await uow.commit()
    end = await home.value("SELECT period_end FROM subscription")
    assert end == datetime(2026, 3, 7, 12, 0, tzinfo=UTC)
    home.next_day(6)
    assert (await home.job("expire-subscriptions")).counts == {}
    home.next_day()
    assert (await home.job("expire-subscriptions")).counts == {"active": 1}
    assert await home.value("SELECT period_end FROM subscription") == end


class _LosesTheLastPage:
    """A provider whose list breaks after its first page."""

    def __init__(self, provider: object) -> None:
        self._provider = provider

    def __getattr__(self, name: str) -> object:
        return getattr(self._provider, name)

    async def list_payments(
        self, wanted: PaymentFilter
    ) -> AsyncIterator[Sequence[PaymentSnapshot]]:
        async for page in self._provider.list_payments(wanted):  # type: ignore[attr-defined]
            yield page
            raise ListingFailed("the second page is lost")


async def test_a_lost_page_keeps_what_was_settled_and_not_the_watermark(home: House) -> None:
    customer, price = await home.customer(), await home.plan_price()
    done = await home.subscribe(customer, price)
    assert done.invoice_id is not None
    attempt = await home.pay(done.invoice_id, return_url="https://shop.test/")
    assert attempt is not None
    home.gateway.gateway.pay(attempt.state.external_id)
    job = home.run.jobs["match-pending-payments"]
    broken = OneProvider(_LosesTheLastPage(home.gateway))  # type: ignore[arg-type]
    home.run = replace(home.run, jobs={job.name: replace(job, providers=broken)})
    report = await home.job(job.name)
    assert report.errors == [f"{home.gateway.code}: the second page is lost"]
    assert await home.status("payment", attempt.id) == "succeeded"
    assert await home.value("SELECT watermark FROM job_run") is None


async def test_a_capture_at_the_edge_of_the_last_window_is_found_by_the_overlap(
    home: House,
) -> None:
    customer, price = await home.customer(), await home.plan_price()
    done = await home.subscribe(customer, price)
    assert done.invoice_id is not None
    attempt = await home.pay(done.invoice_id, return_url="https://shop.test/")
    assert attempt is not None
    await home.job("match-successful-payments")
    # The gateway's clock is five minutes behind ours: the capture lies before our watermark.
    home.clock.advance(timedelta(minutes=-5))
    home.gateway.gateway.pay(attempt.state.external_id)
    home.clock.advance(timedelta(minutes=7))
    await home.job("match-successful-payments")
    assert await home.status("payment", attempt.id) == "succeeded"


async def test_a_payment_finished_after_an_hour_is_matched_by_its_capture(home: House) -> None:
    customer, price = await home.customer(), await home.plan_price()
    done = await home.subscribe(customer, price)
    assert done.invoice_id is not None
    attempt = await home.pay(done.invoice_id, return_url="https://shop.test/")
    assert attempt is not None
    home.clock.advance(timedelta(minutes=61))
    home.gateway.gateway.pay(attempt.state.external_id)
    await home.job("match-pending-payments")
    assert await home.status("payment", attempt.id) == "succeeded"


async def test_a_second_run_of_matching_finds_nothing_to_do(home: House) -> None:
    await home.subscriber()
    assert (await home.job("match-pending-payments")).counts.get("matched") == 0
    assert (await home.job("match-successful-payments")).counts.get("foreign", 0) == 0
    assert await home.value("SELECT count(*) FROM operation") == 1


async def test_a_year_of_days_pays_every_month_once_and_keeps_the_anchor(
    database_url: str,
) -> None:
    async with house(database_url, start=START) as home:
        await home.subscriber()
        for _ in range(365):
            home.next_day()
            await home.job("autopayments")
            await home.carry_out()
            await home.job("expire-subscriptions")
        ends = await home.rows(
            "SELECT (period_end AT TIME ZONE 'Europe/Moscow')::date AS day "
            "FROM subscription_period ORDER BY period_end"
        )
        assert [row["day"].day for row in ends] == [
            28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31, 28,
        ]  # fmt: skip
        async with borrowed(home.engine) as (_, driver):
            gaps = await driver.fetchval(
                "SELECT count(*) FROM (SELECT period_start, lag(period_end) OVER "
                "(ORDER BY period_start) AS before FROM subscription_period) AS p "
                "WHERE before IS NOT NULL AND before <> period_start"
            )
        assert gaps == 0


async def test_one_broken_row_does_not_stop_the_run(home: House) -> None:
    price = await home.plan_price()
    ids = []
    for name in range(7):
        customer = await home.customer(f"c-{name}")
        done = await home.subscribe(customer, price)
        assert done.invoice_id is not None
        await home.checkout(done.invoice_id)
        ids.append(done.subscription.id)
    home.next_day(28)
    # The kind of damage that a bug or a hand in the data leaves: one row nobody can read back,
    # and one whose invoice nobody can.
    await home.value(
        "UPDATE invoice SET period_start = (SELECT period_end FROM subscription WHERE id = $1), "
        "period_end = period_end + interval '1 month', state = '[]' WHERE subscription_id = $1",
        ids[5],
    )
    await home.value("UPDATE subscription SET state = '{\"period\": null}' WHERE id = $1", ids[3])
    report = await home.job("autopayments")
    assert report.counts == {"charged": 5, "errors": 2}
    told = "".join(report.errors)
    assert str(ids[3]) in told
    assert str(ids[5]) in told
    # Put right by hand, so that the invariants can be held against everything else.
    kept = "SELECT data FROM invoice_event WHERE invoice_id = invoice.id AND seq = 3"
    await home.value(
        f"UPDATE invoice SET state = jsonb_build_object('attempt_id', ({kept}) -> 'payment_id') "
        "WHERE subscription_id = $1",
        ids[5],
    )
