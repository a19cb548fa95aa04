"""The official CloudPayments client takes the sandbox for CloudPayments."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.integration.sandbox.harness import CONTROL_TOKEN, NOON, TERMINAL, Sandbox

# It is built from source on installation; where that was left out, the rest is tested all the same.
cloudpayments = pytest.importorskip("cloudpayments")
NAME, ADDRESS = "IVAN PETROV", "127.0.0.1"


@pytest.fixture
def control(sandbox: Sandbox) -> Iterator[httpx.Client]:
    headers = {"X-Sandbox-Control": CONTROL_TOKEN}
    base = f"{sandbox.url}/sandbox/cloudpayments/control"
    with httpx.Client(base_url=base, headers=headers) as control:
        assert control.post("/reset", json={}).status_code == 200
        # The client sends no TrInitiatorCode, which CloudPayments asks for since August 2023.
        assert control.patch("/config", json={"initiator_required": False}).status_code == 200
        yield control


@pytest.fixture
def client(sandbox: Sandbox, control: httpx.Client) -> Any:
    client = cloudpayments.CloudPayments(TERMINAL.public_id, TERMINAL.secret)
    client.URL = f"{sandbox.url}/cloudpayments/"
    return client


def paid(client: Any, card: str = "4242424242424242", amount: float = 10.5, **more: Any) -> Any:
    fields = {"invoice_id": "i-1", "account_id": "user_x", **more}
    return client.charge_card(card, amount, "RUB", NAME, ADDRESS, **fields)


def test_the_credentials_are_known(client: Any) -> None:
    assert client.test(request_id="same-as-sent") == "same-as-sent"
    client.api_secret = "another"
    with pytest.raises(ValueError, match=r".*"):
        client.test()


def test_a_card_pays_and_is_found_by_its_invoice_and_its_number(client: Any) -> None:
    made = paid(client, data={"order": 72})

    assert (made.status, made.status_code, made.reason_code) == ("Completed", 3, 0)
    assert (made.amount, made.currency, made.test_mode) == (Decimal("10.5"), "RUB", True)
    assert (made.card_first_six, made.card_last_four, made.card_type) == ("424242", "4242", "Visa")
    assert made.data == '{"order":72}'
    assert made.created_date == made.auth_date == made.confirm_date == NOON
    assert made.token
    assert vars(client.find_payment("i-1")) == vars(made)
    assert vars(client.get_transaction(made.id)) == vars(made)
    assert [each.id for each in client.list_payments(NOON.date())] == [made.id]


def test_a_decline_carries_its_code(client: Any) -> None:
    with pytest.raises(cloudpayments.PaymentError) as declined:
        paid(client, "4012888888881881")

    assert (declined.value.reason, declined.value.reason_code) == ("InsufficientFunds", 5051)
    assert declined.value.verbose_reason == "Недостаточно средств"
    assert client.find_payment("i-1").status == "Declined"


def test_a_token_pays_for_its_own_account_alone(client: Any) -> None:
    token = paid(client).token

    again = client.charge_token(token, "user_x", 20, "RUB", invoice_id="i-2")
    assert (again.status, again.token, again.amount) == ("Completed", token, 20)
    for account, other in (("user_y", token), ("user_x", "tk_nobody")):
        with pytest.raises(cloudpayments.CloudPaymentsError, match="Token not found"):
            client.charge_token(other, account, 20, "RUB")


def test_a_card_may_pay_once_and_its_token_never(client: Any) -> None:
    token = paid(client, "4111111111111111").token

    with pytest.raises(cloudpayments.PaymentError) as declined:
        client.charge_token(token, "user_x", 20, "RUB")

    assert declined.value.reason_code == 5051


def test_held_money_is_taken_in_part_or_let_go(client: Any) -> None:
    taken = paid(client, require_confirmation=True)
    assert (taken.status, taken.confirm_date) == ("Authorized", None)
    client.confirm_payment(taken.id, 4)
    let_go = paid(client, require_confirmation=True)
    client.void_payment(let_go.id)

    assert client.get_transaction(taken.id).status == "Completed"
    assert client.get_transaction(taken.id).amount == 4
    assert client.get_transaction(let_go.id).status == "Cancelled"
    for again in (
        lambda: client.confirm_payment(taken.id, 4),
        lambda: client.void_payment(taken.id),
    ):
        with pytest.raises(cloudpayments.CloudPaymentsError, match="current status"):
            again()


def test_money_goes_back_once_per_request_id_and_never_beyond_what_came(client: Any) -> None:
    made = paid(client)

    first = client.refund(made.id, 4, request_id="r-1")
    assert client.refund(made.id, 4, request_id="r-1") == first
    assert client.refund(made.id, 6.5) != first
    with pytest.raises(cloudpayments.CloudPaymentsError, match="exceeds"):
        client.refund(made.id, 0.01)
    assert client.get_transaction(first).amount == 4


def test_a_link_is_made_and_paid(client: Any, control: httpx.Client) -> None:
    order = client.create_order(12.34, "RUB", "Order 1", invoice_id="i-9", account_id="user_x")
    page = httpx.get(order.url, headers={"accept-language": "ru"})
    assert "12.34 RUB" in page.text
    assert "Тестовая карта" in page.text

    answer = httpx.post(order.url, data={"card": "5555555555554444", "action": "pay"})

    assert answer.status_code == 303
    assert client.find_payment("i-9").status == "Completed"
    assert httpx.post(order.url, json={"action": "pay"}).status_code == 409


@pytest.mark.parametrize("amount", [0, -1, 10.001, "ten"])
def test_an_amount_that_is_none_is_refused(client: Any, amount: Any) -> None:
    with pytest.raises(cloudpayments.CloudPaymentsError, match="Invalid"):
        paid(client, amount=amount)


def test_what_nobody_made_is_not_found(client: Any) -> None:
    for asked in (lambda: client.find_payment("nothing"), lambda: client.get_transaction(7)):
        with pytest.raises(cloudpayments.CloudPaymentsError, match="Not found"):
            asked()
