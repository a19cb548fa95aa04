"""What the API accepts, and the exact words in which it refuses the rest."""

from typing import Any

import pytest

from tests.integration.sandbox.harness import (
    OAUTH_TOKEN,
    SECRET_KEY,
    SHOP_ID,
    Sandbox,
    checkout,
    money,
    refusal,
)


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Basic", "Basic !!!", "Bearer", "Bearer wrong", "Digest x"],
)
def test_bad_credentials_are_refused(sandbox: Sandbox, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = sandbox.web.get(f"{sandbox.url}/v3/me", headers=headers)

    assert refusal(answer)[:2] == (401, "invalid_credentials")
    assert refusal(answer)[3] == "Authorization"


def test_another_shop_is_refused(sandbox: Sandbox) -> None:
    answer = sandbox.web.get(f"{sandbox.url}/v3/me", auth=("100501", SECRET_KEY))

    assert answer.status_code == 401


def test_an_oauth_token_is_as_good_as_the_secret(sandbox: Sandbox) -> None:
    headers = {"Authorization": f"Bearer {OAUTH_TOKEN}"}
    answer = sandbox.web.get(f"{sandbox.url}/v3/me", headers=headers)

    assert answer.json()["account_id"] == SHOP_ID


def test_unknown_paths_and_methods_answer_with_error_objects(sandbox: Sandbox) -> None:
    assert refusal(sandbox.api.get("/nothing"))[:2] == (404, "not_found")
    assert refusal(sandbox.api.put("/payments"))[0] == 405
    payment = sandbox.check_out()
    assert refusal(sandbox.api.get(f"/payments/{payment['id']}/cancel"))[0] == 405


def test_a_body_that_is_not_json_by_its_type_is_refused(sandbox: Sandbox) -> None:
    headers = {"Idempotence-Key": "k", "Content-Type": "text/plain"}

    assert refusal(sandbox.api.post("/payments", headers=headers, content="{}"))[0] == 415


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'"x"'])
def test_a_body_that_is_not_an_object_is_refused(sandbox: Sandbox, body: bytes) -> None:
    headers = {"Idempotence-Key": "k", "Content-Type": "application/json"}
    answer = sandbox.api.post("/payments", headers=headers, content=body)

    assert refusal(answer)[:2] == (400, "invalid_request")


@pytest.mark.parametrize(
    ("change", "parameter"),
    [
        ({"amount": None}, "amount"),
        ({"amount": {"currency": "RUB"}}, "amount.value"),
        ({"amount": {"value": 10.0, "currency": "RUB"}}, "amount.value"),
        ({"capture": "yes"}, "capture"),
        ({"metadata": ["a"]}, "metadata"),
        ({"confirmation": {"type": "redirect"}}, "confirmation.return_url"),
        ({"confirmation": {"type": "redirect", "return_url": "x"}}, "confirmation.return_url"),
        (
            {"confirmation": {"type": "redirect", "return_url": "javascript:alert(1)"}},
            "confirmation.return_url",
        ),
        ({"confirmation": {"type": "telepathy"}}, "confirmation.type"),
        ({"confirmation": None}, "confirmation"),
        ({"description": "x" * 129}, "description"),
        ({"merchant_customer_id": "x" * 201}, "merchant_customer_id"),
        ({"payment_method_id": "nope", "confirmation": None}, "payment_method_id"),
    ],
)
def test_a_wrong_parameter_is_named(
    sandbox: Sandbox, change: dict[str, Any], parameter: str
) -> None:
    answer = sandbox.post("/payments", {**checkout(), **change})

    assert (refusal(answer)[:2], refusal(answer)[3]) == ((400, "invalid_request"), parameter)
    assert sandbox.get("/payments")["items"] == []


