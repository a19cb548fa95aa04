"""What only Stripe does: tries at one session, replayed failures, payments that are two objects."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.providers.stripe import StripeSettings, build
from application.payments.provider import (
    Declined,
    EventKind,
    Found,
    Missing,
    NotificationRefused,
    OutcomeUnknown,
    PaymentFilter,
    PaymentSnapshot,
    PaymentStatus,
    RefundAnswered,
    RefundStatus,
    Rejected,
    Succeeded,
)
from domain.payments.declines import DeclineReason
from domain.shared.money import Money
from tests.contract.requests import (
    PRICE,
    checkout,
    current,
    opened,
    paid,
    reference,
    refund,
    saved_charge,
    saved_method,
)
from tests.contract.stripe_gateway import SECRET, SIGNING, StripeHarness, stripe_harness

HOUR = timedelta(hours=1)


@pytest.fixture
async def stripe(tmp_path: Path) -> AsyncIterator[StripeHarness]:
    async with stripe_harness(tmp_path) as harness:
        yield harness


async def asked(stripe: StripeHarness, method: str, path: str, **more: Any) -> httpx.Response:
    """Ask the emulator something that the adapter would not."""
    headers = {"authorization": f"Bearer {SECRET}"}
    async with httpx.AsyncClient(headers=headers) as client:
        return await client.request(method, f"{stripe.settings.base_url}/{path}", **more)


async def intent_of(payment: PaymentSnapshot) -> str:
    intent: str = payment.raw["id"]
    return intent


async def every(stripe: StripeHarness, wanted: PaymentFilter) -> list[PaymentSnapshot]:
    return [row async for page in stripe.provider.list_payments(wanted) for row in page]


async def test_a_declined_card_leaves_the_session_to_another_one(stripe: StripeHarness) -> None:
    payment = await opened(stripe, checkout())
    await stripe.act(
        f"sessions/{payment.external_id}/outcome", {"outcome": "decline", "code": "lost_card"}
    )
    between = await current(stripe, payment)
    await stripe.pays(payment)

    after = await current(stripe, payment)

    assert between.status is PaymentStatus.PENDING
    assert between.confirmation_url == payment.confirmation_url
    assert after.status is PaymentStatus.SUCCEEDED
    assert len(await stripe.books("payments")) == 1


async def test_the_test_cards_do_at_the_page_what_their_numbers_say(stripe: StripeHarness) -> None:
    payment = await opened(stripe, checkout(save_method=True))
    assert payment.confirmation_url
    async with httpx.AsyncClient() as payer:
        for card in ("4000000000009995", "4000002760003184"):
            await payer.post(payment.confirmation_url, json={"card": card})
    method = (await current(stripe, payment)).method
    assert method is not None

    outcome = await stripe.provider.charge_saved(saved_charge(method.external_id))

    assert isinstance(outcome, Declined)
    assert outcome.decline.reason is DeclineReason.AUTHENTICATION
    assert method.last4 == "3184"


async def test_the_page_speaks_the_payers_language(stripe: StripeHarness) -> None:
    payment = await opened(stripe, checkout(description="Клуб <b>"))
    assert payment.confirmation_url
    async with httpx.AsyncClient() as payer:
        russian = await payer.get(payment.confirmation_url, headers={"accept-language": "ru-RU"})
        english = await payer.get(payment.confirmation_url)
        left = await payer.post(payment.confirmation_url, data={"action": "decline"})
        done = await payer.post(payment.confirmation_url, data={"action": "pay"})
        over = await payer.get(payment.confirmation_url)

    assert "Оплатить" in russian.text
    assert "299.00 RUB" in english.text
    assert "Клуб &lt;b&gt;" in english.text
    assert left.headers["location"].startswith("/sandbox/stripe/pay/")
    assert done.headers["location"] == "https://shop.example.org/thanks"
    assert "decided already" in over.text


async def test_a_session_ends_by_itself_after_a_day(stripe: StripeHarness) -> None:
    payment = await opened(stripe, checkout())
    stripe.clock.advance(24 * HOUR)

    after = await current(stripe, payment)

    assert payment.expires_at == after.created_at + 24 * HOUR
    assert after.status is PaymentStatus.CANCELED
    assert after.decline is not None
    assert after.decline.reason is DeclineReason.ABANDONED
    told = stripe.provider.verify_notification(
        await stripe.notification(EventKind.PAYMENT_CHANGED, payment.external_id)
    )
    assert told.kind is EventKind.PAYMENT_CHANGED


async def test_held_money_goes_back_by_itself_after_a_week(stripe: StripeHarness) -> None:
    held = await paid(stripe, checkout(capture=False))
    stripe.clock.advance(timedelta(days=7))

    after = await current(stripe, held)

    assert held.status is PaymentStatus.AUTHORIZED
    assert after.status is PaymentStatus.CANCELED
    assert after.captured.is_zero


async def test_a_payer_who_came_back_hours_later_is_in_the_window_they_paid_in(
    stripe: StripeHarness,
) -> None:
    early = await opened(stripe, checkout())
    never = await opened(stripe, checkout())
    stripe.clock.advance(5 * HOUR)
    since = stripe.clock.now()
    at_once = await paid(stripe)
    stripe.clock.advance(HOUR)
    await stripe.pays(early)

    rows = await every(stripe, PaymentFilter(status=PaymentStatus.SUCCEEDED, created_from=since))

    assert [row.external_id for row in rows] == [at_once.external_id, early.external_id]
    assert rows[1].created_at < since
    assert never.external_id not in [row.external_id for row in rows]


async def test_charges_and_sessions_are_one_list_in_their_order(stripe: StripeHarness) -> None:
    method = await saved_method(stripe)
    made: list[str] = []
    for place in range(9):
        stripe.clock.advance(HOUR)
        if place % 2:
            made.append((await opened(stripe, checkout())).external_id)
            continue
        charged = await stripe.provider.charge_saved(saved_charge(method))
        assert isinstance(charged, Succeeded)
        made.append(charged.snapshot.external_id)

    rows = await every(stripe, PaymentFilter(page_size=2))

    assert [row.external_id for row in rows][:-1] == list(reversed(made))
    assert {made[0][:3], made[1][:3]} == {"pi_", "cs_"}


async def test_what_somebody_else_took_with_our_account_is_listed_too(
    stripe: StripeHarness,
) -> None:
    customer, method = (await saved_method(stripe)).split("/")
    fields = {"amount": "5000", "currency": "usd", "customer": customer, "confirm": "true"}
    made = await asked(stripe, "POST", "payment_intents", data={**fields, "payment_method": method})

    rows = await every(stripe, PaymentFilter(status=PaymentStatus.SUCCEEDED))

    foreign = [row for row in rows if row.reference is None]
    assert [row.external_id for row in foreign] == [made.json()["id"]]
    assert foreign[0].money == Money.of(5000, "USD")


async def test_a_failure_that_is_replayed_for_ever_is_found_in_the_list(
    stripe: StripeHarness,
) -> None:
    method = await saved_method(stripe)
    request = saved_charge(method)
    await stripe.configure({"replays_server_errors": True})
    await stripe.breaks({"kind": "error_500_after_commit", "method": "POST", "times": 1})

    outcomes = [await stripe.provider.charge_saved(request) for _ in range(2)]
    now = stripe.clock.now()
    found = await stripe.provider.find_by_reference(
        request.reference, created_from=now - HOUR, created_to=now
    )

    assert all(isinstance(outcome, OutcomeUnknown) for outcome in outcomes)
    assert isinstance(found, Found)
    assert found.snapshot.status is PaymentStatus.SUCCEEDED
    assert await stripe.executed(request.reference) == 1


async def test_a_declined_charge_is_declined_again_under_its_key(stripe: StripeHarness) -> None:
    request = saved_charge(await saved_method(stripe))
    await stripe.configure({"decline_percent": 100, "decline_codes": {"expired_card": 1}})
    first = await stripe.provider.charge_saved(request)
    await stripe.configure({"decline_percent": 0})

    again = await stripe.provider.charge_saved(request)

    assert first == again
    assert isinstance(again, Declined)
    assert again.decline.reason is DeclineReason.EXPIRED_CARD
    assert again.snapshot is not None
    looked_up = await stripe.provider.get_payment(again.snapshot.external_id)
    assert isinstance(looked_up, Found)
    assert looked_up.snapshot.status is PaymentStatus.CANCELED
    assert looked_up.snapshot.decline == again.decline


async def test_a_key_is_forgotten_after_a_day(stripe: StripeHarness) -> None:
    request = saved_charge(await saved_method(stripe))
    first = await stripe.provider.charge_saved(request)
    stripe.clock.advance(24 * HOUR)

    again = await stripe.provider.charge_saved(request)

    assert isinstance(first, Succeeded)
    assert isinstance(again, Succeeded)
    assert first.snapshot.external_id != again.snapshot.external_id  # why a repeat has its time


@pytest.mark.parametrize(
    ("money", "is_taken"),
    [
        (Money.of(1230, "KWD"), True),
        (Money.of(1234, "KWD"), False),
        (Money.of(49, "USD"), False),
        (Money.of(50, "USD"), True),
        (Money.of(99_999_999, "USD"), True),
        (Money.of(100_000_000, "USD"), False),
        (Money.of(5, "ISK"), True),
        (Money.of(1, "KRW"), True),
    ],
    ids=str,
)
async def test_amounts_are_within_what_stripe_takes(
    stripe: StripeHarness, money: Money, is_taken: bool
) -> None:
    outcome = await stripe.provider.start_checkout(checkout(money))

    assert isinstance(outcome, Rejected) is not is_taken


async def test_a_refund_made_by_hand_belongs_to_the_session(stripe: StripeHarness) -> None:
    payment = await paid(stripe)
    data = {"payment_intent": await intent_of(payment), "amount": "100"}
    made = (await asked(stripe, "POST", "refunds", data=data)).json()
    now = stripe.clock.now()

    listed = [
        row
        async for page in stripe.provider.list_refunds(created_from=now - HOUR, created_to=now)
        for row in page
    ]
    shown = await stripe.provider.get_refund(made["id"])

    assert [row.external_payment_id for row in listed] == [payment.external_id]
    assert isinstance(shown, RefundAnswered)
    assert shown.snapshot.external_payment_id == payment.external_id


async def test_a_refund_that_fails_later_gives_the_payment_its_money_back(
    stripe: StripeHarness,
) -> None:
    await stripe.configure({"refunds": "stay_pending"})
    payment = await paid(stripe)
    pending = await stripe.provider.refund(refund(payment, PRICE))
    assert isinstance(pending, RefundAnswered)
    await stripe.act(f"refunds/{pending.snapshot.external_id}/outcome", {"outcome": "fail"})

    failed = await stripe.provider.get_refund(pending.snapshot.external_id)

    assert pending.snapshot.status is RefundStatus.PENDING
    assert isinstance(failed, RefundAnswered)
    assert failed.snapshot.status is RefundStatus.CANCELED
    assert failed.snapshot.decline is not None
    assert failed.snapshot.decline.reason is DeclineReason.EXPIRED_CARD
    assert (await current(stripe, payment)).refunded.is_zero


async def test_a_repeated_refund_tells_how_it_stands_and_not_how_it_stood(
    stripe: StripeHarness,
) -> None:
    await stripe.configure({"refunds": "stay_pending"})
    asked_for = refund(await paid(stripe), PRICE)
    first = await stripe.provider.refund(asked_for)
    assert isinstance(first, RefundAnswered)
    await stripe.act(f"refunds/{first.snapshot.external_id}/outcome", {"outcome": "succeed"})

    again = await stripe.provider.refund(asked_for)

    assert isinstance(again, RefundAnswered)
    assert again.snapshot.external_id == first.snapshot.external_id
    assert again.snapshot.status is RefundStatus.SUCCEEDED


async def test_a_dispute_leads_to_the_payment(stripe: StripeHarness) -> None:
    payment = await paid(stripe)
    intent = await intent_of(payment)
    dispute = await stripe.act(f"payments/{intent}/dispute")

    told = stripe.provider.verify_notification(
        await stripe.notification(EventKind.PAYMENT_CHANGED, dispute["id"])
    )
    found = await stripe.provider.get_payment(told.external_id)

    assert told.kind is EventKind.PAYMENT_CHANGED
    assert isinstance(found, Found)
    assert found.snapshot.external_id == payment.external_id
    assert found.snapshot.raw["latest_charge"]["disputed"] is True


async def test_events_come_twice_and_late_and_are_fresh_all_the_same(
    stripe: StripeHarness,
) -> None:
    late = {"duplicate_percent": 100, "delay_seconds": 7200}
    await stripe.configure({"notifications": late})
    payment = await paid(stripe)
    stripe.clock.advance(2 * HOUR)

    both = [
        stripe.provider.verify_notification(
            await stripe.notification(EventKind.PAYMENT_CHANGED, payment.external_id)
        )
        for _ in range(2)
    ]

    assert both[0] == both[1]


async def test_an_event_that_somebody_recorded_is_of_no_use_an_hour_later(
    stripe: StripeHarness,
) -> None:
    payment = await paid(stripe)
    recorded = await stripe.notification(EventKind.PAYMENT_CHANGED, payment.external_id)
    stripe.clock.advance(HOUR)

    with pytest.raises(NotificationRefused) as refused:
        stripe.provider.verify_notification(recorded)

    assert not refused.value.authentic


async def test_a_secret_is_rolled_without_losing_an_event(stripe: StripeHarness) -> None:
    await stripe.configure({"notifications": {"secrets": ["whsec_the_new_one", SIGNING]}})
    payment = await paid(stripe)
    event = await stripe.notification(EventKind.PAYMENT_CHANGED, payment.external_id)
    renewed = build(replace(stripe.settings, webhook_secrets=("whsec_the_new_one",)))

    for provider in (stripe.provider, renewed):
        assert provider.verify_notification(event).external_id == payment.external_id
    await renewed.aclose()


@pytest.mark.parametrize(
    ("kind", "differs"),
    [("wrong_amount", "money"), ("wrong_currency", "money"), ("flipped_test", "test")],
)
async def test_an_answer_that_is_not_true_shows_what_it_says(
    stripe: StripeHarness, kind: str, differs: str
) -> None:
    payment = await paid(stripe)
    await stripe.breaks({"kind": kind, "method": "GET", "times": 1})

    untrue = await current(stripe, payment)

    assert getattr(untrue, differs) != getattr(payment, differs)


async def test_a_payment_is_found_only_once_it_is_there(stripe: StripeHarness) -> None:
    request = checkout()
    now = stripe.clock.now()
    await stripe.breaks({"kind": "drop_before", "method": "POST", "times": 1})

    lost = await stripe.provider.start_checkout(request)
    never = await stripe.provider.find_by_reference(
        request.reference, created_from=now - HOUR, created_to=now
    )

    assert isinstance(lost, OutcomeUnknown)
    assert isinstance(never, Missing)


async def test_another_key_and_unknown_names_and_places_are_refused(
    stripe: StripeHarness,
) -> None:
    another = build(
        StripeSettings(
            secret="sk_test_somebody_elses",
            webhook_secrets=(SIGNING,),
            base_url=stripe.settings.base_url,
        )
    )
    denied = await another.start_checkout(checkout())
    await another.aclose()
    unknown = await asked(stripe, "POST", "refunds", data={"payment_intnet": "pi_1"})
    nowhere = await asked(stripe, "GET", "prices")
    deep = await asked(stripe, "GET", "payment_intents", params={"expand[]": "data.a.b.c.d"})
    text = await asked(
        stripe, "POST", "refunds", content=b"{}", headers={"content-type": "application/json"}
    )

    assert isinstance(denied, Rejected)
    assert denied.access_denied
    for answer, status in ((unknown, 400), (nowhere, 404), (deep, 400), (text, 400)):
        assert answer.status_code == status
        assert answer.json()["error"]["type"] == "invalid_request_error"


async def test_a_repeat_costs_no_second_request_where_the_answer_was_final(
    stripe: StripeHarness,
) -> None:
    request = saved_charge(await saved_method(stripe), of=reference())
    await stripe.provider.charge_saved(request)
    await stripe.provider.charge_saved(request)

    counts = (await stripe.control.get("requests")).json()

    assert counts["create_payment"] == 2
    assert "get_payment_intent" not in counts


async def test_the_control_door_has_a_lock(stripe: StripeHarness) -> None:
    async with httpx.AsyncClient() as stranger:
        answer = await stranger.get(str(stripe.control.base_url) + "payments")

    assert answer.status_code == 401
    assert json.loads(answer.text)["status"] == 401
