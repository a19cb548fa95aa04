"""What the adapter sends, field by field where it matters, and what it refuses to send."""

import json
from base64 import b64encode
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from application.payments.provider import (
    Accepted,
    CheckoutRequest,
    Customer,
    NotSent,
    PaymentStatus,
    ReceiptItem,
    RefundAnswered,
    RefundRequest,
    Rejected,
    SavedChargeRequest,
    Succeeded,
)
from domain.shared.money import Money
from tests.adapters.cloudpayments_wire import (
    NOW,
    PUBLIC_ID,
    SECRET,
    a_transaction,
    cloudpayments_before,
    done,
    refusal,
    told,
)
from tests.adapters.raw_server import RawServer

PAYER = Customer(id="c-1", email="payer@example.org")
CHECKOUT = CheckoutRequest(
    reference="a-1",
    idempotency_key="key-1",
    money=Money.of(29900, "RUB"),
    description="Клуб, март",
    return_url="https://shop.example.org/thanks",
    customer=PAYER,
    save_method=True,
    metadata={"invoice_id": "i-1"},
)
CHARGE = SavedChargeRequest(
    reference="a-1",
    idempotency_key="key-2",
    money=Money.of(1000, "RUB"),
    description="Клуб, апрель",
    customer=PAYER,
    external_method_id="tk_1",
)
GIVE_BACK = RefundRequest(
    reference="r-1",
    idempotency_key="key-3",
    external_payment_id="a-1",
    money=Money.of(150, "RUB"),
    reason="asked by the customer",
)
LINE = ReceiptItem(description="Клуб", quantity=2, price=Money.of(14950, "RUB"), vat_code=4)
NOT_FOUND = told(refusal("Not found"))
ORDER = told(done({"Id": "f2K8", "Amount": 299.0, "Currency": "RUB", "Url": "https://o/d/f2K8"}))


def sent(server: RawServer, place: int = -1) -> Any:
    """Return a request's body with numbers as they were written."""
    return json.loads(server.bodies[place], parse_float=Decimal)


def head(server: RawServer, place: int = -1) -> str:
    return server.requests[place].decode().lower()


async def test_a_checkout_with_a_way_back_becomes_a_link() -> None:
    async with cloudpayments_before(NOT_FOUND, ORDER) as (adapter, server):
        outcome = await adapter.start_checkout(CHECKOUT)

    assert isinstance(outcome, Accepted)
    assert outcome.snapshot.confirmation_url == "https://o/d/f2K8"
    assert (outcome.snapshot.external_id, outcome.snapshot.created_at) == ("a-1", NOW)
    assert outcome.snapshot.test is False
    assert sent(server) == {
        "Amount": Decimal("299.00"),
        "Currency": "RUB",
        "Description": "Клуб, март",
        "InvoiceId": "a-1",
        "AccountId": "c-1",
        "Email": "payer@example.org",
        "SuccessRedirectUrl": "https://shop.example.org/thanks",
        "FailRedirectUrl": "https://shop.example.org/thanks",
        "JsonData": {"invoice_id": "i-1", "keeps_method": "yes"},
    }
    pair = b64encode(f"{PUBLIC_ID}:{SECRET}".encode()).decode()
    assert head(server).startswith("post /v3/orders/create ")
    assert f"authorization: basic {pair}".lower() in head(server)
    assert "x-request-id: key-1" in head(server)


async def test_a_hold_asks_for_a_confirmation() -> None:
    async with cloudpayments_before(NOT_FOUND, ORDER) as (adapter, server):
        await adapter.start_checkout(replace(CHECKOUT, capture=False))

    assert sent(server)["RequireConfirmation"] is True


async def test_a_checkout_that_was_paid_already_makes_no_second_link() -> None:
    async with cloudpayments_before(told(done(a_transaction()))) as (adapter, server):
        outcome = await adapter.start_checkout(CHECKOUT)

    assert isinstance(outcome, Succeeded)
    assert len(server.bodies) == 1
    assert sent(server) == {"InvoiceId": "a-1"}


async def test_a_link_is_not_made_while_nobody_can_say_whether_it_was_paid() -> None:
    async with cloudpayments_before(told({}, 500)) as (adapter, server):
        outcome = await adapter.start_checkout(CHECKOUT)

    assert isinstance(outcome, NotSent)
    assert len(server.bodies) == 1


