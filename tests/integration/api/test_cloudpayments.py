"""CloudPayments and the API together: the question before a payment, and the news after it."""

import asyncio
import hashlib
import hmac
import time
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import pytest
from dependency_injector import providers

from entrypoints.api.app import create_app
from entrypoints.container import build_container
from entrypoints.deployment import ConfiguredProviders
from entrypoints.sandbox.cloudpayments.behaviour import KINDS
from entrypoints.settings import read_settings
from tests.contract.cloudpayments_gateway import (
    SECRET,
    CloudPaymentsHarness,
    cloudpayments_harness,
)
from tests.integration.api.conftest import NOBODY_LISTENS, Api, must_be_problem, served

RETURN_URL = "http://127.0.0.1:8000/thanks"


@dataclass
class Shop:
    """The API with a terminal at the emulator, which tells and asks the API."""

    api: Api
    terminal: CloudPaymentsHarness

    async def opened(self, *, widget: bool = False) -> dict[str, Any]:
        """Issue an invoice, open its payment and return it as the API shows it."""
        customer = await self.api.customer(str(uuid4()))
        body: dict[str, Any] = {"provider": "cloudpayments", "save_method": True}
        body |= {"widget": True} if widget else {"return_url": RETURN_URL}
        invoice = await self.api.invoice(customer)
        opened = await self.api.must("POST", f"/api/v1/invoices/{invoice}/pay", body)
        return {**opened, "invoice_id": invoice, "customer_id": customer}

    async def decides(self, url: str, **decision: Any) -> dict[str, Any]:
        """Do something at the page of a link."""
        answer = await self.terminal.control.post(url, json=decision)
        return dict(answer.raise_for_status().json())

    async def told(self, kind: str, *, signed: bool = True, **fields: Any) -> httpx.Response:
        """Send a notification as somebody who may or may not have the secret."""
        body = urlencode(fields).encode()
        digest = hmac.new(SECRET.encode(), body, hashlib.sha256).digest()
        return await self.api.client.post(
            f"/webhooks/cloudpayments/{kind}",
            content=body,
            headers={"content-hmac": b64encode(digest).decode()} if signed else {},
        )

    async def settled(self) -> None:
        """Wait until the emulator has told everything, and carry out what that led to."""

        deadline = time.monotonic() + 10
        while not (await self.terminal.control.get("idle")).json()["idle"]:
            assert time.monotonic() < deadline, "the emulator does not fall silent"
            await asyncio.sleep(0.02)
        await self.api.work()

    async def status(self, payment: dict[str, Any]) -> str:
        shown = await self.api.must("GET", f"/api/v1/payments/{payment['payment_id']}")
        return str(shown["status"])


@pytest.fixture
async def shop(database_url: str, tmp_path: Path) -> AsyncIterator[Shop]:
    settings = read_settings({"KAZNA_ENVIRONMENT": "test"})
    house = build_container(settings, database_url=database_url, redis_url=NOBODY_LISTENS)
    async with cloudpayments_harness(tmp_path) as terminal:
        code = terminal.provider.code
        configured = ConfiguredProviders({code: terminal.provider}, frozenset({code}))
        house.clock.override(providers.Object(terminal.clock))
        house.gateways.override(providers.Object(configured))
        app = create_app(house)
        async with served(app) as address, httpx.AsyncClient(base_url=address) as client:
            api = Api(client, app, house, terminal.provider, terminal.clock, [])  # type: ignore[arg-type]
            roads = {"url": f"{address}/webhooks/cloudpayments", "kinds": KINDS}
            await terminal.configure({"notifications": {**roads, "retry_seconds": [0.05]}})
            yield Shop(api, terminal)


@pytest.mark.parametrize("widget", [False, True])
async def test_a_payer_pays_and_the_news_settles_it(shop: Shop, widget: bool) -> None:
    payment = await shop.opened(widget=widget)
    url = payment.get("url")
    if widget:
        assert payment["kind"] == "widget"
        opened = await shop.terminal.control.post(
            "widget", content=payment["token"], headers={"content-type": "application/json"}
        )
        url = opened.raise_for_status().json()["url"]

    paid = await shop.decides(str(url), action="pay")
    await shop.settled()

    assert paid["status"] == "Completed"
    assert await shop.status(payment) == "succeeded"
    assert await shop.api.count("payment_method") == 1


