"""What every card provider promises of refunds and of payments in two stages."""

import pytest

from application.payments.provider import (
    Authorized,
    Declined,
    EventKind,
    OutcomeUnknown,
    PaymentStatus,
    RefundAnswered,
    RefundSnapshot,
    RefundStatus,
    Rejected,
    Succeeded,
)
from domain.payments.declines import DeclineReason
from domain.shared.money import Money
from tests.contract.gateway import Gateway, Mishap
from tests.contract.requests import (
    PRICE,
    checkout,
    current,
    needs,
    opened,
    paid,
    reference,
    refund,
)

PART = Money.of(10000, "RUB")


async def given_back(gateway: Gateway, request: object) -> RefundSnapshot:
    outcome = await gateway.provider.refund(request)  # type: ignore[arg-type]
    assert isinstance(outcome, RefundAnswered), outcome
    return outcome.snapshot


async def test_a_part_comes_back_and_then_the_rest(gateway: Gateway) -> None:
    needs(gateway, "partial_refund")
    payment = await paid(gateway)

    first = await given_back(gateway, refund(payment, PART))
    second = await given_back(gateway, refund(payment, PRICE - PART))

    assert first.status is second.status is RefundStatus.SUCCEEDED
    assert (first.money, second.money) == (PART, PRICE - PART)
    assert first.external_payment_id == payment.external_id
    after = await current(gateway, payment)
    assert after.status is PaymentStatus.SUCCEEDED
    assert after.captured == after.refunded == PRICE


async def test_more_than_was_captured_never_comes_back(gateway: Gateway) -> None:
    payment = await paid(gateway)
    await given_back(gateway, refund(payment, PART))

    outcome = await gateway.provider.refund(refund(payment, PRICE))

    assert isinstance(outcome, Rejected)
    assert not outcome.key_conflict
    assert (await current(gateway, payment)).refunded == PART


async def test_money_that_never_came_does_not_come_back(gateway: Gateway) -> None:
    payment = await opened(gateway, checkout())

    assert isinstance(await gateway.provider.refund(refund(payment, PART)), Rejected)


async def test_money_comes_back_in_the_currency_it_came_in(gateway: Gateway) -> None:
    payment = await paid(gateway)

    outcome = await gateway.provider.refund(refund(payment, Money.of(100, "USD")))

    assert isinstance(outcome, Rejected)


@pytest.mark.parametrize("money", [Money.of(1500, "JPY"), Money.of(1234, "KWD")], ids=str)
async def test_a_refund_is_exact_in_every_currency(gateway: Gateway, money: Money) -> None:
    payment = await paid(gateway, checkout(money))
    part = Money(567, money.currency)

    await given_back(gateway, refund(payment, part))

    assert (await current(gateway, payment)).refunded == part


async def test_the_same_key_gives_back_once(gateway: Gateway) -> None:
    payment, own = await paid(gateway), reference()

    first = await given_back(gateway, refund(payment, PART, of=own))
    again = await given_back(gateway, refund(payment, PART, of=own))

    assert first.external_id == again.external_id
    assert (await current(gateway, payment)).refunded == PART


@pytest.mark.parametrize(
    "mishap", [Mishap.ANSWERED_TOO_LATE, Mishap.FAILED_AFTER_COMMIT, Mishap.UNFINISHED]
)
async def test_a_refund_without_an_answer_is_unknown_and_the_same_key_gives_back_once(
    gateway: Gateway, mishap: Mishap
) -> None:
    payment, own = await paid(gateway), reference()
    await gateway.suffers(mishap)

    assert isinstance(await gateway.provider.refund(refund(payment, PART, of=own)), OutcomeUnknown)
    await given_back(gateway, refund(payment, PART, of=own))

    assert (await current(gateway, payment)).refunded == PART


