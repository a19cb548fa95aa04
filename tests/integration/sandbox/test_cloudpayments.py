"""What the emulated CloudPayments promises, and every way it breaks, seen by the adapter."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.providers.cloudpayments.notifications import Doorkeeper
from application.payments.provider import (
    Declined,
    EventKind,
    Found,
    Missing,
    RawRequest,
    Rejected,
    Succeeded,
    Unreachable,
)
from domain.payments.declines import DeclineReason
from domain.shared.money import Money
from entrypoints.sandbox.cloudpayments.cards import NEEDS_ITS_PAYER
from entrypoints.sandbox.cloudpayments.control import PREFIX
from tests.contract.cloudpayments_gateway import (
    PUBLIC_ID,
    SECRET,
    CloudPaymentsHarness,
    cloudpayments_harness,
)
from tests.contract.letterbox import Received, letterbox
from tests.contract.requests import (
    PRICE,
    checkout,
    current,
    opened,
    paid,
    refund,
    saved_charge,
)


@pytest.fixture
async def terminal(tmp_path: Path) -> AsyncIterator[CloudPaymentsHarness]:
    async with cloudpayments_harness(tmp_path) as opened:
        yield opened


async def asked(
    terminal: CloudPaymentsHarness, path: str, body: Any, key: str | None = None
) -> Any:
    """Ask the API without the adapter."""
    headers = {"x-request-id": key} if key else {}
    async with httpx.AsyncClient(auth=(PUBLIC_ID, SECRET)) as client:
        answer = await client.post(
            f"{terminal.settings.base_url}/{path}", json=body, headers=headers
        )
    assert answer.status_code == 200
    return answer.json()


ORDER = {"Amount": 10, "Currency": "RUB", "Description": "d", "InvoiceId": "i-1"}


async def test_a_request_id_stands_for_one_answer_for_an_hour(
    terminal: CloudPaymentsHarness,
) -> None:
    first = await asked(terminal, "orders/create", ORDER, "key")
    terminal.clock.advance(timedelta(minutes=59))
    replayed = await asked(terminal, "orders/create", {**ORDER, "Amount": 99}, "key")
    terminal.clock.advance(timedelta(minutes=2))
    anew = await asked(terminal, "orders/create", ORDER, "key")

    assert replayed == first
    assert anew["Model"]["Id"] != first["Model"]["Id"]


async def test_a_charge_that_does_not_say_who_began_it_is_refused(
    terminal: CloudPaymentsHarness,
) -> None:
    body = {"Amount": 10, "Currency": "RUB", "AccountId": "a", "Token": "t"}

    answer = await asked(terminal, "payments/tokens/charge", body)

    assert answer == {"Success": False, "Message": "TrInitiatorCode is required"}


async def test_the_doors_are_shut_to_who_has_no_key(terminal: CloudPaymentsHarness) -> None:
    base = terminal.settings.base_url
    async with httpx.AsyncClient() as client:
        statuses = [
            (await client.post(f"{base}/test")).status_code,
            (await client.post(f"{base}/test", auth=(PUBLIC_ID, "wrong"))).status_code,
            (await client.post(f"{base}/nowhere", auth=(PUBLIC_ID, SECRET))).status_code,
            (await client.get(f"{base}/test", auth=(PUBLIC_ID, SECRET))).status_code,
        ]
        control = await client.get(f"{base.removesuffix('/cloudpayments')}{PREFIX}/config")
    assert statuses == [401, 401, 404, 405]
    assert control.status_code == 401


async def test_a_token_may_ask_for_its_payer(terminal: CloudPaymentsHarness) -> None:
    payment = await opened(terminal, checkout(save_method=True))
    await terminal.decides(payment, {"action": "pay", "card": NEEDS_ITS_PAYER})
    method = (await current(terminal, payment)).method
    assert method is not None

    outcome = await terminal.provider.charge_saved(saved_charge(method.external_id))

    assert isinstance(outcome, Declined)
    assert outcome.decline.reason is DeclineReason.AUTHENTICATION


@pytest.mark.parametrize(
    ("kind", "shows"),
    [
        ("wrong_amount", lambda snapshot: snapshot.money != PRICE),
        ("wrong_currency", lambda snapshot: snapshot.money.currency.code == "USD"),
        ("flipped_test", lambda snapshot: not snapshot.test),
    ],
)
async def test_a_lie_about_a_payment_is_shown_as_it_was_told(
    terminal: CloudPaymentsHarness, kind: str, shows: Any
) -> None:
    payment = await paid(terminal)
    await terminal.breaks({"kind": kind, "operation": "find_operation", "times": 1})

    found = await terminal.provider.get_payment(payment.external_id)

    assert isinstance(found, Found)
    assert shows(found.snapshot)


@pytest.mark.parametrize("operation", ["find_operation", "list_payments"])
async def test_a_look_up_that_breaks_says_nothing_of_the_payment(
    terminal: CloudPaymentsHarness, operation: str
) -> None:
    payment = await paid(terminal)
    await terminal.provider.refund(refund(payment, PRICE))
    await terminal.breaks({"kind": "error_500_before", "operation": operation})

    assert isinstance(await terminal.provider.get_payment(payment.external_id), Unreachable)


async def test_a_decline_does_not_close_the_link(terminal: CloudPaymentsHarness) -> None:
    payment = await opened(terminal, checkout())
    await terminal.declines(payment, DeclineReason.INSUFFICIENT_FUNDS)
    declined = await current(terminal, payment)
    await terminal.pays(payment)

    after = await current(terminal, payment)

    assert declined.decline is not None
    assert after.captured == PRICE
    assert len(await terminal.operations()) == 2


async def test_nobody_can_be_asked_about_a_link_no_card_was_entered_at(
    terminal: CloudPaymentsHarness,
) -> None:
    payment = await opened(terminal, checkout())

    assert isinstance(await terminal.provider.get_payment(payment.external_id), Missing)


async def test_a_shop_that_does_not_answer_the_question_is_not_paid(
    terminal: CloudPaymentsHarness,
) -> None:
    payment = await opened(terminal, checkout())
    roads = {"url": "http://127.0.0.1:1", "kinds": ["check"]}
    await terminal.configure({"notifications": roads})

    refused = await terminal.decides(payment, {"action": "pay"})

    assert (refused["status"], refused["reason_code"]) == ("Declined", 3007)


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("answer", [b"", b'{"code":13}'])
async def test_news_that_are_not_taken_come_again_signed(
    terminal: CloudPaymentsHarness, answer: bytes, as_json: bool
) -> None:
    received: asyncio.Queue[Received] = asyncio.Queue()
    async with letterbox(received.put_nowait, answer=answer) as url:
        roads = {"url": url, "as_json": as_json, "retry_seconds": [0.05]}
        await terminal.configure({"notifications": roads})
        payment = await paid(terminal)
        first = await asyncio.wait_for(received.get(), 10)
        again = await asyncio.wait_for(received.get(), 10)

    assert first.body == again.body
    for each in (first, again):
        told = Doorkeeper(SECRET).verify(raw(each))
        assert (told.kind, told.external_id) == (EventKind.PAYMENT_CHANGED, payment.external_id)


def raw(received: Received) -> RawRequest:
    return RawRequest(
        received.method, received.target, received.headers, received.body, received.peer_ip
    )


async def test_duplicates_and_delays_are_drawn_from_the_configuration(
    terminal: CloudPaymentsHarness,
) -> None:
    received: asyncio.Queue[Received] = asyncio.Queue()
    async with letterbox(received.put_nowait, answer=b'{"code":0}') as url:
        roads = {"url": url, "duplicate_percent": 100, "delay_seconds": 3600}
        await terminal.configure({"notifications": roads})
        await paid(terminal)
        later = (await terminal.control.get("idle")).json()["later"]
        terminal.clock.advance(timedelta(hours=1))
        first = await asyncio.wait_for(received.get(), 10)
        again = await asyncio.wait_for(received.get(), 10)

    assert later == 2
    assert first.body == again.body


async def test_what_happened_survives_a_restart(tmp_path: Path) -> None:
    async with cloudpayments_harness(tmp_path) as before:
        payment = await paid(before, checkout(save_method=True))
        await before.configure({"decline_percent": 100, "decline_reasons": {"5054": 1}})
    assert payment.method is not None

    async with cloudpayments_harness(tmp_path) as after:
        assert await current(after, payment) == payment
        outcome = await after.provider.charge_saved(saved_charge(payment.method.external_id))
        await after.configure({"decline_percent": 0})
        again = await after.provider.charge_saved(saved_charge(payment.method.external_id))

    assert isinstance(outcome, Declined)
    assert outcome.decline.reason is DeclineReason.EXPIRED_CARD
    assert isinstance(again, Succeeded)


async def test_a_currency_nobody_takes_is_refused(terminal: CloudPaymentsHarness) -> None:
    outcome = await terminal.provider.start_checkout(checkout(Money.of(100, "CLP")))

    assert isinstance(outcome, Rejected)
