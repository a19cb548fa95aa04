"""What the adapter sends, byte for byte where it matters, and what it refuses to send."""

import json
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from application.payments.provider import (
    CheckoutRequest,
    Customer,
    Missing,
    PaymentFilter,
    PaymentStatus,
    ReceiptItem,
    RefundRequest,
    Rejected,
    SavedChargeRequest,
)
from domain.shared.money import Money
from tests.adapters.raw_server import RawServer
from tests.adapters.yookassa_wire import PAYMENT_ID, SECRET, a_payment, told, yookassa_before

PAYER = Customer(id="c-1", email="payer@example.org", phone="79000000000")
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
    reference="a-2",
    idempotency_key="key-2",
    money=Money.of(29900, "RUB"),
    description="Клуб, апрель",
    customer=PAYER,
    external_method_id="m-1",
)
GIVE_BACK = RefundRequest(
    reference="r-1",
    idempotency_key="key-3",
    external_payment_id=PAYMENT_ID,
    money=Money.of(100, "RUB"),
    reason="asked by the customer",
)
LINE = ReceiptItem(description="Клуб", quantity=2, price=Money.of(14950, "RUB"), vat_code=1)
A_REFUND = {
    "id": "r",
    "payment_id": PAYMENT_ID,
    "status": "pending",
    "amount": {"value": "1.00", "currency": "RUB"},
    "created_at": "2019-01-22T14:30:45.129Z",
}


def head(server: RawServer) -> tuple[str, dict[str, str]]:
    line, *headers = server.requests[-1].decode("latin-1").rstrip("\r\n").split("\r\n")
    return line, {
        name.lower(): value for name, value in (header.split(": ", 1) for header in headers)
    }


def body(server: RawServer) -> dict[str, Any]:
    sent: dict[str, Any] = json.loads(server.bodies[-1])
    return sent


async def test_a_checkout_is_one_authenticated_post_under_its_key() -> None:
    async with yookassa_before(told(200, a_payment())) as (yookassa, server):
        await yookassa.start_checkout(CHECKOUT)

        line, headers = head(server)
        assert line == "POST /v3/payments HTTP/1.1"
        assert (
            headers["authorization"] == f"Basic {b64encode(f'100500:{SECRET}'.encode()).decode()}"
        )
        assert headers["idempotence-key"] == "key-1"
        assert headers["content-type"] == "application/json"
        assert body(server) == {
            "amount": {"value": "299.00", "currency": "RUB"},
            "capture": True,
            "description": "Клуб, март",
            "metadata": {"invoice_id": "i-1", "attempt_id": "a-1"},
            "confirmation": {"type": "redirect", "return_url": "https://shop.example.org/thanks"},
            "save_payment_method": True,
            "merchant_customer_id": "c-1",
        }


async def test_a_checkout_in_two_stages_says_so_and_saves_nothing_unasked() -> None:
    async with yookassa_before(told(200, a_payment())) as (yookassa, server):
        await yookassa.start_checkout(replace(CHECKOUT, capture=False, save_method=False))

        assert body(server)["capture"] is False
        assert "save_payment_method" not in body(server)


async def test_a_saved_charge_carries_no_confirmation() -> None:
    async with yookassa_before(told(200, a_payment())) as (yookassa, server):
        await yookassa.charge_saved(CHARGE)

        assert body(server) == {
            "amount": {"value": "299.00", "currency": "RUB"},
            "capture": True,
            "description": "Клуб, апрель",
            "metadata": {"attempt_id": "a-2"},
            "payment_method_id": "m-1",
            "merchant_customer_id": "c-1",
        }


async def test_the_same_attempt_is_the_same_bytes() -> None:
    async with yookassa_before(told(200, a_payment())) as (yookassa, server):
        await yookassa.charge_saved(CHARGE)
        await yookassa.charge_saved(CHARGE)

        assert server.bodies[0] == server.bodies[1]


async def test_a_description_is_cut_at_128_characters() -> None:
    async with yookassa_before(told(200, a_payment())) as (yookassa, server):
        await yookassa.charge_saved(replace(CHARGE, description="ж" * 500))

        assert body(server)["description"] == "ж" * 128


async def test_our_reference_cannot_be_overwritten_by_metadata() -> None:
    async with yookassa_before(told(200, a_payment())) as (yookassa, server):
        await yookassa.charge_saved(replace(CHARGE, metadata={"attempt_id": "another"}))

        assert body(server)["metadata"] == {"attempt_id": "a-2"}