async def test_a_refund_can_be_asked_about_and_is_announced(gateway: Gateway) -> None:
    made = await given_back(gateway, refund(await paid(gateway), PART))

    told = gateway.provider.verify_notification(
        await gateway.notification(EventKind.REFUND_CHANGED, made.external_id)
    )

    assert told.kind is EventKind.REFUND_CHANGED
    assert told.external_id == made.external_id
    answer = await gateway.provider.get_refund(told.external_id)
    assert isinstance(answer, RefundAnswered)
    assert answer.snapshot.status is RefundStatus.SUCCEEDED
    assert answer.snapshot.money == PART


async def test_a_refund_nobody_made_is_not_found(gateway: Gateway) -> None:
    answer = await gateway.provider.get_refund("no-such-refund")

    assert isinstance(answer, Rejected)
    assert answer.code == "not_found"


async def test_held_money_is_taken_on_capture(gateway: Gateway) -> None:
    needs(gateway, "two_stage")
    payment = await paid(gateway, checkout(capture=False))
    assert payment.status is PaymentStatus.AUTHORIZED
    assert payment.captured.is_zero

    outcome = await gateway.provider.capture(payment.external_id, idempotency_key=reference())

    assert isinstance(outcome, Succeeded)
    assert outcome.snapshot.captured == PRICE


async def test_a_part_of_held_money_can_be_taken(gateway: Gateway) -> None:
    needs(gateway, "partial_capture")
    payment = await paid(gateway, checkout(capture=False))

    outcome = await gateway.provider.capture(
        payment.external_id, idempotency_key=reference(), money=PART
    )

    assert isinstance(outcome, Succeeded)
    assert outcome.snapshot.captured == PART
    assert isinstance(await gateway.provider.refund(refund(payment, PRICE)), Rejected)


async def test_more_than_is_held_cannot_be_taken(gateway: Gateway) -> None:
    needs(gateway, "two_stage")
    payment = await paid(gateway, checkout(capture=False))

    outcome = await gateway.provider.capture(
        payment.external_id, idempotency_key=reference(), money=PRICE + PART
    )

    assert isinstance(outcome, Rejected)
    assert (await current(gateway, payment)).status is PaymentStatus.AUTHORIZED


async def test_held_money_can_be_let_go(gateway: Gateway) -> None:
    needs(gateway, "two_stage")
    payment = await paid(gateway, checkout(capture=False))

    outcome = await gateway.provider.cancel(payment.external_id, idempotency_key=reference())

    assert isinstance(outcome, Declined)
    assert outcome.decline.reason is DeclineReason.MERCHANT_CANCELED
    assert (await current(gateway, payment)).status is PaymentStatus.CANCELED


@pytest.mark.parametrize("verb", ["capture", "cancel"])
async def test_an_answer_lost_in_the_second_stage_is_repeated_with_the_same_key(
    gateway: Gateway, verb: str
) -> None:
    needs(gateway, "two_stage")
    payment, key = await paid(gateway, checkout(capture=False)), reference()
    act = getattr(gateway.provider, verb)
    await gateway.suffers(Mishap.HUNG_UP_AFTER_COMMIT)

    assert isinstance(await act(payment.external_id, idempotency_key=key), OutcomeUnknown)
    assert isinstance(
        await act(payment.external_id, idempotency_key=key),
        Succeeded if verb == "capture" else Declined,
    )


@pytest.mark.parametrize("verb", ["capture", "cancel"])
async def test_only_held_money_has_a_second_stage(gateway: Gateway, verb: str) -> None:
    needs(gateway, "two_stage")
    payment = await paid(gateway)
    act = getattr(gateway.provider, verb)

    assert isinstance(await act(payment.external_id, idempotency_key=reference()), Rejected)
    assert isinstance(await act("no-such-payment", idempotency_key=reference()), Rejected)
    assert (await current(gateway, payment)).captured == PRICE


async def test_a_hold_says_so_when_its_payer_has_paid(gateway: Gateway) -> None:
    needs(gateway, "two_stage")
    request = checkout(capture=False)
    await paid(gateway, request)

    again = await gateway.provider.start_checkout(request)

    assert isinstance(again, Authorized)
