"""Money goes back once, and what the gateway did is what the books say, however it was learned."""

from datetime import timedelta
from uuid import UUID

import pytest

from adapters.memory.provider import Fault
from application.payments.provider import RefundRequest
from application.payments.request_refund import RefundWish
from application.ports import NewMessage
from domain.payments.attempt import Attempt
from domain.shared.money import Money
from tests.integration.billing.house import House, cause

PART = Money.of(10000, "RUB")
HOUR = timedelta(hours=1)


async def _paid(home: House) -> Attempt:
    owed = await home.purchase(await home.customer(), Money.of(30000, "RUB"))
    return await home.checkout(owed.id)


async def _refund(home: House, attempt: Attempt, money: Money | None) -> UUID:
    made = await home.request_refund(RefundWish(cause(), attempt.id, money, "asked", "manager:1"))
    return made.id


async def _ask_again(home: House, later: timedelta) -> None:
    home.clock.advance(later)
    await home.job("ask-open-payments")
    await home.carry_out()


@pytest.mark.parametrize("later", [HOUR, 22 * HOUR, 23 * HOUR, 24 * HOUR, 40 * HOUR])
async def test_a_refund_whose_answer_was_lost_is_executed_once(
    home: House, later: timedelta
) -> None:
    attempt = await _paid(home)
    home.gateway.inject(Fault.ANSWER_LOST)
    refund = await _refund(home, attempt, PART)
    await home.carry_out()
    assert await home.status("refund", refund) == "unknown"

    await _ask_again(home, later)

    assert len(home.gateway.gateway.refunds) == 1
    assert await home.status("refund", refund) == "succeeded"
    assert (await home.attempt(attempt.id)).state.refunded == PART


async def test_the_refusal_of_a_repeat_does_not_undo_what_was_given_back(home: House) -> None:
    attempt = await _paid(home)
    home.gateway.inject(Fault.ANSWER_LOST)
    refund = await _refund(home, attempt, None)
    await home.carry_out()

    await _ask_again(home, 40 * HOUR)

    assert await home.status("refund", refund) == "succeeded"
    assert await home.status("payment", attempt.id) == "refunded"


async def test_a_refund_that_never_arrived_is_declined_once_its_key_is_forgotten(
    home: House,
) -> None:
    attempt = await _paid(home)
    home.gateway.inject(Fault.REQUEST_LOST)
    refund = await _refund(home, attempt, PART)
    await home.carry_out()

    await _ask_again(home, 40 * HOUR)

    assert home.gateway.gateway.refunds == []
    assert await home.status("refund", refund) == "declined"
    assert await home.status("payment", attempt.id) == "succeeded"


async def test_a_list_that_cannot_be_read_decides_nothing(home: House) -> None:
    attempt = await _paid(home)
    home.gateway.inject(Fault.ANSWER_LOST)
    refund = await _refund(home, attempt, PART)
    await home.carry_out()
    home.gateway.is_down = True
    await _ask_again(home, 40 * HOUR)
    assert await home.status("refund", refund) == "unknown"

    home.gateway.is_down = False
    await _ask_again(home, 2 * HOUR)

    assert await home.status("refund", refund) == "succeeded"


async def test_a_notification_of_a_refund_we_lost_sight_of_settles_it(home: House) -> None:
    attempt = await _paid(home)
    home.gateway.inject(Fault.ANSWER_LOST)
    refund = await _refund(home, attempt, PART)
    await home.carry_out()
    [shown] = home.gateway.gateway.refunds

    await _notified(home, shown.external_id)

    assert await home.status("refund", refund) == "succeeded"


async def test_a_refund_made_behind_our_back_is_shown_to_a_person(home: House) -> None:
    attempt = await _paid(home)
    await home.gateway.refund(
        RefundRequest(
            reference="cabinet",
            idempotency_key="cabinet",
            external_payment_id=attempt.state.external_id,
            money=PART,
            reason="by hand",
        )
    )

    report = await home.job("match-successful-payments")

    assert report.counts["refunds_foreign"] == 1
    found = await home.rows("SELECT kind, provider FROM discrepancy")
    assert [(row["kind"], row["provider"]) for row in found] == [
        ("refund_theirs_only", home.gateway.code)
    ]


async def _notified(home: House, external_id: str) -> None:
    async with home.open_uow() as uow:
        uow.messages.add(
            [
                NewMessage(
                    queue="webhooks",
                    name="payments.look_up_refund.v1",
                    payload={"provider": home.gateway.code, "external_id": external_id},
                )
            ]
        )
        await uow.commit()
    await home.carry_out()