async def test_without_a_way_back_the_widget_is_opened_and_nothing_is_sent() -> None:
    async with cloudpayments_before(NOT_FOUND) as (adapter, server):
        outcome = await adapter.start_checkout(replace(CHECKOUT, return_url=None))

    assert server.connections == 0
    assert isinstance(outcome, Accepted)
    assert outcome.snapshot.status is PaymentStatus.PENDING
    assert outcome.snapshot.widget_token
    assert SECRET not in outcome.snapshot.widget_token
    assert json.loads(outcome.snapshot.widget_token, parse_float=Decimal) == {
        "scheme": "charge",
        "publicId": PUBLIC_ID,
        "description": "Клуб, март",
        "amount": Decimal("299.00"),
        "currency": "RUB",
        "invoiceId": "a-1",
        "accountId": "c-1",
        "email": "payer@example.org",
        "data": {"invoice_id": "i-1", "keeps_method": "yes"},
    }


async def test_a_token_is_charged_by_the_shop_on_a_schedule() -> None:
    async with cloudpayments_before(told(done(a_transaction()))) as (adapter, server):
        outcome = await adapter.charge_saved(CHARGE)

    assert isinstance(outcome, Succeeded)
    assert sent(server) == {
        "Amount": Decimal("10.00"),
        "Currency": "RUB",
        "AccountId": "c-1",
        "Token": "tk_1",
        "InvoiceId": "a-1",
        "Description": "Клуб, апрель",
        "Email": "payer@example.org",
        "JsonData": {"keeps_method": "yes"},
        "TrInitiatorCode": 0,
        "PaymentScheduled": 1,
    }
    assert head(server).startswith("post /v3/payments/tokens/charge ")
    assert "x-request-id: key-2" in head(server)


@pytest.mark.parametrize(
    ("money", "written"),
    [
        (Money.of(1, "RUB"), b'"Amount":0.01,'),
        (Money.of(10_000_000_001, "RUB"), b'"Amount":100000000.01,'),
        (Money.of(1500, "JPY"), b'"Amount":1500,'),
        (Money.of(1234, "KWD"), b'"Amount":1.234,'),
    ],
)
async def test_an_amount_is_written_digit_by_digit(money: Money, written: bytes) -> None:
    async with cloudpayments_before(NOT_FOUND) as (adapter, server):
        await adapter.charge_saved(replace(CHARGE, money=money))

    assert written in server.bodies[-1]


async def test_a_refund_names_the_transaction_its_invoice_led_to() -> None:
    found, made = told(done(a_transaction())), told(done({"TransactionId": 568}))
    async with cloudpayments_before(found, made) as (adapter, server):
        outcome = await adapter.refund(GIVE_BACK)

    assert isinstance(outcome, RefundAnswered)
    assert outcome.snapshot.external_id == "568"
    assert outcome.snapshot.external_payment_id == "a-1"
    assert sent(server) == {"TransactionId": 504, "Amount": Decimal("1.50")}
    assert "x-request-id: key-3" in head(server)
    assert "x-request-id" not in head(server, 0)


async def test_a_receipt_goes_where_it_is_looked_for() -> None:
    async with cloudpayments_before(told(done(a_transaction()))) as (adapter, server):
        await adapter.charge_saved(replace(CHARGE, receipt=[LINE]))

    assert sent(server)["JsonData"]["cloudPayments"]["customerReceipt"] == {
        "Items": [
            {
                "label": "Клуб",
                "price": Decimal("149.50"),
                "quantity": 2,
                "amount": Decimal("299.00"),
                "vat": 20,
                "method": 4,
                "object": 4,
            }
        ],
        "amounts": {"electronic": Decimal("299.00")},
        "email": "payer@example.org",
    }


@pytest.mark.parametrize(
    "line",
    [
        replace(LINE, payment_mode="by_magic"),
        replace(LINE, payment_subject="magic"),
        replace(LINE, vat_code=99),
    ],
)
async def test_a_receipt_nobody_could_read_is_not_sent(line: ReceiptItem) -> None:
    async with cloudpayments_before(NOT_FOUND) as (adapter, server):
        outcome = await adapter.charge_saved(replace(CHARGE, receipt=[line]))

    assert isinstance(outcome, Rejected)
    assert server.connections == 0


@pytest.mark.parametrize("key", ["", "k" * 129, "ключ", "a\nb"])
async def test_a_key_no_header_carries_is_not_sent(key: str) -> None:
    async with cloudpayments_before(NOT_FOUND) as (adapter, server):
        outcome = await adapter.charge_saved(replace(CHARGE, idempotency_key=key))

    assert isinstance(outcome, Rejected)
    assert server.connections == 0