@pytest.mark.parametrize(
    ("value", "currency"),
    [
        ("10", "RUB"),
        ("10.0", "RUB"),
        ("10.000", "RUB"),
        ("0.00", "RUB"),
        ("-1.00", "RUB"),
        ("+1.00", "RUB"),
        ("1e2", "RUB"),
        ("NaN", "RUB"),
        ("Infinity", "RUB"),
        ("1,00", "RUB"),
        (" 1.00", "RUB"),
        ("1.00\n", "RUB"),
        ("\u0661.\u0660\u0660", "RUB"),
        ("1" * 14 + ".00", "RUB"),
        ("10.50", "JPY"),
        ("1.00", "KWD"),
        ("1.00", "XXX"),
        ("1.00", "rub"),
    ],
)
def test_an_amount_of_another_shape_is_refused(sandbox: Sandbox, value: str, currency: str) -> None:
    answer = sandbox.post("/payments", checkout(value, currency))

    assert refusal(answer)[:2] == (400, "invalid_request")
    assert (refusal(answer)[3] or "").startswith("amount.")


@pytest.mark.parametrize(
    ("value", "currency", "shown"),
    [
        ("0.01", "RUB", "0.01"),
        ("1234567890123.45", "USD", "1234567890123.45"),
        ("5.00", "KZT", "5.00"),
        ("100", "JPY", "100"),
        ("100.00", "JPY", "100"),
        ("0.001", "KWD", "0.001"),
        ("12.345", "BHD", "12.345"),
    ],
)
def test_an_amount_keeps_the_decimals_of_its_currency(
    sandbox: Sandbox, value: str, currency: str, shown: str
) -> None:
    payment = sandbox.paid(value, currency)

    assert payment["amount"] == money(shown, currency)


def test_metadata_comes_back_as_strings(sandbox: Sandbox) -> None:
    payment = sandbox.check_out(metadata={"sum": 123.32, "n": 7, "yes": True, "s": "ж"})

    assert payment["metadata"] == {"sum": "123.32", "n": "7", "yes": "true", "s": "ж"}


@pytest.mark.parametrize(
    "metadata",
    [
        {f"key{n}": "x" for n in range(17)},
        {"k" * 33: "x"},
        {"key": "x" * 513},
        {"key": {"nested": "x"}},
        {"key": None},
    ],
)
def test_metadata_beyond_its_limits_is_refused(sandbox: Sandbox, metadata: dict[str, Any]) -> None:
    assert refusal(sandbox.post("/payments", checkout(metadata=metadata)))[0] == 400


def test_metadata_at_its_limits_is_accepted(sandbox: Sandbox) -> None:
    metadata = {f"{n:032d}": "x" * 512 for n in range(16)}

    assert sandbox.check_out(metadata=metadata)["metadata"] == metadata


def test_empty_arrays_of_the_sdk_are_accepted(sandbox: Sandbox) -> None:
    sandbox.check_out(transfers=[], statements=[])


def test_capture_is_off_unless_asked_for(sandbox: Sandbox) -> None:
    body = checkout()
    del body["capture"]
    payment = sandbox.post("/payments", body).json()
    sandbox.decide(payment["id"])

    assert sandbox.get(f"/payments/{payment['id']}")["status"] == "waiting_for_capture"


def test_only_one_way_to_pay_may_be_given(sandbox: Sandbox) -> None:
    ways = {"payment_token": "card-1", "payment_method_data": {"type": "bank_card"}}

    assert refusal(sandbox.post("/payments", checkout(**ways)))[0] == 400


def test_a_saved_method_excludes_confirmation(sandbox: Sandbox) -> None:
    method = sandbox.paid(save_payment_method=True)["id"]

    answer = sandbox.post("/payments", checkout(payment_method_id=method))

    assert refusal(answer)[2] == "Confirmation must be null when using payment_method_id"


def test_a_method_that_was_not_saved_cannot_be_charged(sandbox: Sandbox) -> None:
    unsaved = sandbox.paid()["id"]
    body = {"amount": money("1.00"), "payment_method_id": unsaved}

    assert refusal(sandbox.post("/payments", body))[3] == "payment_method_id"


def test_a_shop_without_recurring_payments_is_forbidden_them(sandbox: Sandbox) -> None:
    method = sandbox.paid(save_payment_method=True)["id"]
    sandbox.configure(recurring_allowed=False)

    saving = sandbox.post("/payments", checkout(save_payment_method=True))
    charging = sandbox.post("/payments", {"amount": money("1.00"), "payment_method_id": method})

    assert refusal(saving)[:3] == (403, "forbidden", "Forbidden to save payment method")
    assert refusal(charging)[:3] == (403, "forbidden", "Forbidden to use saved payment method")
