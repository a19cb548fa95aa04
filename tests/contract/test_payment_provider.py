"""What every card provider promises: payments, declines, keys, mishaps, saved methods."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from application.payments.provider import (
    Accepted,
    ChargeOutcome,
    Declined,
    Found,
    Missing,
    NotSent,
    OutcomeUnknown,
    PaymentStatus,
    Rejected,
    Succeeded,
    Unreachable,
)
from domain.payments.declines import DeclineReason
from domain.shared.money import Money
from tests.contract.gateway import Gateway, Mishap
from tests.contract.requests import (
    PRICE,
    checkout,
    current,
    opened,
    paid,
    reference,
    saved_charge,
    saved_method,
)

EXECUTED_ALL_THE_SAME = [
    Mishap.ANSWERED_TOO_LATE,
    Mishap.UNFINISHED,
    Mishap.FAILED_AFTER_COMMIT,
    Mishap.HUNG_UP_AFTER_COMMIT,
    Mishap.CUT_SHORT,
    Mishap.NOT_ITS_WORDS,
]
# A merchant's own cancellation is a decline too, but only of what was held: see two-stage payments.
# What only an operator says of a number no card provider says of a payer.
_OF_NUMBERS = (DeclineReason.POSTPAID, DeclineReason.BLACKLISTED)
PAYER_REASONS = [
    each
    for each in DeclineReason
    if each is not DeclineReason.MERCHANT_CANCELED and each not in _OF_NUMBERS
]
CHARGE_REASONS = [
    each
    for each in PAYER_REASONS
    if each not in (DeclineReason.ABANDONED, DeclineReason.UNRECOGNIZED)
]

Charge = Callable[[], Awaitable[ChargeOutcome]]


async def a_repeatable_checkout(gateway: Gateway) -> tuple[str, Charge]:
    request = checkout()
    return request.reference, lambda: gateway.provider.start_checkout(request)


async def a_repeatable_saved_charge(gateway: Gateway) -> tuple[str, Charge]:
    request = saved_charge(await saved_method(gateway))
    return request.reference, lambda: gateway.provider.charge_saved(request)


any_charge = pytest.mark.parametrize(
    "prepared",
    [
        pytest.param(a_repeatable_checkout, id="checkout"),
        pytest.param(a_repeatable_saved_charge, id="saved charge"),
    ],
)
Prepared = Callable[[Gateway], Awaitable[tuple[str, Charge]]]


async def test_a_checkout_waits_for_its_payer(gateway: Gateway) -> None:
    request = checkout(of=reference())

    outcome = await gateway.provider.start_checkout(request)

    assert isinstance(outcome, Accepted)
    payment = outcome.snapshot
    assert payment.provider == gateway.provider.code
    assert payment.status is PaymentStatus.PENDING
    assert payment.confirmation_url
    assert payment.money == request.money
    assert payment.captured == payment.refunded == Money.zero(request.money.currency)
    assert payment.created_at == gateway.clock.now()
    assert payment.captured_at is None
    assert payment.reference == request.reference
    assert payment.metadata["invoice_id"] == "inv-7"


async def test_a_checkout_without_a_page_to_return_to_is_for_the_widget(gateway: Gateway) -> None:
    if not gateway.provider.capabilities.widget:
        pytest.skip("the provider has no widget")

    outcome = await gateway.provider.start_checkout(replace(checkout(), return_url=None))

    assert isinstance(outcome, Accepted)
    assert outcome.snapshot.widget_token
    assert outcome.snapshot.confirmation_url is None


async def test_a_paid_checkout_has_taken_the_money(gateway: Gateway) -> None:
    payment = await opened(gateway, checkout())
    gateway.clock.advance(timedelta(minutes=3))
    await gateway.pays(payment)

    payment = await current(gateway, payment)

    assert payment.status is PaymentStatus.SUCCEEDED
    assert payment.captured == PRICE
    assert payment.captured_at == gateway.clock.now()
    assert payment.decline is None
    assert payment.method is not None
    assert payment.method.last4


@pytest.mark.parametrize("wanted", [True, False])
async def test_a_method_is_saved_only_when_that_was_asked_for(
    gateway: Gateway, wanted: bool
) -> None:
    payment = await paid(gateway, checkout(save_method=wanted))

    assert payment.method is not None
    assert payment.method.saved is wanted


@pytest.mark.parametrize("reason", PAYER_REASONS)
async def test_a_declined_checkout_says_why(gateway: Gateway, reason: DeclineReason) -> None:
    payment = await opened(gateway, checkout())
    await gateway.declines(payment, reason)

    payment = await current(gateway, payment)

    assert payment.status is PaymentStatus.CANCELED
    assert payment.decline is not None
    assert payment.decline.reason is reason
    assert payment.decline.raw_code
    assert payment.captured.is_zero


async def test_a_saved_method_is_charged_without_its_owner(gateway: Gateway) -> None:
    method_id = await saved_method(gateway)
    request = saved_charge(method_id)

    outcome = await gateway.provider.charge_saved(request)

    assert isinstance(outcome, Succeeded)
    assert outcome.snapshot.external_id != method_id
    assert outcome.snapshot.reference == request.reference
    assert outcome.snapshot.captured == request.money
    assert outcome.snapshot.method is not None
    assert outcome.snapshot.method.external_id == method_id


@pytest.mark.parametrize("reason", CHARGE_REASONS)
async def test_a_declined_charge_says_why(gateway: Gateway, reason: DeclineReason) -> None:
    request = saved_charge(await saved_method(gateway))
    await gateway.declines_saved(reason)

    outcome = await gateway.provider.charge_saved(request)

    assert isinstance(outcome, Declined)
    assert outcome.decline.reason is reason
    assert outcome.snapshot is not None
    assert outcome.snapshot.reference == request.reference
    assert outcome.snapshot.captured.is_zero


async def test_a_revoked_method_is_never_charged_again(gateway: Gateway) -> None:
    method_id = await saved_method(gateway)
    await gateway.revokes(method_id)

    outcome = await gateway.provider.charge_saved(saved_charge(method_id))

    assert isinstance(outcome, Declined)
    assert outcome.decline.reason is DeclineReason.CONSENT_REVOKED
    assert outcome.decline.spoils_method


async def test_a_method_nobody_saved_is_refused(gateway: Gateway) -> None:
    payment = await paid(gateway, checkout(save_method=False))
    request = saved_charge(payment.external_id)

    assert isinstance(await gateway.provider.charge_saved(request), Rejected)
    assert await gateway.executed(request.reference) == 0


@any_charge
async def test_the_same_key_always_means_the_same_payment(
    gateway: Gateway, prepared: Prepared
) -> None:
    own, charge = await prepared(gateway)

    outcomes = await asyncio.gather(*(charge() for _ in range(20)))

    ids = {outcome.snapshot.external_id for outcome in outcomes}  # type: ignore[union-attr]
    assert len(ids) == 1
    assert await gateway.executed(own) == 1


async def test_a_key_used_for_another_request_is_refused(gateway: Gateway) -> None:
    own = reference()
    await opened(gateway, checkout(of=own))

    outcome = await gateway.provider.start_checkout(checkout(PRICE + PRICE, of=own))

    assert isinstance(outcome, Rejected)
    assert outcome.key_conflict
    assert not outcome.access_denied
    assert await gateway.executed(own) == 1


@any_charge
@pytest.mark.parametrize("mishap", EXECUTED_ALL_THE_SAME)
async def test_an_answer_that_never_came_is_unknown_and_the_same_key_charges_nobody_twice(
    gateway: Gateway, prepared: Prepared, mishap: Mishap
) -> None:
    own, charge = await prepared(gateway)
    await gateway.suffers(mishap)

    assert isinstance(await charge(), OutcomeUnknown)
    again = await charge()

    assert isinstance(again, Accepted | Succeeded)
    assert again.snapshot.reference == own
    assert await gateway.executed(own) == 1


@any_charge
async def test_a_request_lost_on_the_way_is_unknown_too(
    gateway: Gateway, prepared: Prepared
) -> None:
    own, charge = await prepared(gateway)
    await gateway.suffers(Mishap.LOST_ON_THE_WAY)

    assert isinstance(await charge(), OutcomeUnknown)
    assert await gateway.executed(own) == 0
    assert isinstance(await charge(), Accepted | Succeeded)
    assert await gateway.executed(own) == 1


@any_charge
async def test_a_throttled_request_was_not_executed_and_says_when_to_come_again(
    gateway: Gateway, prepared: Prepared
) -> None:
    own, charge = await prepared(gateway)
    await gateway.suffers(Mishap.THROTTLED)

    outcome = await charge()

    assert isinstance(outcome, NotSent)
    assert outcome.retry_after_seconds
    assert await gateway.executed(own) == 0
    assert isinstance(await charge(), Accepted | Succeeded)


async def test_a_gateway_that_cannot_be_reached_was_sent_nothing(gateway: Gateway) -> None:
    provider = gateway.unreachable()

    assert isinstance(await provider.start_checkout(checkout()), NotSent)
    assert isinstance(await provider.charge_saved(saved_charge("m")), NotSent)
    assert isinstance(await provider.capture("p", idempotency_key="k"), NotSent)
    assert isinstance(await provider.get_payment("p"), Unreachable)
    await provider.aclose()


async def test_a_payment_nobody_made_is_missing(gateway: Gateway) -> None:
    assert isinstance(await gateway.provider.get_payment("no-such-payment"), Missing)


async def test_a_payment_whose_id_was_never_learned_is_found_by_our_reference(
    gateway: Gateway,
) -> None:
    own, charge = await a_repeatable_saved_charge(gateway)
    await gateway.suffers(Mishap.HUNG_UP_AFTER_COMMIT)
    await charge()
    now = gateway.clock.now()

    found = await gateway.provider.find_by_reference(own, created_from=now, created_to=now)

    assert isinstance(found, Found)
    assert found.snapshot.reference == own
    assert found.snapshot.status is PaymentStatus.SUCCEEDED


async def test_a_reference_is_missing_when_the_whole_window_does_not_hold_it(
    gateway: Gateway,
) -> None:
    payment = await paid(gateway)
    assert payment.reference
    before = payment.created_at - timedelta(hours=1)

    outside = await gateway.provider.find_by_reference(
        payment.reference, created_from=before, created_to=payment.created_at - timedelta(seconds=1)
    )
    never = await gateway.provider.find_by_reference(
        reference(), created_from=before, created_to=payment.created_at
    )

    assert isinstance(outside, Missing)
    assert isinstance(never, Missing)


async def test_a_reference_cannot_be_called_missing_when_nobody_could_be_asked(
    gateway: Gateway,
) -> None:
    now = gateway.clock.now()
    provider = gateway.unreachable()

    answer = await provider.find_by_reference("a", created_from=now, created_to=now)

    assert isinstance(answer, Unreachable)
    await provider.aclose()


@pytest.mark.parametrize(
    "money",
    [
        Money.of(1, "RUB"),
        Money.of(100_000_000_01, "RUB"),
        Money.of(1500, "JPY"),
        Money.of(1, "JPY"),
        Money.of(1234, "KWD"),
        Money.of(1, "BHD"),
        Money.of(1177, "USD"),
    ],
    ids=str,
)
async def test_an_amount_arrives_to_the_last_minor_unit(gateway: Gateway, money: Money) -> None:
    payment = await paid(gateway, checkout(money))

    assert payment.money == money
    assert payment.captured == money


async def test_a_long_description_in_any_script_does_not_cost_the_payment(gateway: Gateway) -> None:
    outcome = await gateway.provider.start_checkout(checkout(description="Подписка 🎬 «Клуб»" * 30))

    assert isinstance(outcome, Accepted)


async def test_what_is_kept_of_an_answer_holds_no_card_number_and_no_way_to_pay(
    gateway: Gateway,
) -> None:
    waiting = await opened(gateway, checkout(save_method=True))
    await gateway.pays(waiting)
    payment = await current(gateway, waiting)

    kept = repr(waiting.raw) + repr(payment.raw)
    assert payment.method is not None
    assert payment.method.first6 not in kept.split("'")
    assert str(waiting.confirmation_url) not in kept
