"""What managers do, over the database: charges, renewals, refunds and two hands at once."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from adapters.postgres.queries import PostgresQueries
from application.catalog.manage_plans import SetPrice
from application.errors import Conflict
from application.payments.request_refund import RefundWish
from application.subscriptions.change_plan import ChangePlanCommand, PlanChangedAtOnce
from application.subscriptions.issue_by_hand import IssueByHandCommand
from application.subscriptions.manage import CancelNowCommand, MoveEndCommand
from domain.catalog.plan import Price
from domain.payments.declines import Decline, DeclineReason
from domain.shared.errors import DomainError, InvalidValue
from domain.shared.ids import PriceId, SubscriptionId
from domain.shared.money import Money
from domain.subscriptions.model import Active, Paused, Subscription
from domain.subscriptions.moves import IllegalSubscriptionMove
from entrypoints.subscription_desk import SubscriptionDesk, build_subscription_desk
from tests.integration.billing.house import START, House, cause

END = datetime.fromisoformat("2026-02-28T12:00:00+00:00")
DAY = timedelta(days=1)


def desk_of(home: House) -> SubscriptionDesk:
    return build_subscription_desk(
        open_uow=home.open_uow,
        queries=PostgresQueries(home.engine),
        clock=home.clock,
        entropy=home.entropy,
        zone=home.zone,
    )


@asynccontextmanager
async def hand(home: House) -> AsyncIterator[tuple[SubscriptionDesk, Any]]:
    async with home.open_uow() as uow:
        yield desk_of(home), uow
        await uow.commit()


async def subscription(home: House, key: SubscriptionId) -> Subscription:
    async with home.open_uow() as uow:
        return (await uow.subscriptions.lock_many([key]))[key]


async def pause(home: House, key: SubscriptionId, days: int = 7) -> None:
    async with hand(home) as (desk, uow):
        await desk.pause.within(uow, key, days, cause("asked on the phone", "manager:anna"))


async def move_end(home: House, key: SubscriptionId, end: datetime, **more: Any) -> None:
    async with hand(home) as (desk, uow):
        command = MoveEndCommand(cause=cause(), subscription_id=key, end=end, **more)
        await desk.move_end.within(uow, command)


async def change_later(home: House, key: SubscriptionId, price: Price) -> None:
    async with hand(home) as (desk, uow):
        command = ChangePlanCommand(cause=cause(), subscription_id=key, price_id=price.id)
        await desk.change_later.within(uow, command)


async def change_now(home: House, key: SubscriptionId, price_id: PriceId) -> PlanChangedAtOnce:
    async with hand(home) as (desk, uow):
        command = ChangePlanCommand(cause=cause(), subscription_id=key, price_id=price_id)
        return await desk.change_now.within(uow, command)


async def taken(home: House) -> Sequence[int]:
    rows = await home.rows(
        "SELECT captured_minor FROM payment WHERE captured_minor IS NOT NULL ORDER BY id"
    )
    return [row["captured_minor"] for row in rows]


async def periods(home: House) -> Sequence[tuple[str, datetime, datetime, int]]:
    rows = await home.rows("SELECT * FROM subscription_period ORDER BY period_start")
    return [(r["kind"], r["period_start"], r["period_end"], r["worth_minor"]) for r in rows]


async def test_a_pause_is_ended_by_the_clock_and_its_days_follow(home: House) -> None:
    _, key = await home.subscriber()
    home.next_day(3)
    await pause(home, key)
    assert (await home.job("autopayments")).counts == {}
    home.next_day(7)
    home.clock.advance(timedelta(hours=5))
    assert await home.status("subscription", key) == "paused"
    jobs = desk_of(home).jobs
    assert [job.name for job in jobs] == ["resume-subscriptions"]
    home.run.jobs[jobs[0].name] = jobs[0]  # type: ignore[index]
    assert (await home.job("resume-subscriptions", dry_run=True)).counts == {"would_resume": 1}
    assert (await home.job("resume-subscriptions")).counts == {"resumed": 1}
    assert (await home.job("resume-subscriptions")).counts == {}
    state = (await subscription(home, key)).state
    assert isinstance(state, Active)
    assert state.period.end == END + 7 * DAY
    told = await home.rows("SELECT actor, reason FROM event WHERE name = 'subscription.paused'")
    assert told == [{"actor": "manager:anna", "reason": "asked on the phone"}]
    home.clock.instant = END + 7 * DAY
    assert (await home.job("autopayments")).counts == {"charged": 1}
    await home.carry_out()
    assert await taken(home) == [49900, 49900]


async def test_a_renewal_and_a_pause_at_once_do_not_both_happen(home: House) -> None:
    price = await home.plan_price()
    keys = []
    for name in range(6):
        done = await home.subscribe(await home.customer(f"c-{name}"), price)
        assert done.invoice_id is not None
        await home.checkout(done.invoice_id)
        keys.append(done.subscription.id)
    home.clock.instant = END - timedelta(hours=2)
    answers = await asyncio.gather(
        home.job("autopayments"), *(pause(home, key) for key in keys), return_exceptions=True
    )
    refused = [one for one in answers if isinstance(one, BaseException)]
    assert all(isinstance(one, IllegalSubscriptionMove) for one in refused), refused
    await home.job("autopayments")
    await home.carry_out()
    for key in keys:
        now = await subscription(home, key)
        if isinstance(now.state, Paused):
            assert now.charge is None
        else:
            assert now.state.period.start == END  # type: ignore[union-attr]
    paid = await home.value("SELECT count(*) FROM payment WHERE captured_minor IS NOT NULL")
    assert paid == len(keys) + len(refused)


async def test_two_managers_at_once_move_it_one_after_the_other(home: House) -> None:
    _, key = await home.subscriber()
    home.next_day()
    ends = [END + n * DAY for n in (5, 9)]
    await asyncio.gather(*(move_end(home, key, end) for end in ends))
    state = (await subscription(home, key)).state
    assert isinstance(state, Active)
    assert state.period.end in ends
    granted = await periods(home)
    assert granted[-1][2] == state.period.end
    assert [kind for kind, *_ in granted][:2] == ["initial", "manual"]


async def test_an_upgrade_at_once_charges_the_difference(home: House) -> None:
    _, key = await home.subscriber()
    dear = await home.plan_price(Money.of(99900, "RUB"))
    home.next_day(14)
    now = home.clock.now()
    done = await change_now(home, key, dear.id)
    assert done.quote.prorated.due == Money.of(74950, "RUB")
    with pytest.raises(DomainError):
        await pause(home, key)
    await home.carry_out()
    after = await subscription(home, key)
    assert (after.plan_id, after.money, after.change) == (dear.plan_id, dear.money, None)
    assert after.state == Active(done.quote.period)
    assert await taken(home) == [49900, 74950]
    assert await periods(home) == [
        ("initial", START, now, 24950),
        ("change", now, done.quote.period.end, 99900),
    ]
    home.clock.instant = done.quote.period.end
    assert (await home.job("autopayments")).counts == {"charged": 1}
    await home.carry_out()
    assert (await taken(home))[-1] == 99900


async def test_a_declined_upgrade_leaves_everything_as_it_was(home: House) -> None:
    _, key = await home.subscriber()
    dear = await home.plan_price(Money.of(99900, "RUB"))
    home.clock.instant = END - timedelta(hours=1)
    before = await subscription(home, key)
    home.gateway.gateway.decline_next(Decline(DeclineReason.INSUFFICIENT_FUNDS, "no"))
    done = await change_now(home, key, dear.id)
    await home.carry_out()
    after = await subscription(home, key)
    assert (after.state, after.plan_id, after.charge, after.change) == (
        before.state,
        before.plan_id,
        None,
        None,
    )
    assert await home.status("invoice", done.invoice_id) == "canceled"


@pytest.mark.parametrize("same_plan", [False, True], ids=["another plan", "another price"])
async def test_money_for_a_change_that_was_given_up_goes_back(home: House, same_plan: bool) -> None:
    _, key = await home.subscriber()
    before = await subscription(home, key)
    dear = await home.plan_price(Money.of(99900, "RUB"))
    if same_plan:
        async with home.open_uow() as uow:
            raised = SetPrice(home.clock, home.entropy)
            dear = await raised.within(uow, before.plan_id, Money.of(99900, "RUB"), cause())
            await uow.commit()
    home.next_day(14)
    home.gateway.gateway.charges_stay_pending = True
    await change_now(home, key, dear.id)
    await home.carry_out()
    home.next_day(8)
    await home.job("expire-payments")
    assert (await subscription(home, key)).change is None
    (late,) = await home.rows("SELECT id, external_id FROM payment WHERE status = 'expired'")
    home.gateway.gateway.pay(late["external_id"])
    await home.look_up(late["external_id"])
    assert await home.status("payment", late["id"]) == "refunded"
    after = await subscription(home, key)
    assert (after.state, after.price_id) == (before.state, before.price_id)


async def test_a_downgrade_turns_what_remains_into_time(home: House) -> None:
    _, key = await home.subscriber()
    cheap = await home.plan_price(Money.of(10000, "RUB"))
    home.next_day(14)
    done = await change_now(home, key, cheap.id)
    assert await home.open_messages() == []
    after = await subscription(home, key)
    assert after.state == Active(done.quote.period)
    assert (await periods(home))[-1][3] == 24950
    assert await home.status("invoice", done.invoice_id) == "paid"
    home.next_day(14)
    # Back again: the credit is what of the credit is left, not what the invoice said.
    back = await home.plan_price(Money.of(99900, "RUB"))
    again = await change_now(home, key, back.id)
    whole = done.quote.period.end - done.quote.period.start
    left = 24950 * (whole - 14 * DAY) / whole
    assert abs(again.quote.prorated.credit.amount_minor - left) <= 0.5


async def test_without_a_card_an_upgrade_waits_for_the_period_s_end(home: House) -> None:
    customer, price = await home.customer(), await home.plan_price()
    sold = await home.subscribe(customer, price, auto_renewal=False)
    assert sold.invoice_id is not None
    await home.checkout(sold.invoice_id, save=False)
    dear = await home.plan_price(Money.of(99900, "RUB"))
    home.next_day(3)
    with pytest.raises(InvalidValue, match="saved payment method"):
        await change_now(home, sold.subscription.id, dear.id)
    await change_later(home, sold.subscription.id, dear)
    paying = await home.subscribe(customer, price, auto_renewal=False)
    assert paying.invoice_id is not None
    await home.checkout(paying.invoice_id, save=False)
    after = await subscription(home, sold.subscription.id)
    assert (after.plan_id, after.money) == (dear.plan_id, dear.money)
    assert await taken(home) == [49900, 99900]


async def test_another_plan_follows_with_the_renewal(home: House) -> None:
    customer, key = await home.subscriber()
    dear = await home.plan_price(Money.of(99900, "RUB"))
    await change_later(home, key, dear)
    with pytest.raises(Conflict):
        await home.subscribe(customer, dear)
    home.clock.instant = END
    assert (await home.job("autopayments")).counts == {"charged": 1}
    assert (await subscription(home, key)).plan_id != dear.plan_id
    await home.carry_out()
    after = await subscription(home, key)
    assert (after.plan_id, after.price_id, after.change) == (dear.plan_id, dear.id, None)
    assert await taken(home) == [49900, 99900]


async def test_a_refund_takes_a_period_back_that_a_pause_has_moved(home: House) -> None:
    _, key = await home.subscriber()
    await pause(home, key)
    home.next_day()
    async with hand(home) as (desk, uow):
        await desk.resume.within(uow, key, cause())
    attempt = await home.value("SELECT id FROM payment")
    await home.request_refund(RefundWish(cause(), attempt, None, "asked for", "manager:anna"))
    await home.carry_out()
    assert await home.status("subscription", key) == "canceled"


async def test_a_cancel_takes_a_charge_back_and_tells_what_was_not_used(home: House) -> None:
    _, key = await home.subscriber()
    home.next_day(14)
    async with hand(home) as (desk, uow):
        command = CancelNowCommand(cause=cause("fraud"), subscription_id=key, refund=True)
        over, unused = await desk.cancel.within(uow, command)
    assert unused == Money.of(24950, "RUB")
    told = await home.rows("SELECT name FROM event WHERE aggregate_id = $1", over.id)
    assert {"subscription.canceled", "subscription.refund_wanted"} <= {r["name"] for r in told}


async def test_a_cancel_while_a_renewal_is_on_its_way_gives_the_money_back(home: House) -> None:
    _, key = await home.subscriber()
    home.clock.instant = END
    await home.job("autopayments")
    async with hand(home) as (desk, uow):
        await desk.cancel.within(uow, CancelNowCommand(cause=cause(), subscription_id=key))
    await home.carry_out()
    left = await home.value("SELECT sum(captured_minor - refunded_minor) FROM payment")
    assert left == 49900
    assert await home.status("subscription", key) == "canceled"


async def test_what_is_given_away_is_not_charged_and_given_once(home: House) -> None:
    customer, price = await home.customer(), await home.plan_price()

    async def give() -> None:
        async with hand(home) as (desk, uow):
            command = IssueByHandCommand(
                cause=cause(),
                customer_id=customer.id,
                price_id=price.id,
                provider=home.gateway.code,
                days=30,
            )
            await desk.issue.within(uow, command)

    await give()
    with pytest.raises(Conflict):
        await give()
    home.next_day(31)
    assert (await home.job("autopayments")).counts == {}
    home.next_day(5)
    assert (await home.job("expire-subscriptions")).counts == {"expired": 1}
    assert await periods(home) == [("manual", START, START + 30 * DAY, 0)]


@pytest.mark.parametrize("migrates", [False, True])
async def test_a_price_to_come_takes_along_only_whom_it_says(home: House, migrates: bool) -> None:
    _, key = await home.subscriber()
    price_id = (await subscription(home, key)).price_id
    async with home.open_uow() as uow:
        plan, _ = await uow.offers.price(price_id)
        coming = await SetPrice(home.clock, home.entropy).within(
            uow,
            plan.id,
            Money.of(59900, "RUB"),
            cause(),
            valid_from=END + timedelta(hours=1),
            migrates=migrates,
        )
        await uow.commit()
    # It begins an hour after the next period does: only the one after that is under it.
    for end in (END, END.replace(month=3, day=31)):
        home.clock.instant = end
        assert (await home.job("autopayments")).counts == {"charged": 1}
        await home.carry_out()
    assert await taken(home) == [49900, 49900, 59900 if migrates else 49900]
    assert ((await subscription(home, key)).price_id == coming.id) is migrates