@pytest.mark.parametrize(
    "metadata",
    [
        pytest.param({f"k{n}": "v" for n in range(16)}, id="a seventeenth key"),
        pytest.param({"k" * 33: "v"}, id="a long key"),
        pytest.param({"": "v"}, id="an empty key"),
        pytest.param({"k": "v" * 513}, id="a long value"),
    ],
)
async def test_metadata_beyond_the_limits_is_refused_before_the_call(
    metadata: dict[str, str],
) -> None:
    async with yookassa_before(told(200, a_payment())) as (yookassa, server):
        outcome = await yookassa.charge_saved(replace(CHARGE, metadata=metadata))

        assert isinstance(outcome, Rejected)
        assert outcome.parameter == "metadata"
        assert server.requests == []


async def test_metadata_at_the_limits_is_sent() -> None:
    metadata = {f"{n:032d}": "v" * 512 for n in range(15)}
    async with yookassa_before(told(200, a_payment())) as (yookassa, server):
        await yookassa.charge_saved(replace(CHARGE, metadata=metadata))

        assert len(body(server)["metadata"]) == 16


@pytest.mark.parametrize("key", ["", "k" * 65, "ключ", "a b", "a\r\nx-evil: 1"])
async def test_a_key_that_no_header_should_carry_is_refused_before_the_call(key: str) -> None:
    async with yookassa_before(told(200, a_payment())) as (yookassa, server):
        assert isinstance(
            await yookassa.charge_saved(replace(CHARGE, idempotency_key=key)), Rejected
        )
        assert server.requests == []


@pytest.mark.parametrize("external_id", ["", ".", "../refunds", "a/b", "a?b=c", "a" * 65, "а"])
async def test_an_id_that_is_none_never_becomes_a_path(external_id: str) -> None:
    async with yookassa_before(told(200, a_payment())) as (yookassa, server):
        assert isinstance(await yookassa.get_payment(external_id), Missing)
        for answer in (
            await yookassa.get_refund(external_id),
            await yookassa.capture(external_id, idempotency_key="k"),
            await yookassa.cancel(external_id, idempotency_key="k"),
        ):
            assert isinstance(answer, Rejected)
        assert server.requests == []


async def test_a_receipt_has_a_price_per_piece_and_somebody_to_go_to() -> None:
    async with yookassa_before(told(200, a_payment())) as (yookassa, server):
        await yookassa.charge_saved(replace(CHARGE, receipt=[LINE]))

        assert body(server)["receipt"] == {
            "customer": {"email": "payer@example.org", "phone": "79000000000"},
            "items": [
                {
                    "description": "Клуб",
                    "quantity": "2",
                    "amount": {"value": "149.50", "currency": "RUB"},
                    "vat_code": 1,
                    "payment_subject": "service",
                    "payment_mode": "full_payment",
                }
            ],
        }


async def test_a_refund_names_its_payment_and_its_receipt() -> None:
    async with yookassa_before(told(200, A_REFUND)) as (yookassa, server):
        await yookassa.refund(replace(GIVE_BACK, customer=PAYER, receipt=[LINE], reason="я" * 300))

        line, headers = head(server)
        assert line == "POST /v3/refunds HTTP/1.1"
        assert headers["idempotence-key"] == "key-3"
        sent = body(server)
        assert sent["payment_id"] == PAYMENT_ID
        assert sent["amount"] == {"value": "1.00", "currency": "RUB"}
        assert sent["description"] == "я" * 250
        assert sent["receipt"]["customer"]["email"] == "payer@example.org"


@pytest.mark.parametrize(
    ("money", "sent"), [(None, {}), (Money.of(5, "RUB"), {"value": "0.05", "currency": "RUB"})]
)
async def test_a_capture_names_an_amount_only_for_a_part(
    money: Money | None, sent: dict[str, str]
) -> None:
    async with yookassa_before(told(200, a_payment())) as (yookassa, server):
        await yookassa.capture(PAYMENT_ID, idempotency_key="k", money=money)

        assert head(server)[0] == f"POST /v3/payments/{PAYMENT_ID}/capture HTTP/1.1"
        assert body(server) == ({"amount": sent} if sent else {})


async def test_a_window_is_rounded_outwards_to_milliseconds() -> None:
    moscow = datetime(2026, 3, 1, 15, 0, 0, 1, tzinfo=UTC) + timedelta(microseconds=500)
    async with yookassa_before(told(200, {"type": "list", "items": []})) as (yookassa, server):
        wanted = PaymentFilter(
            status=PaymentStatus.AUTHORIZED,
            created_from=moscow,
            created_to=moscow,
            captured_from=moscow,
            captured_to=moscow,
            page_size=1000,
        )
        assert [page async for page in yookassa.list_payments(wanted)] == [[]]

        early, late = "2026-03-01T15%3A00%3A00.000Z", "2026-03-01T15%3A00%3A00.001Z"
        assert head(server)[0] == (
            f"GET /v3/payments?created_at.gte={early}&created_at.lte={late}"
            f"&captured_at.gte={early}&captured_at.lte={late}"
            "&limit=100&status=waiting_for_capture HTTP/1.1"
        )
        assert "idempotence-key" not in head(server)[1]
