"""Fiscal receipts that come with a payment."""

from typing import Any

import pytest

from tests.integration.sandbox.harness import Sandbox, checkout, money, refusal


def item(value: str = "100.00", **more: Any) -> dict[str, Any]:
    return {
        "description": "Club",
        "quantity": "1",
        "amount": money(value),
        "vat_code": 1,
        **more,
    }


def test_a_receipt_of_the_same_sum_is_registered_with_the_payment(sandbox: Sandbox) -> None:
    items = [item("30.00", quantity="2.000"), item("40.00", quantity=1)]
    receipt = {"customer": {"email": "a@shop.example"}, "items": items}

    created = sandbox.check_out("100.00", receipt=receipt)
    assert created["receipt_registration"] == "pending"
    sandbox.decide(created["id"])

    shown = sandbox.get(f"/payments/{created['id']}")
    assert shown["receipt_registration"] == "succeeded"


@pytest.mark.parametrize(
    ("change", "parameter"),
    [
        ({"customer": {}}, "receipt.customer"),
        ({"items": []}, "receipt.items"),
        ({"items": [{"description": "x"}]}, "receipt.items[0].quantity"),
    ],
)
def test_an_incomplete_receipt_is_refused(
    sandbox: Sandbox, change: dict[str, Any], parameter: str
) -> None:
    receipt = {"customer": {"email": "a@shop.example"}, "items": [item()], **change}

    answer = sandbox.post("/payments", checkout(receipt=receipt))

    assert refusal(answer)[3] == parameter


@pytest.mark.parametrize(
    "change", [{"amount": money("99.99")}, {"vat_code": None}, {"amount": money("1.00", "USD")}]
)
def test_a_receipt_that_does_not_fit_is_refused(sandbox: Sandbox, change: dict[str, Any]) -> None:
    receipt = {"customer": {"phone": "79000000000"}, "items": [item(**change)]}

    assert refusal(sandbox.post("/payments", checkout(receipt=receipt)))[0] == 400


def test_a_shop_under_54_fz_needs_one(sandbox: Sandbox) -> None:
    sandbox.configure(receipts_required=True)

    answer = sandbox.post("/payments", checkout())

    assert refusal(answer)[2:] == ("Receipt is missing or illegal", "receipt")
