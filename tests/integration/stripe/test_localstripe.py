"""The adapter against localstripe: somebody else's idea of Stripe, in a process of its own.

It is started on loopback with the Python that has it: that of `make peers`, or the one that
`KAZNA_TEST_LOCALSTRIPE` names. Without it these tests are skipped, aloud. Where it does otherwise
than Stripe a test says so, and docs/stripe.md lists it.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.providers.stripe import Stripe, StripeSettings
from application.payments.provider import (
    Declined,
    EventKind,
    Found,
    ListingFailed,
    OutcomeUnknown,
    PaymentFilter,
    PaymentStatus,
    RawRequest,
    RefundAnswered,
    RefundRequest,
    RefundStatus,
    Rejected,
    SavedChargeRequest,
    Succeeded,
    Unreachable,
)
from domain.payments.declines import DeclineReason
from domain.shared.money import Money
from tests.contract.letterbox import Received, letterbox
from tests.contract.requests import PAYER, checkout, reference
from tests.contract.yookassa_gateway import at_once

PEERS = Path(__file__).parents[3] / ".venv-peers" / "bin" / "python"
SECRET, SIGNING = "sk_test_localstripe", "whsec_localstripe"
PAYS, DECLINES, WANTS_ITS_OWNER = "4242424242424242", "4000000000000341", "4000002760003184"
# Its own command listens on every address of the machine.
ON_LOOPBACK = (
    "import sys; from aiohttp import web; from localstripe.server import app; "
    "web.run_app(app, host='127.0.0.1', port=int(sys.argv[1]), print=None)"
)


def interpreter() -> str:
    named = os.environ.get("KAZNA_TEST_LOCALSTRIPE")
    if named is None and not PEERS.exists():
        pytest.skip("localstripe is not installed: make peers")
    return named or str(PEERS)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@dataclass
class Peer:
    """localstripe, the adapter before it, and the events it sent."""

    stripe: Stripe
    client: httpx.AsyncClient
    events: "asyncio.Queue[RawRequest]"

    async def saved(self, card: str) -> str:
        """Attach a card to a new customer, as a paid session would have done."""
        customer = await self.made("customers", {"email": "payer@example.org"})
        fields = {
            "type": "card",
            "card[number]": card,
            "card[exp_month]": "12",
            "card[exp_year]": "2030",
            "card[cvc]": "123",
        }
        method = await self.made("payment_methods", fields)
        await self.made(f"payment_methods/{method['id']}/attach", {"customer": customer["id"]})
        return f"{customer['id']}/{method['id']}"

    async def made(self, path: str, fields: dict[str, str]) -> Any:
        return (await self.client.post(path, data=fields)).raise_for_status().json()


@asynccontextmanager
async def started(folder: Path) -> AsyncIterator[str]:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        interpreter(),
        "-c",
        ON_LOOPBACK,
        str(port),
        env={"TMPDIR": str(folder), "PATH": os.environ["PATH"]},
        cwd=folder,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with httpx.AsyncClient() as client, asyncio.timeout(20):
            while True:
                try:
                    await client.get(f"http://127.0.0.1:{port}/v1/balance")
                    break
                except httpx.ConnectError:
                    assert process.returncode is None, "localstripe did not start"
                    await asyncio.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        await process.wait()


@pytest.fixture
async def peer(tmp_path: Path) -> AsyncIterator[Peer]:
    events: asyncio.Queue[RawRequest] = asyncio.Queue()

    def keep(received: Received) -> None:
        method, path, headers, body, peer_ip = received
        events.put_nowait(RawRequest(method, path, headers, body, peer_ip))

    async with started(tmp_path) as url, letterbox(keep) as box:
        settings = StripeSettings(secret=SECRET, webhook_secrets=(SIGNING,), base_url=f"{url}/v1")
        stripe = Stripe(settings, sleep=at_once)
        headers = {"authorization": f"Bearer {SECRET}"}
        async with httpx.AsyncClient(base_url=f"{url}/v1/", headers=headers) as client:
            told = {"url": box, "secret": SIGNING}
            config = await client.post(f"{url}/_config/webhooks/kazna", json=told)
            config.raise_for_status()
            yield Peer(stripe, client, events)
        await stripe.aclose()


def charge(method_id: str, **more: Any) -> SavedChargeRequest:
    own = reference()
    request = SavedChargeRequest(
        reference=own,
        idempotency_key=own,
        money=Money.of(29900, "USD"),
        description="",  # it refuses one
        customer=PAYER,
        external_method_id=method_id,
        metadata={"invoice_id": "inv-1"},
    )
    return replace(request, **more)


def give_back(payment_id: str, minor: int) -> RefundRequest:
    own = reference()
    return RefundRequest(
        reference=own,
        idempotency_key=own,
        external_payment_id=payment_id,
        money=Money.of(minor, "USD"),
        reason="asked by the customer",
    )


async def charged(peer: Peer, **more: Any) -> Succeeded:
    outcome = await peer.stripe.charge_saved(charge(await peer.saved(PAYS), **more))
    assert isinstance(outcome, Succeeded), outcome
    return outcome


async def test_a_saved_method_is_charged_without_its_owner(peer: Peer) -> None:
    method = await peer.saved(PAYS)
    request = charge(method)

    outcome = await peer.stripe.charge_saved(request)

    assert isinstance(outcome, Succeeded)
    shown = outcome.snapshot
    assert shown.captured == shown.money == request.money
    assert shown.reference == request.reference
    assert shown.metadata["invoice_id"] == "inv-1"
    assert shown.method is not None
    assert shown.method.external_id == method
    assert shown.method.last4 == "4242"
    found = await peer.stripe.get_payment(shown.external_id)
    assert isinstance(found, Found)
    assert found.snapshot == shown


@pytest.mark.parametrize("money", [Money.of(1500, "JPY"), Money.of(1230, "KWD")], ids=str)
async def test_an_amount_arrives_to_the_last_minor_unit(peer: Peer, money: Money) -> None:
    outcome = await charged(peer, money=money)

    assert outcome.snapshot.captured == money


async def test_a_declined_card_is_a_decline_without_the_banks_word(peer: Peer) -> None:
    outcome = await peer.stripe.charge_saved(charge(await peer.saved(DECLINES)))

    assert isinstance(outcome, Declined)
    assert outcome.decline.reason is DeclineReason.ISSUER_DECLINED
    assert outcome.snapshot is None  # Stripe shows the payment


async def test_a_card_that_wants_its_owner_is_a_decline_though_it_is_no_402(peer: Peer) -> None:
    outcome = await peer.stripe.charge_saved(charge(await peer.saved(WANTS_ITS_OWNER)))

    assert isinstance(outcome, Declined)
    assert outcome.decline.reason is DeclineReason.AUTHENTICATION


async def test_a_part_comes_back(peer: Peer) -> None:
    payment = (await charged(peer)).snapshot

    outcome = await peer.stripe.refund(give_back(payment.external_id, 1000))

    assert isinstance(outcome, RefundAnswered)
    assert outcome.snapshot.status is RefundStatus.SUCCEEDED
    assert outcome.snapshot.external_payment_id == payment.external_id
    again = await peer.stripe.get_refund(outcome.snapshot.external_id)
    assert isinstance(again, RefundAnswered)
    assert again.snapshot.money == Money.of(1000, "USD")


async def test_a_404_that_does_not_say_what_is_missing_proves_nothing(peer: Peer) -> None:
    found = await peer.stripe.get_payment("pi_nobody")

    assert isinstance(found, Unreachable)  # Stripe says `resource_missing`


async def test_its_events_are_signed_the_way_stripe_says(peer: Peer) -> None:
    payment = (await charged(peer)).snapshot
    told = None
    while told is None or told.kind is not EventKind.PAYMENT_CHANGED:
        request = await asyncio.wait_for(peer.events.get(), 10)
        told = peer.stripe.verify_notification(request)

    assert told.external_id == payment.external_id


async def test_it_takes_no_sessions_and_lists_by_no_date(peer: Peer) -> None:
    session = await peer.stripe.start_checkout(checkout(Money.of(29900, "USD")))
    now = datetime.now(UTC)
    wanted = PaymentFilter(created_from=now - timedelta(hours=1))

    assert isinstance(session, Rejected | OutcomeUnknown)
    with pytest.raises(ListingFailed):
        _ = [page async for page in peer.stripe.list_payments(wanted)]


async def test_it_forgets_keys_so_it_is_no_witness_of_them(peer: Peer) -> None:
    request = charge(await peer.saved(PAYS))

    outcomes = [await peer.stripe.charge_saved(request) for _ in range(2)]

    ids = {o.snapshot.external_id for o in outcomes if isinstance(o, Succeeded)}
    assert len(ids) == 2
    for each in ids:
        found = await peer.stripe.get_payment(each)
        assert isinstance(found, Found)
        assert found.snapshot.status is PaymentStatus.SUCCEEDED
