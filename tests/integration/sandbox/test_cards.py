"""The card decides: at the page, and at every charge after it."""

import pytest

from entrypoints.sandbox.yookassa.cards import (
    CARDS,
    CHARGES_STAY_PENDING,
    CHECKOUT_STAYS_PENDING,
    DECLINES_TWICE_THEN_PAYS,
    PAYS_TWICE_THEN_DECLINES,
    SAVED_THEN,
    Declines,
    has_right_check_digit,
)
from tests.integration.sandbox.harness import Sandbox


def test_every_card_has_a_right_check_digit() -> None:
    assert [number for number in CARDS if not has_right_check_digit(number)] == []


@pytest.mark.parametrize(
    ("card", "party", "reason"),
    [
        ("5555555555554592", "payment_network", "3d_secure_failed"),
        ("5555555555554600", "payment_network", "insufficient_funds"),
        ("2200000000000038", "payment_network", "card_expired"),
        ("4654130848359150", "payment_network", "issuer_unavailable"),
        ("5555555555554568", "payment_network", "fraud_suspected"),
        ("5555555555554634", "yoo_money", "fraud_suspected"),
        ("5555555555554584", "yoo_money", "country_forbidden"),
        ("4111111111111112", "payment_network", "invalid_card_number"),
        ("not a card", "payment_network", "invalid_card_number"),
    ],
)
def test_a_card_is_declined_at_the_page(
    sandbox: Sandbox, card: str, party: str, reason: str
) -> None:
    payment = sandbox.paid(card=card, save_payment_method=True)

    assert (payment["status"], payment["paid"]) == ("canceled", False)
    assert payment["cancellation_details"] == {"party": party, "reason": reason}
    assert payment["payment_method"]["saved"] is False
    assert sandbox.api.get(f"/payment_methods/{payment['id']}").status_code == 404


def test_every_declining_card_declines_for_its_reason(sandbox: Sandbox) -> None:
    for card in CARDS.values():
        if isinstance(card.checkout, Declines):
            details = sandbox.paid(card=card.number)["cancellation_details"]
            assert details == {"party": card.checkout.party, "reason": card.checkout.reason}


@pytest.mark.parametrize(("reason", "card"), SAVED_THEN.items())
def test_a_saved_card_declines_later(sandbox: Sandbox, reason: str, card: str) -> None:
    method = sandbox.paid(card=card, save_payment_method=True)
    assert method["payment_method"]["saved"]

    for _ in range(2):
        charged = sandbox.charge(method["id"])
        assert (charged["status"], charged["cancellation_details"]["reason"]) == (
            "canceled",
            reason,
        )


def fates(sandbox: Sandbox, card: str, count: int) -> list[str]:
    method = sandbox.paid(card=card, save_payment_method=True)["id"]
    return [sandbox.charge(method)["status"] for _ in range(count)]


def test_a_card_may_pay_once_more_and_then_decline(sandbox: Sandbox) -> None:
    assert fates(sandbox, PAYS_TWICE_THEN_DECLINES, 3) == ["succeeded", "canceled", "canceled"]


def test_a_card_may_recover(sandbox: Sandbox) -> None:
    assert fates(sandbox, DECLINES_TWICE_THEN_PAYS, 4) == [
        "canceled",
        "canceled",
        "succeeded",
        "succeeded",
    ]


def test_a_replayed_charge_does_not_count_as_another(sandbox: Sandbox) -> None:
    method = sandbox.paid(card=PAYS_TWICE_THEN_DECLINES, save_payment_method=True)["id"]

    statuses = {sandbox.charge(method, key="the-same-key")["status"] for _ in range(3)}

    assert statuses == {"succeeded"}


def test_a_pending_charge_pays_when_its_time_comes(sandbox: Sandbox) -> None:
    method = sandbox.paid(card=CHARGES_STAY_PENDING, save_payment_method=True)["id"]
    payment = sandbox.charge(method)
    assert (payment["status"], payment["paid"], "confirmation" in payment) == (
        "pending",
        False,
        False,
    )

    sandbox.clock.advance(seconds=599)
    assert sandbox.get(f"/payments/{payment['id']}")["status"] == "pending"
    sandbox.clock.advance(seconds=1)

    paid = sandbox.get(f"/payments/{payment['id']}")
    assert (paid["status"], paid["captured_at"]) == ("succeeded", "1997-06-02T12:10:00.000Z")


def test_a_pending_charge_may_wait_for_ever(sandbox: Sandbox) -> None:
    sandbox.configure(pending_seconds=None)
    method = sandbox.paid(card=CHARGES_STAY_PENDING, save_payment_method=True)["id"]
    payment = sandbox.charge(method)

    sandbox.clock.advance(days=30)
    assert sandbox.get(f"/payments/{payment['id']}")["status"] == "pending"

    sandbox.control.post(f"/payments/{payment['id']}/outcome", json={"outcome": "pay"})
    assert sandbox.get(f"/payments/{payment['id']}")["status"] == "succeeded"


def test_a_pending_checkout_saves_its_card_in_the_end(sandbox: Sandbox) -> None:
    payment = sandbox.paid(card=CHECKOUT_STAYS_PENDING, save_payment_method=True)
    assert (payment["status"], payment["payment_method"]["saved"]) == ("pending", False)
    assert sandbox.decide(payment["id"]).status_code == 409

    sandbox.clock.advance(minutes=10)

    assert sandbox.get(f"/payments/{payment['id']}")["payment_method"]["saved"]
    assert sandbox.charge(payment["id"])["status"] == "succeeded"


def test_a_share_of_charges_is_declined_by_the_key(sandbox: Sandbox) -> None:
    sandbox.configure(decline_percent=30, decline_reasons={"card_expired": 1}, seed=7)
    method = sandbox.paid(save_payment_method=True)["id"]

    charges = [sandbox.charge(method, key=f"key-{n}") for n in range(200)]

    declined = [each for each in charges if each["status"] == "canceled"]
    assert 40 <= len(declined) <= 80
    assert {each["cancellation_details"]["reason"] for each in declined} == {"card_expired"}
    replayed = [sandbox.charge(method, key=f"key-{n}")["id"] for n in range(200)]
    assert replayed == [each["id"] for each in charges]


def test_a_card_sent_by_the_merchant_needs_no_page(sandbox: Sandbox) -> None:
    body = {"amount": {"value": "1.00", "currency": "RUB"}, "capture": True}
    by_token = sandbox.post("/payments", {**body, "payment_token": "card-4111111111111111"})
    data = {"type": "bank_card", "card": {"number": "5555555555554600"}}
    by_number = sandbox.post("/payments", {**body, "payment_method_data": data})

    assert by_token.json()["status"] == "succeeded"
    assert by_number.json()["cancellation_details"]["reason"] == "insufficient_funds"