async def test_a_card_that_was_declined_may_be_followed_by_another(shop: Shop) -> None:
    payment = await shop.opened()
    await shop.decides(payment["url"], action="decline", reason=5051)
    await shop.settled()
    declined = await shop.status(payment)

    paid = await shop.decides(payment["url"], action="pay")
    await shop.settled()

    assert declined == "declined"
    assert paid["status"] == "Completed"
    assert await shop.status(payment) == "succeeded"


async def test_news_that_come_a_hundred_times_settle_once(shop: Shop) -> None:
    payment = await shop.opened()
    paid = await shop.decides(payment["url"], action="pay")
    resend = {"transaction_id": paid["transaction_id"], "kind": "pay", "times": 100}
    (await shop.terminal.control.post("notifications", json=resend)).raise_for_status()

    await shop.settled()

    assert await shop.api.count("inbox") == 1
    assert await shop.status(payment) == "succeeded"


async def test_who_changes_the_amount_in_the_widget_is_refused_before_paying(shop: Shop) -> None:
    payment = await shop.opened(widget=True)
    changed = payment["token"].replace('"amount":10.00', '"amount":1.00')
    assert changed != payment["token"]
    opened = await shop.terminal.control.post(
        "widget", content=changed, headers={"content-type": "application/json"}
    )

    refused = await shop.decides(opened.json()["url"], action="pay")

    assert (refused["status"], refused["reason_code"]) == ("Declined", 3003)


async def test_a_second_payment_of_one_invoice_is_refused(shop: Shop) -> None:
    payment = await shop.opened(widget=True)
    urls = []
    for _ in range(2):
        opened = await shop.terminal.control.post(
            "widget", content=payment["token"], headers={"content-type": "application/json"}
        )
        urls.append(opened.json()["url"])
    await shop.decides(urls[0], action="pay")
    await shop.settled()

    second = await shop.decides(urls[1], action="pay")
    await shop.settled()

    assert (second["status"], second["reason_code"]) == ("Declined", 3008)
    assert await shop.status(payment) == "succeeded"
    found = await shop.terminal.provider.get_payment(payment["payment_id"])
    assert found.snapshot.captured.is_positive  # type: ignore[union-attr]


async def test_a_question_is_answered_from_our_books(shop: Shop) -> None:
    payment = await shop.opened()
    asked = {
        "TransactionId": 1,
        "Amount": "10.00",
        "Currency": "RUB",
        "InvoiceId": payment["payment_id"],
        "AccountId": payment["customer_id"],
    }

    for changed, code in [
        ({}, 0),
        ({"InvoiceId": str(uuid4())}, 10),
        ({"InvoiceId": "1234567"}, 10),
        ({"AccountId": "somebody else"}, 11),
        ({"Amount": "9.99"}, 12),
        ({"Currency": "USD"}, 12),
    ]:
        answer = await shop.told("check", **{**asked, **changed})
        assert (answer.status_code, answer.json()) == (200, {"code": code}), changed
    assert await shop.api.count("inbox") == 0


async def test_what_nobody_signed_is_neither_kept_nor_answered(shop: Shop) -> None:
    payment = await shop.opened()
    fields = {"TransactionId": 1, "InvoiceId": payment["payment_id"], "Status": "Completed"}

    for kind in ("pay", "check", "refund"):
        must_be_problem(await shop.told(kind, signed=False, **fields), 403)
    assert await shop.api.count("inbox") == 0


async def test_news_that_are_none_are_taken_and_not_kept(shop: Shop) -> None:
    answer = await shop.told("recurrent", Id="sc_1", Status="Active")

    assert (answer.status_code, answer.json()) == (200, {"code": 0})
    assert await shop.api.count("inbox") == 0


async def test_an_address_of_a_gateway_nobody_has_is_not_there(shop: Shop) -> None:
    must_be_problem(await shop.api.client.post("/webhooks/nobody/pay"), 404)
